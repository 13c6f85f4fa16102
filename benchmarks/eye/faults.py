"""The table of faults: every kind in several physically different ways, where it enters, and whether it can be seen.

A fault that no person would see is no fault: each picture made faulty is compared with the same picture without, and
thrown away when the difference is too small (``visible``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.eye import cover, optics, sensor, stream, wires
from benchmarks.eye.image import Image, Random, gaussian, grey

Make = Callable[[Image, float, Random], Image]


class Way(NamedTuple):
    """One way a kind comes about. ``stage``: ``optics``, ``sensor``, ``line`` or ``stream`` (see ``camera``)."""

    name: str
    stage: str
    make: Make
    weight: float = 1.0


FAULTS: dict[str, tuple[Way, ...]] = {
    "blur": (
        Way("gaussian", "optics", optics.blur_gaussian, 1.5),
        Way("disc", "optics", optics.blur_disc, 1.5),
        Way("motion", "optics", optics.blur_motion),
        Way("double", "optics", optics.blur_double, 0.7),
        Way("wet", "optics", optics.blur_wet, 0.7),
        Way("bokeh", "optics", cover.blur_bokeh),
        Way("drawn", "optics", cover.blur_drawn, 1.5),
    ),
    "occlusion": (
        Way("hand", "optics", optics.occlusion_hand),
        Way("leaves", "optics", optics.occlusion_leaves),
        Way("sack", "optics", optics.occlusion_sack),
        Way("web", "optics", optics.occlusion_web, 0.6),
        Way("paint", "optics", optics.occlusion_paint),
        Way("tape", "optics", optics.occlusion_tape),
        Way("mud", "optics", optics.occlusion_mud),
        Way("body", "optics", cover.body, 2.0),
        Way("fingers", "optics", cover.fingers, 0.8),
        Way("twigs", "optics", cover.twigs, 2.0),
        Way("blots", "optics", cover.blots, 1.5),
        Way("sheet", "optics", cover.sheet, 2.0),
        Way("threads", "optics", cover.threads, 0.5),
        Way("shapes", "optics", cover.shapes, 2.0),
        Way("smudge", "optics", cover.smudge, 1.5),
        Way("whole", "optics", cover.whole, 0.7),
    ),
    "low_contrast": (
        Way("veil", "optics", optics.veil, 1.5),
        Way("dirty", "optics", optics.veil_dirty),
        Way("flat", "sensor", optics.flat_sensor),
        Way("lifted", "sensor", optics.lifted_black, 0.7),
        Way("glare", "optics", cover.veil_glare),
    ),
    "overexposed": (
        Way("gain", "sensor", sensor.over_gain),
        Way("bloom", "sensor", sensor.over_bloom),
        Way("lifted", "sensor", sensor.over_lifted),
        Way("glare", "sensor", sensor.over_glare, 0.6),
        Way("curve", "sensor", wires.over_curve),
    ),
    "underexposed": (
        Way("gain", "optics", sensor.under_gain),
        Way("gamma", "optics", sensor.under_gamma),
        Way("iris", "optics", sensor.under_iris),
        Way("dim", "sensor", wires.under_flat, 1.5),
    ),
    "black": (
        Way("noise", "sensor", sensor.black_noise),
        Way("flat", "sensor", sensor.black_flat),
        Way("glow", "sensor", sensor.black_glow),
        Way("scene", "sensor", sensor.black_scene),
    ),
    "colour_cast": (
        Way("gains", "sensor", sensor.cast_gains, 1.5),
        Way("offset", "sensor", sensor.cast_offset, 1.5),
        Way("swapped", "sensor", sensor.cast_swapped, 0.6),
        Way("infrared_filter", "sensor", sensor.cast_infrared_filter),
        Way("plane", "sensor", sensor.cast_plane),
        Way("green", "sensor", sensor.cast_green),
        Way("dead", "sensor", wires.cast_dead, 1.5),
        Way("half", "sensor", wires.cast_half, 1.5),
        Way("strong", "sensor", wires.cast_strong, 1.5),
    ),
    "snow_noise": (
        Way("white", "line", sensor.snow_white),
        Way("coloured", "line", sensor.snow_coloured),
        Way("salt", "line", sensor.snow_salt),
        Way("analogue", "line", sensor.snow_analogue),
        Way("thermal", "sensor", sensor.snow_thermal),
        Way("lumps", "sensor", wires.snow_lumps),
    ),
    "stripes": (
        Way("horizontal", "line", sensor.stripes_horizontal),
        Way("vertical", "line", sensor.stripes_vertical),
        Way("diagonal", "line", sensor.stripes_diagonal),
        Way("rolling", "sensor", sensor.stripes_rolling),
        Way("moire", "line", sensor.stripes_moire),
        Way("lines", "line", sensor.stripes_lines),
        Way("columns", "sensor", sensor.stripes_columns),
        Way("bands", "line", sensor.stripes_bands),
        Way("wide", "line", wires.stripes_wide, 2.5),
        Way("bars", "line", wires.stripes_bars, 2.0),
        Way("dropped", "line", wires.stripes_dropped, 1.5),
        Way("hum", "line", wires.stripes_hum),
    ),
    "mosaic": (
        Way("moved", "stream", stream.mosaic_moved),
        Way("levels", "stream", stream.mosaic_levels),
        Way("flat", "stream", stream.mosaic_flat),
        Way("slice", "stream", stream.mosaic_slice),
        Way("pixels", "stream", stream.mosaic_pixels),
        Way("smear", "stream", stream.mosaic_smear),
        Way("torn", "stream", stream.mosaic_torn),
        Way("real", "stream", stream.mosaic_real, 2.5),
        Way("broken", "stream", wires.mosaic_broken, 1.5),
        Way("drawn", "stream", wires.mosaic_drawn, 1.5),
        Way("mixed", "stream", wires.mosaic_mixed, 2.0),
    ),
    "no_signal": (
        Way("plain", "line", stream.card_plain, 2.0),
        Way("black", "line", stream.card_black, 0.6),
        Way("bars", "line", stream.card_bars, 1.2),
        Way("gradient", "line", stream.card_gradient, 0.6),
    ),
}
#: Conditions in which a kind makes no sense, or is what the scene is anyway.
SENSELESS = {
    "underexposed": {"night", "ir", "dusk"},
    "low_contrast": {"fog", "night"},
    "colour_cast": {"ir"},
    "overexposed": set(),
}


def _detail(image: Image) -> float:
    """Mean size of what lies between a few pixels and the noise."""
    y = grey(image)[..., None]
    return float(np.mean(np.abs(gaussian(y, 0.7) - gaussian(y, 2.0))))


def _chroma(image: Image) -> np.ndarray:
    y = grey(image)
    return np.stack((image[..., 0] - y, image[..., 2] - y), axis=2)


def _blur(clean: Image, faulty: Image) -> bool:
    """The scene had detail to lose (a fog bank cannot be seen to be blurred), and a good part of it is lost."""
    scale = min(1.0, 640 / clean.shape[1])
    before, after = (
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for picture in (clean, faulty)
    )
    return _detail(before) > 0.6 and _detail(after) < 0.6 * _detail(before)


def _covered(clean: Image, faulty: Image) -> bool:
    return float(np.mean(np.abs(grey(clean) - grey(faulty)) > 16)) > 0.2


def _contrast(clean: Image, faulty: Image) -> bool:
    before, after = float(grey(clean).std()), float(grey(faulty).std())
    return before > 28 and after < 0.5 * before and after < 24


def _over(clean: Image, faulty: Image) -> bool:
    y = grey(faulty)
    return float(np.mean(y > 245)) > 0.3 or (float(y.mean()) > 205 and float(np.mean(grey(clean))) < 170)


def _under(clean: Image, faulty: Image) -> bool:
    """Dark, but something to see in it: a wall without light is black, not underexposed."""
    y = grey(faulty)
    low, high = np.quantile(y, (0.02, 0.98))
    return bool(8 < y.mean() < 46 and high > 26 and high - low > 14 and grey(clean).mean() > 70)


def _coloured(clean: Image, faulty: Image) -> bool:
    shift = _chroma(faulty) - _chroma(clean)
    return float(np.mean(np.hypot(shift[..., 0], shift[..., 1]))) > 22


def _striped(clean: Image, faulty: Image) -> bool:
    return float(np.mean(np.abs(clean - faulty))) > 3.0


def _broken(clean: Image, faulty: Image) -> bool:
    away = np.abs(clean - faulty).mean(axis=2)
    blocks = cv2.resize(away, (away.shape[1] // 16, away.shape[0] // 16), interpolation=cv2.INTER_AREA)
    return float((blocks > 14).mean()) > 0.05


def _grainy(clean: Image, faulty: Image) -> bool:
    return float(np.mean(np.abs(grey(clean) - grey(faulty)) > 14)) > 0.02


def _any(clean: Image, faulty: Image) -> bool:
    return True


VISIBLE: dict[str, Callable[[Image, Image], bool]] = {
    "blur": _blur,
    "occlusion": _covered,
    "low_contrast": _contrast,
    "overexposed": _over,
    "underexposed": _under,
    "colour_cast": _coloured,
    "snow_noise": _grainy,
    "stripes": _striped,
    "mosaic": _broken,
    "black": _any,
    "no_signal": _any,
}


def visible(kind: str, clean: Image, faulty: Image) -> bool:
    """Would a person see the fault? ``clean``: the same picture (same noise) without it."""
    return VISIBLE[kind](clean, faulty)
