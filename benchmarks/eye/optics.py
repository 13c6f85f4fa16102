"""Faults in front of the sensor: lens out of focus, something before the lens, a veil over the dome.

Every way takes ``(image, severity, random)``: severity 0 is just visible to an attentive person, 1 is gross. Lengths
are given for a picture 640 wide and grow with it.
"""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.eye.image import Image, Random, between, cloud, gaussian, graded, mixed, pick


def _unit(image: Image) -> float:
    return image.shape[1] / 640


def blur_gaussian(image: Image, severity: float, random: Random) -> Image:
    return gaussian(image, graded(severity, 2.0, 9.0) * _unit(image))


def blur_disc(image: Image, severity: float, random: Random) -> Image:
    """Defocus: the disc of a lens, lamps become discs."""
    radius = graded(severity, 3.2, 14.0) * _unit(image)
    side = int(radius) * 2 + 3
    yy, xx = np.mgrid[:side, :side].astype(np.float32) - side // 2
    kernel = np.clip(radius + 0.5 - np.hypot(xx, yy), 0, 1)
    return np.asarray(
        cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.float32
    )


def blur_motion(image: Image, severity: float, random: Random) -> Image:
    """A loose pole or a slow shutter; a little defocus comes with it."""
    length = graded(severity, 10, 42) * _unit(image)
    side = int(length) | 1
    kernel = np.zeros((side, side), np.float32)
    angle, middle = between(random, 0, np.pi), side // 2
    away = np.array((np.cos(angle), np.sin(angle))) * length / 2
    ends = [tuple(round((middle + sign * part) * 16) for part in away) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    kernel /= kernel.sum()
    moved = np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)
    return gaussian(moved, 1.3 * _unit(image))


def blur_double(image: Image, severity: float, random: Random) -> Image:
    """Two views through a cracked or wet dome, and soft."""
    unit = _unit(image)
    shift = graded(severity, 5, 22) * unit
    angle = between(random, 0, 2 * np.pi)
    move = np.array([[1, 0, shift * np.cos(angle)], [0, 1, shift * np.sin(angle)]], np.float32)
    height, width = image.shape[:2]
    other = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    share = between(random, 0.4, 0.6)
    return gaussian(image * share + other * (1 - share), graded(severity, 1.6, 4.0) * unit)


def blur_wet(image: Image, severity: float, random: Random) -> Image:
    """Water or grease on the dome: soft everywhere, softer in patches."""
    height, width = image.shape[:2]
    soft = blur_disc(image, 0.15 + 0.5 * severity, random)
    softer = blur_disc(image, 0.45 + 0.55 * severity, random)
    patches = np.clip((cloud(random, height, width, 5) - 0.35) * 4, 0, 1)
    return mixed(soft, softer, patches)


def _at_edge(random: Random, height: int, width: int, share: float, rough: float) -> np.ndarray:
    """(H, W) bool: the ``share`` of the picture that something coming in from an edge or corner covers."""
    angle = between(random, 0, 2 * np.pi)
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    slope = (xx / width - 0.5) * np.cos(angle) + (yy / height - 0.5) * np.sin(angle)
    bulge = ((xx / width - 0.5) * -np.sin(angle) + (yy / height - 0.5) * np.cos(angle)) ** 2
    field = slope - between(random, 0, 1.2) * bulge + rough * (cloud(random, height, width, 3) - 0.5)
    return field > np.quantile(field, 1 - share)


def _share(severity: float) -> float:
    return graded(severity, 0.28, 0.95)


def _soft(mask: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma), np.float32)


def _cover(image: Image, mask: np.ndarray, texture: Image, sigma: float, opacity: float = 1.0) -> Image:
    return mixed(image, texture, _soft(mask, max(sigma, 0.5)) * opacity)


def _light(image: Image) -> float:
    """How bright a thing before this lens is: it stands in the light of the scene."""
    return float(np.clip(np.mean(image) / 120, 0.18, 1.3))


def occlusion_hand(image: Image, severity: float, random: Random) -> Image:
    """Something big, near and out of focus: a hand, a head, a post."""
    height, width = image.shape[:2]
    skin = np.array(
        pick(random, [(90, 120, 180), (60, 80, 120), (30, 35, 45), (70, 70, 75), (110, 140, 190)])
    )
    shade = 0.55 + 0.6 * cloud(random, height, width, 2, 2)
    texture = (skin * _light(image) * between(random, 0.6, 1.0) * shade[..., None]).astype(np.float32)
    mask = _at_edge(random, height, width, _share(severity), 0.25)
    return _cover(image, mask, texture, between(random, 4, 16) * _unit(image))


def occlusion_leaves(image: Image, severity: float, random: Random) -> Image:
    """A branch that has grown before the lens: many leaves, veins and gaps, half in focus."""
    height, width = image.shape[:2]
    out = image.copy()
    mask = np.zeros((height, width), np.float32)
    texture = np.zeros_like(image)
    region = _at_edge(random, height, width, min(0.97, _share(severity) * 1.08), 0.4)
    ys, xs = np.nonzero(region)
    base = np.array(pick(random, [(40, 110, 70), (30, 80, 50), (50, 140, 120), (30, 70, 90)])) * _light(image)
    size = between(random, 0.06, 0.16) * width
    for _ in range(int(region.sum() / size**2 * 9) + 12):
        at = int(random.integers(len(ys)))
        axes = (int(size * between(random, 0.5, 1.0)), int(size * between(random, 0.2, 0.4)))
        angle = between(random, 0, 360)
        colour = base * between(random, 0.45, 1.25) + random.normal(0, 6, 3)
        centre = (int(xs[at]), int(ys[at]))
        cv2.ellipse(texture, centre, axes, angle, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
        cv2.ellipse(mask, centre, axes, angle, 0, 360, 1.0, -1)
        away = np.array((np.cos(np.radians(angle)), np.sin(np.radians(angle)))) * axes[0]
        ends = [tuple(int(c + sign * a) for c, a in zip(centre, away, strict=True)) for sign in (-1, 1)]
        cv2.line(texture, ends[0], ends[1], (colour * 1.25).tolist(), max(1, int(size / 30)), cv2.LINE_AA)
    sigma = between(random, 1.2, 6) * _unit(image)
    return mixed(out, gaussian(texture, sigma), _soft(mask, sigma))


def occlusion_sack(image: Image, severity: float, random: Random) -> Image:
    """Cloth, sack or plastic bag over the housing: woven, folded, lit from behind or not."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    pitch = between(random, 3, 9) * _unit(image)
    tilt = between(random, 0, np.pi)
    u, v = xx * np.cos(tilt) + yy * np.sin(tilt), yy * np.cos(tilt) - xx * np.sin(tilt)
    weave = (np.sin(2 * np.pi * u / pitch) + np.sin(2 * np.pi * v / pitch)) * between(random, 0, 9)
    folds = cloud(random, height, width, between(random, 2, 5), 3)
    colour = np.array(
        pick(random, [(190, 190, 190), (60, 60, 60), (70, 110, 150), (150, 90, 50), (90, 130, 110)])
    )
    texture = colour * _light(image) * (0.45 + 0.7 * folds[..., None]) + weave[..., None] * _light(image)
    share = graded(severity, 0.55, 1.0)
    mask = np.ones((height, width), bool) if share > 0.96 else _at_edge(random, height, width, share, 0.15)
    return _cover(image, mask, texture.astype(np.float32), between(random, 1, 8) * _unit(image))


def occlusion_web(image: Image, severity: float, random: Random) -> Image:
    """A spider's web before the lamps: bright blurred strands from a corner, the spider perhaps in it."""
    height, width = image.shape[:2]
    unit = _unit(image)
    layer = np.zeros((height, width), np.float32)
    hub = np.array((between(random, 0.25, 0.75) * width, between(random, 0.25, 0.75) * height))
    spokes = np.sort(random.uniform(0, 2 * np.pi, 9 + int(9 * severity)))
    reach = np.hypot(width, height) * graded(severity, 0.35, 0.7)
    thick = max(2, int(graded(severity, 3.5, 9) * unit))
    for angle in spokes:
        end = hub + reach * np.array((np.cos(angle), np.sin(angle)))
        cv2.line(layer, tuple(hub.astype(int).tolist()), tuple(end.astype(int).tolist()), 1.0, thick)
    for ring in np.linspace(0.08, 1, 6 + int(8 * severity)):
        points = [
            hub + reach * ring * between(random, 0.93, 1.03) * np.array((np.cos(a), np.sin(a)))
            for a in spokes
        ]
        cv2.polylines(layer, [np.array(points, np.int32)], True, 1.0, thick)
    cv2.circle(layer, tuple(hub.astype(int).tolist()), int(graded(severity, 25, 60) * unit), 1.0, -1)
    alpha = np.clip(_soft(layer, graded(severity, 2.5, 6) * unit) * graded(severity, 0.75, 1.0), 0, 1)
    bright = between(random, 170, 250) * max(_light(image), 0.6)
    return mixed(image, (bright, bright, bright), alpha)


def occlusion_paint(image: Image, severity: float, random: Random) -> Image:
    """Paint from a can: an opaque blotch with a spray rim and runs."""
    height, width = image.shape[:2]
    colours = [(20, 20, 20), (220, 220, 220), (40, 40, 180), (60, 150, 60), (160, 60, 40)]
    colour = np.array(pick(random, colours)) * min(1.0, _light(image))
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    x, y = between(random, 0.3, 0.7) * width, between(random, 0.3, 0.7) * height
    field = -np.hypot((xx - x) / width, (yy - y) / height) + 0.35 * (cloud(random, height, width, 4) - 0.5)
    field += 0.06 * (random.random((height, width), dtype=np.float32) - 0.5)
    mask = (field > np.quantile(field, 1 - _share(severity))).astype(np.float32)
    for _ in range(int(random.integers(2, 7))):
        column, long = int(random.integers(width)), int(between(random, 0.1, 0.4) * height)
        top = int(random.integers(height // 3, height))
        if mask[min(top, height - 1), column]:
            wide = int(between(random, 3, 9) * _unit(image))
            cv2.line(mask, (column, top), (column, top + long), 1.0, wide)
    shade = 0.85 + 0.3 * cloud(random, height, width, 6)
    texture = (colour * shade[..., None]).astype(np.float32)
    return _cover(image, mask > 0, texture, between(random, 1.2, 5) * _unit(image))


def occlusion_tape(image: Image, severity: float, random: Random) -> Image:
    """A strip of tape, a board or a parked van: a flat quadrangle with straight edges from one side."""
    height, width = image.shape[:2]
    share = _share(severity)
    angle = pick(random, [0, 90, 180, 270]) + between(random, -18, 18)
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    field = (xx / width - 0.5) * np.cos(np.radians(angle)) + (yy / height - 0.5) * np.sin(np.radians(angle))
    middle = random.random() < 0.35
    mask = (
        np.abs(field) < np.quantile(np.abs(field), share) if middle else field > np.quantile(field, 1 - share)
    )
    colour = np.array(
        pick(random, [(25, 25, 25), (70, 75, 80), (120, 160, 190), (200, 200, 195), (150, 100, 60)])
    )
    shade = 0.85 + 0.3 * cloud(random, height, width, 2, 2)
    grain = 1 + between(random, 0, 0.06) * random.standard_normal((height, width)).astype(np.float32)
    texture = (colour * _light(image) * (shade * grain)[..., None]).astype(np.float32)
    return _cover(image, mask, texture, between(random, 0.8, 6) * _unit(image))


def occlusion_mud(image: Image, severity: float, random: Random) -> Image:
    """Mud, bird droppings or wet snow stuck to the dome: blotches that merge, out of focus."""
    height, width = image.shape[:2]
    field = cloud(random, height, width, between(random, 2.5, 6), 4)
    mask = field > np.quantile(field, 1 - _share(severity))
    colour = np.array(pick(random, [(60, 85, 110), (215, 215, 215), (50, 60, 70), (90, 110, 120)])) * _light(
        image
    )
    shade = 0.7 + 0.5 * cloud(random, height, width, 8)
    texture = (colour * shade[..., None]).astype(np.float32)
    return _cover(image, mask, texture, between(random, 3, 10) * _unit(image), between(random, 0.93, 1.0))


def veil(image: Image, severity: float, random: Random) -> Image:
    """A fogged dome: light from everywhere over the whole picture, near and far alike."""
    alpha = graded(severity, 0.66, 0.92)
    grey = between(random, 95, 200)
    tint = np.array((grey, grey, grey)) + random.normal(0, 4, 3)
    return gaussian(
        mixed(image, tuple(tint), np.full(image.shape[:2], alpha, np.float32)), 0.6 * _unit(image)
    )


def veil_dirty(image: Image, severity: float, random: Random) -> Image:
    """A dirty dome: the veil is thicker in patches, nowhere thin."""
    height, width = image.shape[:2]
    patches = cloud(random, height, width, between(random, 2, 5), 3)
    alpha = np.clip(graded(severity, 0.62, 0.88) + 0.16 * (patches - 0.3), 0, 0.96).astype(np.float32)
    grey = between(random, 90, 180)
    tint = np.array((grey - 12, grey - 3, grey + 3)) * between(random, 0.9, 1.1)
    return mixed(gaussian(image, graded(severity, 0.5, 1.2) * _unit(image)), tuple(tint), alpha)


def flat_sensor(image: Image, severity: float, random: Random) -> Image:
    """A failing sensor or converter: the whole range squeezed around one grey, noise as ever."""
    share = graded(severity, 0.3, 0.08)
    middle = between(random, 80, 160)
    return np.asarray((image - float(image.mean())) * share + middle, np.float32)


def lifted_black(image: Image, severity: float, random: Random) -> Image:
    """Black level gone: nothing is darker than a light grey, what is bright stays."""
    floor = graded(severity, 150, 215)
    return np.asarray(floor + image * (min(250, floor + between(random, 25, 40)) - floor) / 255, np.float32)
