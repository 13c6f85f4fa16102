"""条纹干扰 ``stripes``: lines or bands over the whole picture that every part of it shares.

Fences and blinds make lines, too, but not the same ones in each fifth of the picture; a disturbance does not stop
where the scene changes. So what counts is what the fifths agree on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.fft import rfft

from camerahub.frames.cells import Cells, Measuring, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_LAGS = (1, 8, 20)
#: Steps that four strips of five share, from sharp bands to slow waves.
_SHARED = (2, 12, 30)
_EVERY = (*_LAGS, *_SHARED)
#: Steps of colour.
_HUE_LAG = 2
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


class _Agreed(NamedTuple):
    """Of steps (N, ..., L): ``within`` mean size in five strips; and (N, L) the middle three in order.

    ``up`` and ``down`` (negative): what four strips of five share; ``common`` size of the median; ``lone`` the median.
    """

    within: Floats
    up: Floats
    down: Floats
    lone: Floats

    def part(self, of: slice, shape: tuple[int, ...]) -> _Agreed:
        n = len(self.up)
        return _Agreed(*(plane[:, of].reshape(n, *shape) for plane in self))


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    yield []
    s = c.sketch
    octaves = np.log2(np.concatenate((s.rows, s.columns), axis=2) + 8) * 32
    colours = np.concatenate((s.colour_rows, s.colour_columns), axis=3)
    heights = [s.rows.shape[2], s.colour_rows.shape[3], s.edge_rows.shape[2] - 2]
    line, parts = _line(octaves, colours, (s.edge_rows[:, 1:6], s.edge_columns[:, 1:6]), heights)
    agreed = _agreed(line)
    steps = agreed.part(parts[0], (len(_EVERY), octaves.shape[2]))
    hues = agreed.part(parts[1], (2, colours.shape[3]))
    lone = agreed.lone[:, parts[2]]
    found: dict[str, Floats] = {}
    for way, (row, hue, edge) in (("h", map(slice, heights)), ("v", (slice(at, None) for at in heights))):
        name = f"stripes_{way}"
        found |= _of_steps(name, _Agreed(*(plane[:, :, row] for plane in steps)))
        found |= _of_hues(name, _Agreed(*(plane[:, :, hue] for plane in hues)))
        found[f"{name}_torn"] = np.maximum(_nearly_most(lone[:, edge], 0.98), 0)
        tone, pitch, phase = _tone(octaves[:, :, row])
        found |= {f"{name}_tone": tone, f"{name}_pitch": pitch, f"{name}_phase": phase}
    for at, name in enumerate(("stripes_slant", "stripes_slant_few", "stripes_slant_pitch")):
        found[name] = s.slant[:, at]
    return {name: found[name] for name in MEASURES}


def _line(
    octaves: Floats, colours: Floats, edges: tuple[Floats, Floats], heights: list[int]
) -> tuple[Floats, list[slice]]:
    """All that five strips are asked to agree on in one line, (5, N, M), and its three parts.

    For each lag of ``_EVERY`` steps of rows, then of columns, each with ``lag`` zeros behind; the same of Cb and Cr;
    lone edges of rows, then of columns. ``heights``: how many of each are rows.
    """
    n, strips, both = octaves.shape
    sizes = [len(_EVERY) * both, 2 * colours.shape[3], sum(edge.shape[2] - 2 for edge in edges)]
    ends = np.cumsum(sizes).tolist()
    parts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    line = np.zeros((strips, n, ends[-1]), np.float32)
    steps = line[:, :, parts[0]].reshape(strips, n, len(_EVERY), both)
    of_strips = octaves.transpose(1, 0, 2)
    for at, lag in enumerate(_EVERY):
        _step(of_strips, lag, heights[0], steps[:, :, at])
    _step(colours.transpose(2, 0, 1, 3), _HUE_LAG, heights[1], line[:, :, parts[1]].reshape(strips, n, 2, -1))
    lone = line[:, :, parts[2]]
    for edge, part in zip(edges, (lone[:, :, : heights[2]], lone[:, :, heights[2] :]), strict=True):
        by_strip = edge.transpose(1, 0, 2)
        np.maximum(by_strip[:, :, :-2], by_strip[:, :, 2:], out=part)
        np.subtract(by_strip[:, :, 1:-1], part, out=part)
    return line, parts


def _step(values: Floats, lag: int, height: int, out: Floats) -> None:
    """Steps of rows (the first ``height`` of the last axis) and of columns."""
    np.subtract(values[..., lag:], values[..., :-lag], out=out[..., :-lag])
    out[..., height - lag : height] = 0


def _agreed(line: Floats) -> _Agreed:
    """Of (5, N, M)."""
    a, b, c, d, e = line
    a, d = np.minimum(a, d), np.maximum(a, d)
    b, e = np.minimum(b, e), np.maximum(b, e)
    a, c = np.minimum(a, c), np.maximum(a, c)
    b, d = np.minimum(b, d), np.maximum(b, d)
    b = np.maximum(a, b)  # the least of five is not asked for
    c, e = np.minimum(c, e), np.maximum(c, e)
    d = np.minimum(d, e)  # nor is the greatest
    b, c = np.minimum(b, c), np.maximum(b, c)
    c, d = np.minimum(c, d), np.maximum(c, d)
    sizes = np.abs(line)
    within = sizes.sum(axis=0) / np.float32(5)
    return _Agreed(within, np.maximum(b, 0), np.minimum(d, 0), c)


def _of_steps(name: str, steps: _Agreed) -> dict[str, Floats]:
    """Of steps (N, lags, L)."""
    length = steps.up.shape[2]
    counts = length - np.array(_EVERY, np.float32)
    within, up, down = (plane.sum(axis=2) / counts for plane in (steps.within, steps.up, -steps.down))
    first = len(_LAGS)
    size = np.abs(steps.lone[:, :first]).sum(axis=2) / counts[:first]
    part = ratio(size, within[:, :first], 0.25)
    both = ratio(np.minimum(up, down), within, 0.5)
    shared = steps.up[:, first:] - steps.down[:, first:]
    shared.sort(axis=2)
    found: dict[str, Floats] = {}
    for at, lag in enumerate(_LAGS):
        found |= {f"{name}{lag}": size[:, at], f"{name}{lag}_common": part[:, at]}
    for at, lag in enumerate(_SHARED):
        found[f"{name}_shared{lag}"] = shared[:, at, lag + int(0.99 * (length - lag - 1))]
        found[f"{name}_both{lag}"] = both[:, first + at]
    return found


def _of_hues(name: str, hues: _Agreed) -> dict[str, Floats]:
    """Of steps of Cb and Cr (N, 2, L)."""
    count = hues.up.shape[2] - _HUE_LAG
    shared = (hues.up - hues.down).max(axis=1)
    shared.sort(axis=1)
    size = np.abs(hues.lone).sum(axis=2) / count
    part = ratio(size, hues.within.sum(axis=2) / count, 0.5)
    return {
        f"{name}_colour_shared": shared[:, _HUE_LAG + int(0.99 * (count - 1))],
        f"{name}_colour": size.max(axis=1),
        f"{name}_colour_common": np.where(size[:, 0] > size[:, 1], part[:, 0], part[:, 1]),
    }


def _nearly_most(values: Floats, share: float) -> Floats:
    return np.sort(values, axis=1)[:, int(share * (values.shape[1] - 1))]


@lru_cache(maxsize=4)
def _window(length: int) -> Floats:
    return np.hanning(length).astype(np.float32)


def _tone(octaves: Floats) -> tuple[Floats, Floats, Floats]:
    """Share and number of the strongest frequency in phase (from the third on), and the share of all of them."""
    step = octaves[:, :, 1:] - octaves[:, :, :-1]
    step *= _window(step.shape[2])
    waves = rfft(step, n=octaves.shape[2], axis=2)
    mean = waves.sum(axis=1) * np.float32(1 / 5)
    power = (waves.real**2 + waves.imag**2).sum(axis=1) * np.float32(1 / 5)
    phase = mean.real**2 + mean.imag**2 - power / 5
    np.maximum(phase, 0, out=phase)
    phase *= 1.25
    phase[:, :3] = 0
    three = phase[:, :-2] + phase[:, 1:-1] + phase[:, 2:]
    at = three.argmax(axis=1)
    every = np.maximum(power.sum(axis=1), 1)
    return three[np.arange(len(three)), at] / every, np.asarray(at + 1, np.float32), phase.sum(axis=1) / every
