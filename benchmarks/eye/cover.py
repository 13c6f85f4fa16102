"""Things before the lens, in further ways than ``optics`` has: what they share is how, not of what, they are made.

Tone is drawn from black to white in any tint, for a thing may be lit from behind, by the camera's own lamps or by the
scene; rims run from sharp (glued to the dome) to far out of focus. Every way takes ``(image, severity, random)`` as in
``optics``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye.image import Image, Random, between, cloud, gaussian, graded, mixed, pick

Mask = NDArray[np.float32]


def _share(severity: float) -> float:
    return graded(severity, 0.25, 0.92)


def tone(image: Image, random: Random) -> Image:
    """(3,) colour of a thing: any grey, or tinted, or of the scene's own light."""
    mean = float(image.mean())
    level = pick(
        random, (between(random, 3, 250), between(random, 3, 60), mean * between(random, 0.3, 1.6), 200.0)
    )
    tint = random.normal(0, pick(random, (0.0, 0.05, 0.15)), 3)
    return np.clip(level * (1 + tint), 2, 252).astype(np.float32)


def shaded(image: Image, random: Random, texture: float = 0.0) -> Image:
    """A surface of one tone: light falls off along it, folds or dirt on it perhaps."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    angle = between(random, 0, 2 * np.pi)
    slope = (xx / width - 0.5) * np.cos(angle) + (yy / height - 0.5) * np.sin(angle)
    shade = 1 + between(random, 0, 0.5) * slope
    shade += between(random, 0, 0.35) * (cloud(random, height, width, between(random, 1.5, 4), 2) - 0.5)
    if texture:
        shade += texture * (cloud(random, height, width, between(random, 20, 60), 3) - 0.5)
    return np.clip(tone(image, random) * shade[..., None], 0, 255).astype(np.float32)


def laid(
    image: Image, mask: NDArray[np.bool_] | Mask, surface: Image, sigma: float, opacity: float = 1.0
) -> Image:
    soft = np.asarray(cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), max(sigma, 0.4)), np.float32)
    return mixed(image, surface, soft * opacity)


def _rim(random: Random, unit: float) -> float:
    return float(np.exp(between(random, np.log(0.6), np.log(24.0)))) * unit


def body(image: Image, severity: float, random: Random) -> Image:
    """Something large and smooth from one edge or corner: a head, a pole, a sill, a car; straight or bulging."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    angle = pick(random, (0.0, 90.0, 180.0, 270.0)) + pick(random, (0.0, random.normal(0, 25)))
    turn = np.radians(angle)
    u, v = xx / width - 0.5, yy / height - 0.5
    along, across = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    field = along - between(random, -0.4, 1.8) * (across - between(random, -0.3, 0.3)) ** 2
    field += between(random, 0, 0.12) * (cloud(random, height, width, 4, 2) - 0.5)
    mask = field > np.quantile(field, 1 - _share(severity))
    texture = pick(random, (0.0, 0.0, between(random, 0.05, 0.3)))
    return laid(image, mask, shaded(image, random, texture), _rim(random, width / 640))


def fingers(image: Image, severity: float, random: Random) -> Image:
    """A hand: rounded bars side by side from an edge, a palm behind them."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    side = max(height, width)
    root = np.array((between(random, 0.1, 0.9) * width, pick(random, (-0.05, 1.05)) * height))
    to = np.array((between(random, 0.2, 0.8) * width, between(random, 0.3, 0.7) * height)) - root
    heading = np.arctan2(to[1], to[0])
    thick = graded(severity, 0.08, 0.17) * side
    reach = graded(severity, 0.5, 0.9) * side
    cv2.circle(mask, tuple(root.astype(int).tolist()), int(2.2 * thick), 1.0, -1)
    for n in range(int(random.integers(3, 6))):
        turn = heading + (n - 2) * between(random, 0.12, 0.3)
        end = root + reach * between(random, 0.75, 1.0) * np.array((np.cos(turn), np.sin(turn)))
        line = (tuple(root.astype(int).tolist()), tuple(end.astype(int).tolist()))
        cv2.line(mask, *line, 1.0, max(3, int(thick * between(random, 0.8, 1.1))))
    return laid(image, mask, shaded(image, random), _rim(random, width / 640))


def twigs(image: Image, severity: float, random: Random) -> Image:
    """Branches with leaves or needles, dark against the sky, pale in the camera's lamps, or green, with gaps."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    texture = np.zeros_like(image)
    texture[:] = base = tone(image, random)
    leaf = between(random, 0.02, 0.11) * width
    slim, rough = between(random, 0.12, 0.55), between(random, 0.0, 0.45)
    full = graded(severity, 0.3, 0.85)
    start = np.array(pick(random, ((0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0), (0.0, 0.0), (1.0, 0.0))))
    for _ in range(260):
        at = (start + random.uniform(-0.4, 0.4, 2)) * (width, height)
        heading = np.arctan2(height * 0.5 - at[1], width * 0.5 - at[0]) + random.normal(0, 0.5)
        for _ in range(int(random.integers(4, 16))):
            step = leaf * between(random, 0.5, 1.2)
            to = at + step * np.array((np.cos(heading), np.sin(heading)))
            colour = (base * (1 + random.normal(0, rough)) + random.normal(0, 4, 3)).clip(0, 255)
            ends = tuple(at.astype(int).tolist()), tuple(to.astype(int).tolist())
            for canvas, value in ((mask, (1.0,)), (texture, tuple(colour.tolist()))):
                cv2.line(canvas, *ends, value, max(1, int(leaf * 0.12)), cv2.LINE_AA)
            for side in (-1, 1):
                turn = heading + side * between(random, 0.3, 1.3)
                middle = to + 0.6 * leaf * np.array((np.cos(turn), np.sin(turn)))
                axes = (max(2, int(0.6 * leaf)), max(1, int(0.6 * leaf * slim)))
                where = (tuple(middle.astype(int).tolist()), axes, float(np.degrees(turn)), 0, 360)
                cv2.ellipse(mask, *where, 1.0, -1)
                cv2.ellipse(texture, *where, tuple(colour.tolist()), -1, cv2.LINE_AA)
            at, heading = to, heading + random.normal(0, 0.35)
        if mask.mean() > full:
            break
    sigma = min(_rim(random, width / 640), 0.6 * leaf)
    return laid(image, mask, gaussian(texture, 0.6 * sigma), sigma)


def blots(image: Image, severity: float, random: Random) -> Image:
    """Mud, paint, droppings, wet snow: splashes of all sizes, round or drawn out, merging; with runs or without."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    centre, spread = random.uniform(0.2, 0.8, 2), between(random, 0.15, 0.6)
    lean, long = between(random, 0, 180), between(random, 1, 2.5)
    for _ in range(500):
        size = float(np.exp(random.normal(np.log(0.035), 0.7))) * width
        at = (centre + random.normal(0, spread, 2)) * (width, height)
        axes = (max(1, int(size * long)), max(1, int(size)))
        cv2.ellipse(mask, tuple(at.astype(int).tolist()), axes, lean + random.normal(0, 12), 0, 360, 1.0, -1)
        if random.random() < 0.15:
            drop = int(between(random, 0.05, 0.3) * height)
            x, y = int(at[0]), int(at[1])
            cv2.line(mask, (x, y), (x, y + drop), 1.0, max(1, int(size * 0.4)))
        if mask.mean() > graded(severity, 0.28, 0.9):
            break
    surface = shaded(image, random, between(random, 0, 0.4))
    return laid(image, mask, surface, _rim(random, width / 640) * 0.6, between(random, 0.8, 1.0))


def sheet(image: Image, severity: float, random: Random) -> Image:
    """Paper, tape, a board or a sack: flat, straight edges, turned a little; printing or a seam on it perhaps."""
    height, width = image.shape[:2]
    share = graded(severity, 0.25, 0.9)
    aspect = np.exp(random.normal(0, 0.4))
    w, h = width * min(1.6, np.sqrt(share) * aspect), height * min(1.6, np.sqrt(share) / aspect)
    centre = (between(random, 0.2, 0.8) * width, between(random, 0.2, 0.8) * height)
    points = cv2.boxPoints((centre, (float(w), float(h)), random.normal(0, 14)))
    points = points + random.normal(0, 0.02 * width, points.shape)
    mask = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(mask, points.astype(np.int32), 1.0)
    surface = shaded(image, random, pick(random, (0.0, 0.0, 0.08, 0.25)))
    if random.random() < 0.3:
        for _ in range(int(random.integers(1, 6))):
            row = int(random.integers(height))
            away = int(random.normal(0, 0.1) * height)
            ink = tuple((surface.mean(axis=(0, 1)) * between(random, 0.5, 1.4)).tolist())
            cv2.line(
                surface, (0, row), (width, row + away), ink, max(1, int(between(random, 1, 6) * width / 640))
            )
    return laid(image, mask, surface, min(_rim(random, width / 640), 6.0 * width / 640))


def near(image: Image, random: Random) -> Image:
    """A thing of this world out of focus: a piece of the view, mirrored, enlarged, smeared, in its own light."""
    height, width = image.shape[:2]
    share = between(random, 0.08, 0.4)
    h, w = max(8, int(share * height)), max(8, int(share * width))
    y, x = int(random.integers(height - h + 1)), int(random.integers(width - w + 1))
    part = gaussian(
        np.ascontiguousarray(image[y : y + h, x : x + w][:, ::-1]), between(random, 0.04, 0.2) * w
    )
    large = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    away = large - large.mean(axis=(0, 1))
    return np.clip(tone(image, random) + away * between(random, 0.3, 1.2), 0, 255).astype(np.float32)


def _surface(image: Image, random: Random) -> Image:
    if random.random() < 0.3:
        return near(image, random)
    return shaded(image, random, pick(random, (0.0, 0.0, 0.0, between(random, 0.03, 0.2))))


def shapes(image: Image, severity: float, random: Random) -> Image:
    """One to five things side by side or behind each other: round, angular, boxes; any tone, rim and tilt."""
    height, width = image.shape[:2]
    out, done = image, np.zeros((height, width), np.float32)
    count, share = int(random.integers(1, 6)), graded(severity, 0.28, 0.9)
    one, rim = random.random() < 0.6, _rim(random, width / 640)
    surface = _surface(image, random)
    for tries in range(40):
        mask = np.zeros((height, width), np.float32)
        size = np.sqrt(share / count) * np.exp(random.normal(0, 0.3, 2)) * (1 + 0.04 * tries)
        centre = random.uniform(0, 1, 2) if count > 1 else random.uniform(0.25, 0.75, 2)
        angle = pick(random, (0.0, between(random, 0, 180), random.normal(0, 12)))
        box = (tuple((centre * (width, height)).tolist()), tuple((size * (width, height)).tolist()), angle)
        way = int(random.integers(3))
        if way == 0:
            (x, y), (w, h) = box[0], box[1]
            axes = (max(2, int(0.56 * w)), max(2, int(0.56 * h)))
            cv2.ellipse(mask, (int(x), int(y)), axes, angle, 0, 360, 1.0, -1)
        else:
            corners = cv2.boxPoints(box)
            if way == 2:
                middle = corners.mean(axis=0)
                turns = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(5, 10))))
                reach = 0.6 * size * (width, height) * random.uniform(0.6, 1.1, (len(turns), 1))
                corners = (middle + np.stack((np.cos(turns), np.sin(turns)), axis=1) * reach).astype(
                    np.float32
                )
            cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
        out = laid(out, mask, surface if one else _surface(image, random), rim)
        done = np.maximum(done, mask)
        if done.mean() >= share:
            break
    return out


def smudge(image: Image, severity: float, random: Random) -> Image:
    """Grease, fog of breath, wet snow, a film: large smooth patches without a border to speak of, nearly opaque."""
    height, width = image.shape[:2]
    field = cloud(random, height, width, between(random, 1.5, 6), int(random.integers(1, 4)))
    level = np.quantile(field, 1 - graded(severity, 0.35, 0.92))
    alpha = 1 / (1 + np.exp(-(field - level) / between(random, 0.015, 0.12)))
    return mixed(image, _surface(image, random), (alpha * between(random, 0.9, 1.0)).astype(np.float32))


def whole(image: Image, severity: float, random: Random) -> Image:
    """A bag, a cap of cloth, a wall of leaves: next to all is covered, light leaks in at a rim or through it."""
    height, width = image.shape[:2]
    field = cloud(random, height, width, between(random, 1.5, 4), 2)
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    turn = between(random, 0, 2 * np.pi)
    field += between(random, 0, 2) * ((xx / width - 0.5) * np.cos(turn) + (yy / height - 0.5) * np.sin(turn))
    mask = field > np.quantile(field, graded(1 - severity, 0.03, 0.18))
    texture = pick(random, (0.0, 0.05, between(random, 0.05, 0.3)))
    surface = shaded(image, random, texture)
    if random.random() < 0.4:
        surface = surface + between(random, 0.03, 0.15) * (gaussian(image, width / 12) - float(image.mean()))
    return laid(image, mask, np.clip(surface, 0, 255), _rim(random, width / 640) * 2)


def threads(image: Image, severity: float, random: Random) -> Image:
    """Cobweb and dust before the lamps: threads that sag between edges, thick as they are near, a glow between them."""
    height, width = image.shape[:2]
    layer = np.zeros((height, width), np.float32)
    anchor = random.uniform(-0.1, 1.1, 2) * (width, height)
    for _ in range(int(graded(severity, 14, 60))):
        end = random.uniform(-0.1, 1.1, 2) * (width, height)
        start = anchor if random.random() < 0.6 else random.uniform(-0.1, 1.1, 2) * (width, height)
        t = np.linspace(0, 1, 24)[:, None]
        sag = between(random, -0.15, 0.2) * height * 4 * t * (1 - t) * np.array((0.2, 1.0))
        path = (start * (1 - t) + end * t + sag).astype(np.int32)
        cv2.polylines(
            layer, [path], False, between(random, 0.5, 1.0), max(1, int(between(random, 1, 8) * width / 640))
        )
    sigma = between(random, 1.5, 7) * width / 640
    alpha = np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma)) * 1.3
    alpha += graded(severity, 0.15, 0.6) * np.asarray(cv2.GaussianBlur(layer, (0, 0), width / 14))
    bright = between(random, 120, 250)
    return mixed(image, (bright, bright, bright), np.clip(alpha, 0, 0.95).astype(np.float32))


def blur_bokeh(image: Image, severity: float, random: Random) -> Image:
    """Defocus as light does it: the disc is laid in linear light, so lamps become bright discs."""
    radius = graded(severity, 3.0, 13.0) * image.shape[1] / 640
    side = int(radius) * 2 + 3
    yy, xx = np.mgrid[:side, :side].astype(np.float32) - side // 2
    kernel = np.clip(radius + 0.5 - np.hypot(xx, yy), 0, 1)
    light = (np.clip(image, 0, 255) / 255) ** 2.2
    lamps = light * (1 + 3 * np.clip(light - 0.85, 0, 1) / 0.15)
    soft = cv2.filter2D(lamps.astype(np.float32), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(255 * np.clip(soft, 0, 1) ** (1 / 2.2), np.float32)


def blur_drawn(image: Image, severity: float, random: Random) -> Image:
    """Motion alone, at any angle, straight or along a bow; across it everything stays sharp."""
    length = graded(severity, 13, 56) * image.shape[1] / 640
    side = int(length) * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    angle, bend = between(random, 0, np.pi), pick(random, (0.0, 0.0, random.normal(0, 0.25)))
    t = np.linspace(-0.5, 0.5, 20)
    along, across = t * length, bend * length * (4 * t**2 - 0.5)
    points = np.stack(
        (along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)),
        axis=1,
    )
    cv2.polylines(
        kernel, [np.rint((points + side // 2) * 16).astype(np.int32)], False, 1.0, 1, cv2.LINE_AA, 4
    )
    return np.asarray(
        cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.float32
    )


def veil_glare(image: Image, severity: float, random: Random) -> Image:
    """Low sun or a lamp beside the view on a dusty dome: a veil over all, stronger towards the light."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    x, y = between(random, -0.2, 1.2) * width, between(random, -0.3, 1.1) * height
    glow = np.exp(-np.hypot(xx - x, yy - y) / (between(random, 0.5, 1.2) * width))
    alpha = np.clip(graded(severity, 0.6, 0.85) + 0.25 * glow, 0, 0.96).astype(np.float32)
    level = between(random, 120, 215)
    return mixed(image, tuple(level * np.array((1.0, 1.0, 1.0)) + random.normal(0, 6, 3)), alpha)
