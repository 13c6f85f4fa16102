"""点亮: is there a picture at all? ``black`` (黑屏) and ``no_signal`` (信号丢失: the card a recorder draws instead).

The hard neighbours decide how it is measured. Nearly every picture carries a camera name and a running clock, white
with a black rim: they must neither hide black nor make it, so brightness is taken after an erosion that no stroke
survives. A night street is dark but has structure; a covered or dead sensor has none. A card is *exactly* one colour
where sky, wall, fog and snow, however plain, are not: the lens shades, the sensor is noisy. What is clipped (white
sky, black night) is exactly one value, too, and is therefore never taken for a card by its flatness alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.judgement import Judgement, judgement, ramp
from camerahub.frames.measures import Measure
from camerahub.frames.order import middle
from camerahub.frames.picture import Picture, Plane

Floats = NDArray[np.float32]


class LitMeasures(NamedTuple):
    """See ``MEASURES``."""

    level: float
    spread: float
    bright_area: float
    card: float
    card_exact: float
    card_luma: float
    card_colour: float
    mark: float
    bars: float


MEASURES: dict[str, Measure] = {
    "level": Measure("grey", 0, 255, "never", "median of the eroded luma", "lower envelope; own"),
    "spread": Measure(
        "grey",
        0,
        255,
        "never",
        "98th percentile of the eroded luma above its median; a black rim never counts",
        "own",
    ),
    "bright_area": Measure(
        "share",
        0,
        1,
        "never",
        "eroded luma above 0.10 of the range and 12 above level",
        "ffmpeg blackdetect: pixel_black_th 0.10, made blind to text",
    ),
    "card": Measure(
        "share",
        0,
        1,
        "never",
        "pixels of the commonest colour (luma +-1, chroma +-2)",
        "ffmpeg blackframe, any colour",
    ),
    "card_exact": Measure("share", 0, 1, "never", "pixels of exactly the commonest grey", "own"),
    "card_luma": Measure("grey", 0, 255, "never", "luma of that colour", "own"),
    "card_colour": Measure(
        "grey", 0, 182, "never", "distance of that colour from grey, in Cb and Cr", "BT.601"
    ),
    "mark": Measure(
        "count",
        0,
        224,
        "the commonest grey is above 0.10 of the range",
        "most strokes, 60 brighter than the commonest grey, that one row of the middle crosses: writing, not lamps",
        "own",
    ),
    "bars": Measure(
        "count",
        0,
        160,
        "never",
        "colour edges between columns that stay the same from row to row; 0 when fewer than 85 % do",
        "SMPTE ECR 1-1978, EBU Tech 3325: colour bars",
    ),
}

_KERNEL = np.ones((5, 5), np.uint8)
_CELLS = (40, 20)
#: Luma under this share of the range is black (ffmpeg blackdetect's default 0.10 of 255).
_BLACK = 26
#: The middle, where cards write and cameras do not: rows and columns as shares.
_ROWS, _COLUMNS = (0.25, 0.75), (0.15, 0.85)
#: Less than CIF (352 x 288): text is as thin as it is at half of 640x360, and samples must lie closer.
_SMALL = 100_000
_STEADY = 8
#: Nothing is black whose level is not below this; nothing is a card of which less has one colour.
_LEAST_DARK, _LEAST_CARD = 56, 0.4


def measure(picture: Picture) -> LitMeasures:
    """The measures of one picture. Costs about 0.1 ms at 640x360."""
    return LitMeasures(*map(float, measured([picture])[0]))


def measured(pictures: Sequence[Picture], envelopes: Floats | None = None) -> Floats:
    """(N, 9): ``LitMeasures`` of pictures of one working size; ``envelopes`` (N, 3) where they are known already."""
    if envelopes is None:
        envelopes = np.array([envelope(half(picture.luma)) for picture in pictures], np.float32)
    samples = _samples(pictures)
    rows: Floats = np.empty((len(pictures), len(LitMeasures._fields)), np.float32)
    rows[:, :3] = envelopes
    rows[:, 3:7] = _cards(samples)
    rows[:, 7] = [
        _mark(picture.luma, ground) if ground <= _BLACK else np.nan
        for picture, ground in zip(pictures, rows[:, 5].tolist(), strict=True)
    ]
    rows[:, 8] = _bars(samples)
    return rows


def envelope(luma: Plane) -> tuple[float, float, float]:
    """level, spread, bright_area of ``half`` a luma: of the darkest of each 5 x 5 pixels, ten working pixels wide."""
    low = cv2.erode(luma, _KERNEL)
    cells = cv2.resize(low, _CELLS, interpolation=cv2.INTER_NEAREST).ravel().astype(np.float32)
    cells.sort()  # numpy is much quicker at float32 than at uint8
    level = int(cells[cells.size // 2])
    spread = int(cells[-1 - cells.size // 50]) - level
    _, above = cv2.threshold(low, max(_BLACK, level + 12), 1, cv2.THRESH_BINARY, low)
    return float(level), float(spread), cv2.countNonZero(above) / low.size


def half(luma: Plane) -> Plane:
    """A luma at half its size; a small one as it is."""
    height, width = luma.shape
    if luma.size < _SMALL:
        return luma
    return cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _samples(pictures: Sequence[Picture]) -> Plane:
    """Y, Cb, Cr (3, N, h, w) of each eighth pixel of each eighth row, not averaged: an exact colour stays exact."""
    step = 8 if pictures[0].luma.size >= _SMALL else 4
    height, width = pictures[0].luma[::step, ::step].shape
    samples: Plane = np.empty((3, len(pictures), height, width), np.uint8)
    for at, picture in enumerate(pictures):
        samples[0, at] = picture.luma[::step, ::step]
        samples[1, at] = picture.u[:: step // 2, :: step // 2][:height, :width]
        samples[2, at] = picture.v[:: step // 2, :: step // 2][:height, :width]
    return samples


def _cards(samples: Plane) -> Floats:
    """card, card_exact, card_luma, card_colour (N, 4)."""
    n, size = samples.shape[1], samples[0, 0].size
    counts = np.array([cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel() for luma in samples[0]])
    near = counts.copy()
    near[:, 1:] += counts[:, :-1]
    near[:, :-1] += counts[:, 1:]
    ground = near.argmax(axis=1).astype(np.float32)
    colours = samples.reshape(3, n, -1).astype(np.float32)
    luma, chroma = colours[0], colours[1:]
    luma -= ground[:, None]
    np.abs(luma, out=luma)
    among = (luma <= 1).astype(np.float32)
    means = np.einsum("cnk,nk->cn", chroma, among) / np.maximum(among.sum(axis=1), 1)
    chroma -= np.rint(means)[:, :, None]
    np.abs(chroma, out=chroma)
    among *= np.maximum(chroma[0], chroma[1]) <= 2
    return np.stack(
        (among.sum(axis=1) / size, counts.max(axis=1) / size, ground, np.hypot(*(means - 128))), axis=1
    )


def _mark(luma: Plane, ground: float) -> float:
    """Strokes across one row of the middle; ``luma`` at its working size."""
    height, width = luma.shape
    rows = slice(int(height * _ROWS[0]), int(height * _ROWS[1]), 3)
    centre = luma[rows, int(width * _COLUMNS[0]) : int(width * _COLUMNS[1])] > min(ground + 60, 254)
    return float(np.count_nonzero(centre[:, 1:] & ~centre[:, :-1], axis=1).max())


def _bars(samples: Plane) -> list[float]:
    """Colour edges along five rows of the upper half that agree (the middle three of them: text may lie on two)."""
    height, width = samples.shape[2:]
    rows = [height * share // 100 for share in (12, 21, 30, 39, 48)]
    second, median, fourth = middle(samples[:, :, rows].transpose(2, 1, 3, 0))  # (N, w, 3)
    fourth -= second
    steady = (fourth.max(axis=2) <= _STEADY).sum(axis=1) >= 0.85 * width
    return [_edges(colours) if same else 0.0 for colours, same in zip(median, steady.tolist(), strict=True)]


def _edges(line: Plane) -> float:
    colours = line.astype(np.int16)
    coloured = np.abs(colours[:, 1:] - 128).max(axis=1) > 24
    if np.count_nonzero(coloured) < 0.5 * len(line):
        return 0.0
    change = np.abs(colours[2:] - colours[:-2]).max(axis=1) > 24
    return float(np.count_nonzero(change[1:] & ~change[:-1]))


def may_be_certain(rows: Floats) -> NDArray[np.bool_]:
    """(N,): whether anything is to be judged in rows (N, 9) of ``LitMeasures``; the others are neither black nor cards.

    Each kind has a condition below without which its severity is 0: a dark level, a card that fills enough, bars.
    """
    level, card, bars = rows[:, 0], rows[:, 3], rows[:, 8]
    return np.asarray((level < _LEAST_DARK) | (card > _LEAST_CARD) | (bars > 0))


def judge_black(measures: LitMeasures) -> Judgement:
    """黑屏: dark, without structure, without one lamp. Text drawn on it changes nothing."""
    severity = min(
        ramp(measures.level, _LEAST_DARK, 24),
        ramp(measures.spread, 10, 3),
        ramp(measures.bright_area, 0.005, 0.001),
    )
    return judgement("black", severity)


def judge_no_signal(measures: LitMeasures) -> Judgement:
    """信号丢失: a card of one exact colour, or colour bars, drawn by a recorder or encoder instead of a picture."""
    return judgement("no_signal", max(_plain_card(measures), _black_card(measures), _colour_bars(measures)))


def _plain_card(m: LitMeasures) -> float:
    if m.card_colour < 24 and not 40 <= m.card_luma <= 235:  # black, or clipped white
        return 0.0
    if m.card_colour >= 48 and m.card_luma <= 110:  # no sky is so dark and so blue: a noisy line may carry it
        return ramp(m.card, _LEAST_CARD, 0.7)
    return min(ramp(m.card, 0.5, 0.8), ramp(m.card_exact, 0.3, 0.6))


def _black_card(m: LitMeasures) -> float:
    """Writing in the middle of an exact black, where no camera puts its name."""
    if m.level > _BLACK or m.card_luma > _BLACK:
        return 0.0
    return min(ramp(m.mark, 1, 7), ramp(m.card_exact, 0.5, 0.8), ramp(m.bright_area, 0.02, 0.004))


def _colour_bars(m: LitMeasures) -> float:
    return 1.0 if 4 <= m.bars <= 20 else 0.0
