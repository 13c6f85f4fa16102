"""条纹干扰 ``stripes``: lines or bands over the whole picture that every part of it shares.

Fences and blinds make lines, too, but not the same ones in each fifth of the picture; a disturbance does not stop
where the scene changes. So what counts is what the fifths agree on.
"""

from __future__ import annotations

import numpy as np
from numpy.fft import rfft

from camerahub.frames.cells import Cells, agreed, ratio, unanimous
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_LAGS = (1, 8, 20)
#: Steps that four strips of five share, from sharp bands to slow waves.
_SHARED = (2, 12, 30)
_WAYS = {"h": "rows", "v": "columns"}


def _described() -> dict[str, Measure]:
    found = {}
    for way, name in _WAYS.items():
        for lag in _LAGS:
            words = f"mean step of {name} {lag} apart that the median of five strips shows, level 1"
            found[f"stripes_{way}{lag}"] = Measure("1/32 octave", 0, 255, "never", words, "own")
            words = f"its share in the mean step of {name} within strips"
            found[f"stripes_{way}{lag}_common"] = Measure("ratio", 0, 64, "never", words, "own")
        words = f"strongest frequency that the strips have in phase: its share in the power of the steps of {name}"
        found[f"stripes_{way}_tone"] = Measure(
            "share", 0, 1, "never", words, "Fourier; coherence, Welch 1967"
        )
        words = f"that frequency, cycles over the picture's {name}"
        found[f"stripes_{way}_pitch"] = Measure("cycles", 0, 160, "never", words, "Fourier")
        words = "power in phase over all power of the steps, all frequencies"
        found[f"stripes_{way}_phase"] = Measure("share", 0, 1, "never", words, "coherence, Welch 1967")
        for lag in _SHARED:
            words = f"99th percentile of steps of {name} {lag} apart that four strips of five share"
            found[f"stripes_{way}_shared{lag}"] = Measure("1/32 octave", 0, 255, "never", words, "own")
            words = (
                "the smaller of their sums up and down over the mean step in strips: a horizon goes one way"
            )
            found[f"stripes_{way}_both{lag}"] = Measure("ratio", 0, 64, "never", words, "own")
        words = f"98th percentile of {name}' lone differences that the median of five strips shows, level 0"
        found[f"stripes_{way}_torn"] = Measure("grey", 0, 255, "never", words, "own")
        words = (
            f"99th percentile of steps of colour of {name} 2 apart that four strips of five share, level 2"
        )
        found[f"stripes_{way}_colour_shared"] = Measure("grey", 0, 255, "never", words, "own")
        words = (
            f"mean step of colour between {name} 2 apart that the median of the five strips shows, level 2"
        )
        found[f"stripes_{way}_colour"] = Measure("grey", 0, 255, "never", words, "own")
        words = f"its share in the mean step of colour of {name} within strips"
        found[f"stripes_{way}_colour_common"] = Measure("ratio", 0, 64, "never", words, "own")
    words = "strongest slanted wave at level 2: its power over the mean, both weighted by frequency squared"
    found["stripes_slant"] = Measure("ratio", 0, 7200, "never", words, "Fourier; Fisher's g, 1929")
    words = "mean square over squared mean of that power: how few waves hold it"
    found["stripes_slant_few"] = Measure("ratio", 0, 7200, "never", words, "participation ratio")
    found["stripes_slant_pitch"] = Measure(
        "cycles", 0, 120, "never", "cycles of the strongest one over the picture", "Fourier"
    )
    return found


MEASURES: dict[str, Measure] = _described()


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    s = c.sketch
    found: dict[str, Floats] = {}
    for way, profiles, colours in (("h", s.rows, s.colour_rows), ("v", s.columns, s.colour_columns)):
        octaves = np.log2(profiles + 8) * 32
        for lag in _LAGS:
            size, part = _steps(octaves, lag, 0.25)
            found |= {f"stripes_{way}{lag}": size, f"stripes_{way}{lag}_common": part}
        for lag in _SHARED:
            found |= _shared(octaves, lag, f"stripes_{way}")
        shared = [np.abs(unanimous(colours[:, at, :, 2:] - colours[:, at, :, :-2])) for at in (0, 1)]
        found[f"stripes_{way}_colour_shared"] = _nearly_most(np.maximum(*shared), 0.99)
        edges = s.edge_rows if way == "h" else s.edge_columns
        lone = agreed(edges[:, 1:6, 1:-1] - np.maximum(edges[:, 1:6, :-2], edges[:, 1:6, 2:]))
        found[f"stripes_{way}_torn"] = np.maximum(_nearly_most(lone, 0.98), 0)
        (u, u_common), (v, v_common) = (_steps(colours[:, at], 2, 0.5) for at in (0, 1))
        found[f"stripes_{way}_colour"] = np.maximum(u, v)
        found[f"stripes_{way}_colour_common"] = np.where(u > v, u_common, v_common)
        tone, pitch, phase = _tone(octaves)
        found |= {f"stripes_{way}_tone": tone, f"stripes_{way}_pitch": pitch, f"stripes_{way}_phase": phase}
    for at, name in enumerate(("stripes_slant", "stripes_slant_few", "stripes_slant_pitch")):
        found[name] = s.slant[:, at]
    return {name: found[name] for name in MEASURES}


def _shared(octaves: Floats, lag: int, name: str) -> dict[str, Floats]:
    step = octaves[:, :, lag:] - octaves[:, :, :-lag]
    shared = unanimous(step)
    up, down = np.maximum(shared, 0).mean(axis=1), np.maximum(-shared, 0).mean(axis=1)
    return {
        f"{name}_shared{lag}": _nearly_most(np.abs(shared), 0.99),
        f"{name}_both{lag}": ratio(np.minimum(up, down), np.abs(step).mean(axis=(1, 2)), 0.5),
    }


def _nearly_most(values: Floats, share: float) -> Floats:
    return np.sort(values, axis=1)[:, int(share * (values.shape[1] - 1))]


def _steps(strips: Floats, lag: int, least: float) -> tuple[Floats, Floats]:
    """Mean size (N,) of the steps that strips (N, 5, L) have in common, and its share in that of all steps."""
    step = strips[:, :, lag:] - strips[:, :, :-lag]
    common = agreed(step)
    size = np.abs(common).mean(axis=1)
    return size, ratio(size, np.abs(step).mean(axis=(1, 2)), least)


def _tone(octaves: Floats) -> tuple[Floats, Floats, Floats]:
    """Share and number of the strongest frequency in phase (from the third on), and the share of all of them."""
    step = octaves[:, :, 1:] - octaves[:, :, :-1]
    window = np.hanning(step.shape[2]).astype(np.float32)
    waves = rfft(step * window, n=octaves.shape[2], axis=2)
    power = (waves.real**2 + waves.imag**2).mean(axis=1)
    mean = waves.mean(axis=1)
    phase = np.maximum((mean.real**2 + mean.imag**2) - power / 5, 0) * 1.25
    phase[:, :3] = 0
    three = phase[:, :-2] + phase[:, 1:-1] + phase[:, 2:]
    at = three.argmax(axis=1)
    every = np.maximum(power.sum(axis=1), 1)
    tone = three[np.arange(len(three)), at] / every
    return (
        np.asarray(tone, np.float32),
        np.asarray(at + 1, np.float32),
        np.asarray(phase.sum(axis=1) / every, np.float32),
    )
