"""条纹干扰 ``stripes``: lines or bands over the whole picture that every part of it shares.

Fences and blinds make lines, too, but not the same ones in each fifth of the picture; a disturbance does not stop
where the scene changes. So what counts is what the fifths agree on.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

from camerahub.frames.cells import Cells, Measuring, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.order import middle
from camerahub.frames.sketch import STRIPS, Floats

_LAGS = (1, 8, 20)
#: Steps that four strips of five share, from sharp bands to slow waves.
_SHARED = (2, 12, 30)
_EVERY = (*_LAGS, *_SHARED)
#: Steps of colour.
_HUE_LAG = 2
_LAGS_OF_STEPS = np.array(_EVERY, np.float32)[:, None]
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


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    yield []
    s = c.sketch
    octaves = np.log2(np.concatenate((s.rows, s.columns), axis=2) + 8) * 32
    colours = np.concatenate((s.colour_rows, s.colour_columns), axis=3)
    heights = [s.rows.shape[2], s.colour_rows.shape[3], s.edge_rows.shape[2] - 2]
    line, parts = _line(octaves, colours, (s.edge_rows[:, 1:6], s.edge_columns[:, 1:6]), heights)
    within = np.abs(line).sum(axis=0)
    within *= np.float32(1 / STRIPS)
    second, median, fourth = middle(line)
    lone = median[:, parts[2]]
    edges = (lone[:, : heights[2]], lone[:, heights[2] :])
    np.maximum(second, 0, out=second)
    np.minimum(fourth, 0, out=fourth)
    sizes = np.array((second, fourth, np.abs(median), within))
    n = len(within)
    found = _of_steps(sizes[:, :, parts[0]].reshape(4, n, len(_EVERY), -1), heights[0])
    found |= _of_hues(sizes[:, :, parts[1]].reshape(4, n, 2, -1), heights[1])
    found |= _tones(octaves, heights[0])
    for way, edge in zip(_WAYS, edges, strict=True):
        found[f"stripes_{way}_torn"] = np.maximum(_nearly_most(edge, 0.98), 0)
    for at, name in enumerate(("stripes_slant", "stripes_slant_few", "stripes_slant_pitch")):
        found[name] = s.slant[:, at]
    return found


def _line(
    octaves: Floats, colours: Floats, edges: tuple[Floats, Floats], heights: list[int]
) -> tuple[Floats, list[slice]]:
    """All that five strips are asked to agree on in one line, (5, N, M), and its three parts.

    For each lag of ``_EVERY`` steps of rows, then of columns, each with ``lag`` zeros behind; the same of Cb and Cr;
    lone edges of rows, then of columns. ``heights``: how many of each are rows.
    """
    n, strips, both = octaves.shape
    sizes = [len(_EVERY) * both, 2 * colours.shape[3], sum(edge.shape[2] - 2 for edge in edges)]
    ends = list(accumulate(sizes))
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


def _of_steps(sizes: Floats, height: int) -> dict[str, Floats]:
    """``sizes`` (4, N, lags, L): what four strips share up and down, size of the median, mean size in the strips."""
    length = sizes.shape[3]
    lengths = np.array((height, length - height), np.float32)
    up, down, size, within = np.add.reduceat(sizes, (0, height), axis=3) / (lengths - _LAGS_OF_STEPS)
    first = len(_LAGS)
    part = ratio(size[:, :first], within[:, :first], 0.25)
    both = ratio(np.minimum(up, -down)[:, first:], within[:, first:], 0.5)
    shared = sizes[0, :, first:] - sizes[1, :, first:]
    found: dict[str, Floats] = {}
    for at, (way, ordered) in enumerate(
        zip(_WAYS, (shared[:, :, :height], shared[:, :, height:]), strict=True)
    ):
        ordered.sort(axis=2)
        for order, lag in enumerate(_LAGS):
            found[f"stripes_{way}{lag}"] = size[:, order, at]
            found[f"stripes_{way}{lag}_common"] = part[:, order, at]
        for order, lag in enumerate(_SHARED):
            found[f"stripes_{way}_shared{lag}"] = ordered[:, order, _among_steps(ordered.shape[2], lag)]
            found[f"stripes_{way}_both{lag}"] = both[:, order, at]
    return found


def _of_hues(sizes: Floats, height: int) -> dict[str, Floats]:
    """Likewise ``sizes`` (4, N, 2, L), of Cb and Cr."""
    lengths = np.array((height, sizes.shape[3] - height), np.float32)
    _, _, size, within = np.add.reduceat(sizes, (0, height), axis=3) / (lengths - _HUE_LAG)
    part, larger = ratio(size, within, 0.5), size.max(axis=1)
    common = np.where(size[:, 0] > size[:, 1], part[:, 0], part[:, 1])
    shared = (sizes[0] - sizes[1]).max(axis=1)
    found: dict[str, Floats] = {}
    for at, (way, ordered) in enumerate(zip(_WAYS, (shared[:, :height], shared[:, height:]), strict=True)):
        ordered.sort(axis=1)
        found[f"stripes_{way}_colour_shared"] = ordered[:, _among_steps(ordered.shape[1], _HUE_LAG)]
        found[f"stripes_{way}_colour"] = larger[:, at]
        found[f"stripes_{way}_colour_common"] = common[:, at]
    return found


def _among_steps(length: int, lag: int) -> int:
    """Place of the 99th percentile of sizes in order, of which ``lag`` are the zeros that fill the line."""
    return lag + int(0.99 * (length - lag - 1))


def _nearly_most(values: Floats, share: float) -> Floats:
    return np.sort(values, axis=1)[:, int(share * (values.shape[1] - 1))]


@lru_cache(maxsize=4)
def _window(length: int) -> Floats:
    return np.hanning(length).astype(np.float32)


def _waves(octaves: Floats) -> NDArray[np.complex64]:
    step = octaves[:, :, 1:] - octaves[:, :, :-1]
    step *= _window(step.shape[2])
    return np.asarray(rfft(step, n=octaves.shape[2], axis=2), np.complex64)


def _tones(octaves: Floats, height: int) -> dict[str, Floats]:
    """Share and number of the strongest frequency in phase (from the third on), and the share of all of them."""
    waves = np.concatenate((_waves(octaves[:, :, :height]), _waves(octaves[:, :, height:])), axis=2)
    mean = waves.sum(axis=1) * np.float32(1 / STRIPS)
    power = (waves.real**2 + waves.imag**2).sum(axis=1) * np.float32(1 / STRIPS)
    phase = mean.real**2 + mean.imag**2 - power / STRIPS
    np.maximum(phase, 0, out=phase)
    phase *= 1.25
    found = {}
    count = height // 2 + 1
    for way, part in zip(_WAYS, (slice(count), slice(count, None)), strict=True):
        own = phase[:, part]
        own[:, :3] = 0
        three = own[:, :-2] + own[:, 1:-1] + own[:, 2:]
        every = np.maximum(power[:, part].sum(axis=1), 1)
        found[f"stripes_{way}_tone"] = three.max(axis=1) / every
        found[f"stripes_{way}_pitch"] = (three.argmax(axis=1) + 1).astype(np.float32)
        found[f"stripes_{way}_phase"] = own.sum(axis=1) / every
    return found
