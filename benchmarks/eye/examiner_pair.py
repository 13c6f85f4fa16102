"""Two moments of one camera: pairs in which nothing is wrong, and the two faults that only a pair can show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.eye.examiner_camera import Sensor, Text, drift, encoded, exposed, labelled
from benchmarks.eye.examiner_scene import (
    Pixels,
    Rng,
    Source,
    View,
    bare,
    glow,
    infrared,
    load,
    luma,
    night,
    sized,
    view,
)

Moments = tuple[Pixels, Pixels]


def gap(rng: Rng) -> float:
    """Seconds between two pictures: a round of the sampler, at most a quarter of an hour."""
    return float(round(np.exp(rng.uniform(np.log(5), np.log(900)))))


# --- nothing wrong ---------------------------------------------------------------------------------------------


def _quiet(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """Nobody about: only the sensor's noise, the clock and what falls from the sky are new."""
    return seen.pixels, seen.later(rng)


def _moving(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """People and cars have come, gone and moved on."""
    return _with_movers(rng, seen, seen.pixels), _with_movers(rng, seen, seen.later(rng))


def _other_light(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    return seen.pixels, drift(rng, seen.later(rng))


def _busy(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    return _with_movers(rng, seen, seen.pixels), _with_movers(rng, seen, drift(rng, seen.later(rng)))


def _windy(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """The mast sways by a pixel or three."""
    move = np.array([[1, 0, rng.uniform(-2.5, 2.5)], [0, 1, rng.uniform(-2, 2)]], np.float32)
    return seen.pixels, _warped(seen.later(rng), move)


def _night_mode(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """Dusk between the two: by colour, then in infrared light (by day only; else the light just changes)."""
    if seen.cond != "day":
        return _other_light(rng, seen, pictures)
    dusk = seen.pixels * np.float32(rng.uniform(0.45, 0.75))
    return dusk, infrared(rng, seen.pixels)


HEALTHY_PAIRS: dict[str, Callable[[Rng, View, Sequence[Source]], Moments]] = {
    "quiet": _quiet,
    "quiet_again": _quiet,
    "moving": _moving,
    "moving_again": _moving,
    "light": _other_light,
    "busy": _busy,
    "windy": _windy,
    "night_mode": _night_mode,
}


def real_pairs(folders: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Pairs of one fixed camera listed as ``file_a,file_b`` in the folders' ``pairs.csv``."""
    found = []
    for folder in folders:
        listed = folder / "pairs.csv"
        for line in listed.read_text(encoding="utf-8").splitlines()[1:] if listed.exists() else ():
            first, second = line.split(",")[:2]
            found.append((folder / first, folder / second))
    return found


def real_pair(rng: Rng, pair: tuple[Path, Path]) -> tuple[View, Moments]:
    """Two real moments, at one random size; grey and dark at times, as the same camera is by night."""
    first, second = (load(path) for path in pair)
    width = int(rng.uniform(0.8, 1.1) * first.shape[1]) // 2 * 2
    height = width * first.shape[0] // first.shape[1]
    cond, seed = str(rng.choice(("day", "day", "ir", "night"))), int(rng.integers(1 << 30))
    moments = []
    for pixels in (first, second):
        pixels = sized(pixels, width, height)
        laid = {"ir": infrared, "night": night}.get(cond)
        moments.append(laid(np.random.default_rng(seed), pixels) if laid else pixels)
    return View(moments[0], cond, pair[0].name), (moments[0], moments[1])


def _with_movers(rng: Rng, seen: View, pixels: Pixels) -> Pixels:
    out = pixels.copy()
    for _ in range(rng.integers(0, 5)):
        (_car if rng.random() < 0.5 else _walker)(rng, out, seen.cond)
    return out


def _shade(rng: Rng, pixels: Pixels, cond: str) -> tuple[float, float, float]:
    bright = float(luma(pixels).mean()) * rng.uniform(0.25, 1.7) + 6
    colour = np.ones(3) if cond == "ir" else rng.uniform(0.6, 1.3, 3)
    return tuple(float(part) for part in (colour * bright).clip(4, 240))  # type: ignore[return-value]


def _car(rng: Rng, pixels: Pixels, cond: str) -> None:
    """Body, cabin, wheels; with its lamps on by night."""
    high, wide = pixels.shape[:2]
    y = rng.uniform(0.35, 0.9) * high
    long = wide * rng.uniform(0.05, 0.16) * (0.5 + y / high)
    x = rng.uniform(-0.05, 0.95) * wide
    tall, paint = long * 0.28, _shade(rng, pixels, cond)
    body = [(x, y - tall), (x + long, y - tall), (x + long, y), (x, y)]
    roof, sill = ((0.2, 2), (0.75, 2)), ((0.92, 1), (0.08, 1))
    cabin = [(x + long * along, y - tall * up) for along, up in roof + sill]
    glass = tuple(part * 0.45 for part in paint)
    for shape, colour in ((body, paint), (cabin, glass)):
        cv2.fillPoly(pixels, [np.array(shape, np.int32)], colour, cv2.LINE_AA)
    for wheel in (0.2, 0.8):
        cv2.circle(
            pixels, (int(x + wheel * long), int(y)), max(2, int(tall * 0.4)), (12, 12, 12), -1, cv2.LINE_AA
        )
    if cond in ("night", "ir"):
        light = np.zeros_like(pixels)
        glow(light, x, y - tall * 0.5, tall * 0.22, (1.0, 1.0, 0.95) if cond == "night" else (1, 1, 1), 0.8)
        pixels += light * 255


def _walker(rng: Rng, pixels: Pixels, cond: str) -> None:
    high, wide = pixels.shape[:2]
    y = rng.uniform(0.4, 0.95) * high
    tall = high * rng.uniform(0.05, 0.16) * (0.4 + y / high)
    x, coat = int(rng.uniform(0.02, 0.98) * wide), _shade(rng, pixels, cond)
    trousers, skin = tuple(part * 0.6 for part in coat), tuple(part * 0.9 + 8 for part in coat)
    for up, half, long, colour in (
        (0.25, 0.1, 0.28, trousers),
        (0.62, 0.14, 0.24, coat),
        (0.93, 0.08, 0.08, skin),
    ):
        at, size = (x, int(y - tall * up)), (max(1, int(tall * half)), max(1, int(tall * long)))
        cv2.ellipse(pixels, at, size, 0, 0, 360, colour, -1, cv2.LINE_AA)


# --- scene_change ----------------------------------------------------------------------------------------------


def _warped(pixels: Pixels, move: Pixels) -> Pixels:
    size = (pixels.shape[1], pixels.shape[0])
    return cv2.warpAffine(pixels, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT).clip(
        0, 255
    )


def _window(pixels: Pixels, left: float, top: float, share: float) -> Pixels:
    """A window of the view at (left, top), parts of the room that is free, scaled up to at least 480 wide."""
    high, wide = pixels.shape[:2]
    width, height = int(wide * share), int(high * share)
    x, y = int((wide - width) * left), int((high - height) * top)
    larger = max(480, width)
    return sized(pixels[y : y + height, x : x + width], larger, larger * height // width)


def _elsewhere(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """Turned right away, or another camera on its address."""
    for _ in range(20):
        other = view(rng, pictures, seen.cond)
        if other.source != seen.source:
            break
    return seen.pixels, sized(other.pixels, seen.pixels.shape[1], seen.pixels.shape[0])


def _panned(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """Turned by a third of the view to two thirds of it."""
    share, top = rng.uniform(0.55, 0.65), rng.uniform(0, 1)
    ends = (rng.uniform(0, 0.12), rng.uniform(0.88, 1.0))
    first, second = ends if rng.random() < 0.5 else ends[::-1]
    return _window(seen.pixels, first, top, share), _window(seen.pixels, second, 1 - top, share)


def _tilted(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """A loose bracket: the picture hangs askew, and lower."""
    high, wide = seen.pixels.shape[:2]
    angle = rng.uniform(14, 50) * rng.choice((-1, 1))
    move = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, rng.uniform(1.1, 1.5)).astype(np.float32)
    move[:, 2] += rng.uniform(-0.08, 0.08, 2) * wide
    return seen.pixels, _warped(seen.pixels, move)


def _zoomed(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """A zoom left where somebody put it."""
    near = _window(seen.pixels, rng.uniform(0, 1), rng.uniform(0, 1), 1 / rng.uniform(1.7, 2.6))
    near = sized(near, seen.pixels.shape[1], seen.pixels.shape[0])
    return (seen.pixels, near) if rng.random() < 0.7 else (near, seen.pixels)


def _to_ground(rng: Rng, seen: View, pictures: Sequence[Source]) -> Moments:
    """Fallen: it looks at a wall, the ground or the sky, under the light there was."""
    other = sized(bare(rng), seen.pixels.shape[1], seen.pixels.shape[0])
    if seen.cond in ("night", "ir"):
        other = (night if seen.cond == "night" else infrared)(rng, other)
    return seen.pixels, other


SCENE_CHANGES: dict[str, Callable[[Rng, View, Sequence[Source]], Moments]] = {
    "elsewhere": _elsewhere,
    "panned": _panned,
    "tilted": _tilted,
    "zoomed": _zoomed,
    "to_ground": _to_ground,
}

# --- frozen ----------------------------------------------------------------------------------------------------

#: Way -> (clock runs on, encoded anew): what a frozen stream still does.
FROZEN = {"same": (False, False), "clock_runs": (True, False), "recoded": (False, True), "both": (True, True)}


def frozen(
    rng: Rng, way: str, light: Pixels, sensor: Sensor, text: Text | None, seconds: float
) -> list[bytes]:
    """Two pictures of a stream that hangs: one exposure, whatever the clock over it says."""
    runs, anew = FROZEN[way]
    still = exposed(rng, sensor, light)
    once = max(sensor.quality, 65) if anew else sensor.quality  # coarser, and the grain would not come back
    first = encoded(labelled(still, text, 0), once)
    if anew:  # a relay decodes what it got and encodes it again
        still = cv2.imdecode(np.frombuffer(encoded(still, once), np.uint8), cv2.IMREAD_COLOR).astype(
            np.float32
        )
    quality = int(once + rng.integers(0, 5)) if anew else once
    return [first, encoded(labelled(still, text, seconds if runs else 0), quality)]
