"""What is known of one camera: how it usually looks, which views it has, and its newest picture's trace. Under 8 kB.

It exists because a lens that was always soft is no fault and one that was sharp yesterday is. A pure value: each look
gives a new one; it travels as bytes, made and read here alone. Unknown is the beginning: a camera without a past is
judged as any other, and each judgement against the past needs enough looks of the same mode and time of day.

Only looks without a fault teach how it usually looks, so a fault that lasts never becomes usual. A view is known when
it is the first, when it is the first under new light (night falls), or when the camera has come back to it,
as on a tour of presets; a camera that was knocked does not come back.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.frames import change
from camerahub.frames.change import ChangeMeasures, View
from camerahub.frames.judgement import FAULT, ramp
from camerahub.frames.sketch import Floats
from camerahub.frames.trace import PATCHES_LONG, PATCHES_SHORT, SIDE, THUMB_LONG, THUMB_SHORT, Trace

MODES = ("day", "night", "infrared")
#: Bands of a day, six hours each; a look at an unknown hour belongs to the first.
BANDS = 4
#: Kind -> measures that tell it against the camera's own past, +1 where more is worse.
RELATIVE: dict[str, tuple[tuple[str, int], ...]] = {
    "blur": (("blur_steep_mid", -1), ("blur_detail", -1)),
    "low_contrast": (("contrast_span", -1), ("contrast_best", -1)),
    "occlusion": (("cover_plain", 1), ("cover_largest", 1)),
    "overexposed": (("over_white", 1),),
    "underexposed": (("light_mid", -1),),
}
#: How much a severity counts where all is as always, and which share of what is missing is added where it is as never.
#: Of light its measures say more than those of what lies before the lens; and it changes by itself: it adds nothing.
WEIGHTS: dict[str, tuple[float, float]] = dict.fromkeys(RELATIVE, (0.7, 0.45)) | dict.fromkeys(
    ("overexposed", "underexposed"), (0.5, 0.0)
)
TRACKED = tuple(name for measures in RELATIVE.values() for name, _ in measures)
#: In this order 误报 are stored.
KINDS = (
    "no_signal", "black", "blur", "overexposed", "underexposed", "low_contrast", "colour_cast", "snow_noise",
    "stripes", "mosaic", "occlusion", "frozen", "scene_change", "shake",
)  # fmt: skip
#: What one 误报 leaves of a severity.
TRUST = 0.75
#: Views kept; looks after which a band of hours is trusted, and after which a look moves it by 1/MEMORY of its spread.
MOST_VIEWS, ENOUGH, MEMORY = 4, 8, 32
#: Arrivals after which a view is one of a tour, or of a night that looks like day; looks after which a view under new
#: light is known.
ARRIVALS, NIGHTS = 2, 4
#: Usual is within so many spreads, odd beyond; a spread is at least this share of the median.
_USUAL, _ODD, _LEAST_SPREAD = 1.5, (4.0, 12.0), 0.05
#: 1.4826 makes a median deviation comparable with a standard one (normal distribution).
_NORMAL = 1.4826
#: The most that to_bytes gives.
MOST_BYTES = 8192

_VERSION = 2
_HEAD = struct.Struct(f"<BBHHB{len(KINDS)}s")
_VIEW = struct.Struct("<BBHB")
_CELLS = (THUMB_SHORT - 2) * (THUMB_LONG - 2)
_PLANE = (_CELLS + 7) // 8
_DIRECTIONS, _WEAK, _STRONG = 7, 0.3, 0.7
_TURN = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
_ACROSS = np.concatenate(([0], _STRONG * np.cos(_TURN))).astype(np.float32)
_DOWN = np.concatenate(([0], _STRONG * np.sin(_TURN))).astype(np.float32)
_NOWHERE = 255


class PastError(ValueError):
    """The bytes are not a past."""


class Reference(NamedTuple):
    """One view: ``codes`` three bits of each of its 62 x 34 cells, 0 = no edge, else its direction in sevenths.

    ``mode`` under which it was first seen, ``seen`` looks, ``arrivals`` from another view, ``tall`` picture.
    """

    codes: bytes
    mode: str
    seen: int
    arrivals: int
    tall: bool
    known: bool

    def view(self) -> View:
        """As ``change.compare`` takes it."""
        bits = np.unpackbits(np.frombuffer(self.codes, np.uint8).reshape(3, _PLANE), axis=1)[:, :_CELLS]
        code = bits[0] * 4 + bits[1] * 2 + bits[2]
        shape = (THUMB_LONG - 2, THUMB_SHORT - 2) if self.tall else (THUMB_SHORT - 2, THUMB_LONG - 2)
        return View(np.stack((_ACROSS[code], _DOWN[code])).reshape(2, *shape))


def _coded(view: View) -> bytes:
    across, down = view.field.reshape(2, -1)
    turn = np.rint(np.arctan2(down, across) * (_DIRECTIONS / (2 * np.pi))).astype(np.int8) % _DIRECTIONS + 1
    code = np.where(across * across + down * down < _WEAK**2, 0, turn).astype(np.uint8)
    return np.packbits(np.stack([code >> 2 & 1, code >> 1 & 1, code & 1]), axis=1).tobytes()


def _no_norms() -> Floats:
    return np.zeros((len(MODES), BANDS, len(TRACKED), 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """``trace`` of the newest picture; ``views`` at most MOST_VIEWS, ``here`` the one it showed (or 255).

    ``norms`` float32 (3 modes, 4 bands, TRACKED, 2): median and median deviation, by stochastic approximation (Robbins
    and Monro 1951: a step up or down at each look). ``looks`` uint8 (3, 4), 255 = many. ``alarms``: 误报 by kind.
    """

    trace: Trace | None = None
    views: tuple[Reference, ...] = ()
    here: int = _NOWHERE
    norms: Floats = field(default_factory=_no_norms)
    looks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((len(MODES), BANDS), np.uint8))
    alarms: Mapping[str, int] = field(default_factory=dict)

    def changed(self, trace: Trace, mode: str) -> ChangeMeasures | None:
        """``trace`` against the known view that agrees best; None when no view is known, or this orientation is new.

        Under light in which no view is known the agreement is at least that of a warning: it is not accused.
        """
        view = change.view(trace.thumb)
        known = [one for one in self.views if one.known and one.tall == _tall(trace)]
        if not known:
            return None
        found = max((change.compare(one.view(), view) for one in known), key=lambda one: sum(one[:2]))
        if any(one.mode == mode for one in known) or change.judge(found).severity < FAULT:
            return found
        return found._replace(agreement=change.DOUBT, agreement_parts=change.DOUBT)

    def weighed(
        self,
        severities: Mapping[str, float],
        measures: Mapping[str, float],
        mode: str,
        hour: float | None = None,
    ) -> dict[str, float]:
        """Severities 0..1 by kind, of a picture with these measures, as this camera's own past lets them count.

        What looks as always counts less, what looks as never counts more, and a kind that was 误报 counts ``TRUST``
        times for each. ``hour`` 0..24 of the camera's day, None when unknown.
        """
        out = dict(severities)
        for kind in RELATIVE.keys() & out.keys():
            odd = self._odd(kind, measures, mode, hour)
            if odd == odd:
                out[kind] = _relative(out[kind], odd, *WEIGHTS[kind])
        return {kind: value * TRUST ** self.alarms.get(kind, 0) for kind, value in out.items()}

    def _odd(self, kind: str, measures: Mapping[str, float], mode: str, hour: float | None) -> float:
        """How many spreads the least odd measure of a kind is worse than usual; NaN when nothing is usual yet."""
        cells = [(MODES.index(mode), band(hour))]
        if self.looks[cells[0]] < ENOUGH:
            cells = [
                (cells[0][0], other) for other in range(BANDS) if self.looks[cells[0][0], other] >= ENOUGH
            ]
        found = [self._odd_in(cell, kind, measures) for cell in cells]
        return min(found, default=float("nan"))

    def _odd_in(self, cell: tuple[int, int], kind: str, measures: Mapping[str, float]) -> float:
        worst = []
        for name, sign in RELATIVE[kind]:
            middle, deviation = self.norms[cell][TRACKED.index(name)].tolist()
            spread = max(_NORMAL * deviation, _LEAST_SPREAD * abs(middle), 1e-3)
            worst.append(sign * (measures.get(name, float("nan")) - middle) / spread)
        return min(worst) if all(one == one for one in worst) else float("nan")

    def observe(
        self,
        trace: Trace,
        measures: Mapping[str, float],
        mode: str,
        faults: Collection[str] = (),
        hour: float | None = None,
    ) -> Past:
        """The past after one more look. ``faults``: kinds found; with one of them nothing is learned but the trace.

        ValueError for an unknown mode.
        """
        after = replace(self, trace=trace)
        if set(faults) <= {"scene_change"}:
            after = after._seen(trace, mode, "scene_change" in faults)
        if not faults:
            after = after._learned(measures, (MODES.index(mode), band(hour)))
        return after

    def _seen(self, trace: Trace, mode: str, changed: bool) -> Past:
        view, tall = change.view(trace.thumb), _tall(trace)
        at = _best(self.views, view, tall)
        if at is None:
            return self._new_view(Reference(_coded(view), mode, 1, 1, tall, False), first=not changed)
        one = self.views[at]
        arrivals = min(one.arrivals + (self.here != at), 255)
        lit = any(other.known and other.mode == mode and other.tall == tall for other in self.views)
        known = one.known or arrivals >= ARRIVALS or (not lit and one.seen + 1 >= NIGHTS)
        one = one._replace(seen=min(one.seen + 1, 65535), arrivals=arrivals, known=known)
        return replace(self, views=(*self.views[:at], one, *self.views[at + 1 :]), here=at)

    def _new_view(self, one: Reference, first: bool) -> Past:
        """Into a free place, else into that of the least known view; known at once when it is the first of all."""
        one = one._replace(known=first and not any(other.known for other in self.views))
        if len(self.views) < MOST_VIEWS:
            return replace(self, views=(*self.views, one), here=len(self.views))
        at = min(range(1, MOST_VIEWS), key=lambda n: (self.views[n].known, self.views[n].seen))
        return replace(self, views=(*self.views[:at], one, *self.views[at + 1 :]), here=at)

    def _learned(self, measures: Mapping[str, float], cell: tuple[int, int]) -> Past:
        norms, looks = self.norms.copy(), self.looks.copy()
        value = np.array([measures.get(name, float("nan")) for name in TRACKED], np.float32)
        norms[cell] = _stepped(norms[cell], value, int(looks[cell]))
        looks[cell] = min(int(looks[cell]) + 1, 255)
        return replace(self, norms=norms, looks=looks)

    def refuted(self, kind: str) -> Past:
        """After a technician's 误报 of ``kind``: it is counted and its severity counts less from now on.

        One of ``scene_change`` makes the view that the camera has now a known one. ValueError for an unknown kind. A
        caller that keeps such counts itself must not tell them here as well.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}")
        alarms = {**self.alarms, kind: min(self.alarms.get(kind, 0) + 1, 255)}
        if kind != "scene_change" or self.here >= len(self.views):
            return replace(self, alarms=alarms)
        here = self.views[self.here]._replace(known=True)
        views = (*self.views[: self.here], here, *self.views[self.here + 1 :])
        return replace(self, alarms=alarms, views=views)

    def to_bytes(self) -> bytes:
        """At most MOST_BYTES; ``from_bytes`` gives the same value (medians rounded to half precision)."""
        height, width = self.trace.shape if self.trace else (0, 0)
        alarms = bytes(self.alarms.get(kind, 0) for kind in KINDS)
        parts = [_HEAD.pack(_VERSION, len(self.views), height, width, self.here, alarms)]
        if self.trace:
            parts += [self.trace.thumb.tobytes(), self.trace.patches.tobytes()]
        for one in self.views:
            parts += [
                _VIEW.pack(MODES.index(one.mode), one.tall * 2 + one.known, one.seen, one.arrivals),
                one.codes,
            ]
        half = np.clip(self.norms, -60000, 60000).astype("<f2")
        return b"".join((*parts, self.looks.tobytes(), half.tobytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Past:
        """What ``to_bytes`` made; b"" is a past of nothing. PastError for anything else."""
        if not data:
            return cls()
        if len(data) > MOST_BYTES or len(data) < _HEAD.size or data[0] != _VERSION:
            raise PastError(f"{len(data)} bytes of version {data[0]}")
        _, count, height, width, here, alarms = _HEAD.unpack_from(data)
        shape, reader = (height, width), _Reader(data, _HEAD.size)
        trace = _trace(reader, shape) if height and width else None
        if count > MOST_VIEWS:
            raise PastError(f"{count} views")
        views = tuple(_reference(reader) for _ in range(count))
        looks = np.frombuffer(reader.take(len(MODES) * BANDS), np.uint8).reshape(len(MODES), BANDS)
        norms = np.frombuffer(reader.take(_no_norms().size * 2), "<f2").astype(np.float32)
        if reader.left or not np.isfinite(norms).all():
            raise PastError("too long, or a median that is no number")
        counted = {kind: number for kind, number in zip(KINDS, alarms, strict=True) if number}
        return cls(trace, views, here, norms.reshape(_no_norms().shape), looks, counted)


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if self.left < size:
            raise PastError("too short")
        self.at += size
        return self.data[self.at - size : self.at]


def _trace(reader: _Reader, shape: tuple[int, int]) -> Trace:
    height, width = shape
    if max(shape) > 640 or min(shape) > 360:
        raise PastError(f"a picture of {width}x{height}")
    rows, columns = (THUMB_LONG, THUMB_SHORT) if height > width else (THUMB_SHORT, THUMB_LONG)
    thumb = np.frombuffer(reader.take(rows * columns), np.uint8).reshape(rows, columns)
    count = PATCHES_LONG * PATCHES_SHORT if min(shape) >= PATCHES_LONG * SIDE else 0
    patches = np.frombuffer(reader.take(count * SIDE * SIDE), np.uint8).reshape(count, SIDE, SIDE)
    return Trace(thumb, patches, shape)


def _reference(reader: _Reader) -> Reference:
    mode, flags, seen, arrivals = _VIEW.unpack(reader.take(_VIEW.size))
    if mode >= len(MODES) or flags > 3:
        raise PastError("a view under unknown light")
    return Reference(reader.take(3 * _PLANE), MODES[mode], seen, arrivals, flags >= 2, bool(flags & 1))


def band(hour: float | None) -> int:
    """Which of the BANDS of the day an hour 0..24 lies in; an unknown one in the first. Hours wrap."""
    return int((hour or 0.0) % 24 * BANDS / 24) % BANDS


def _tall(trace: Trace) -> bool:
    return trace.shape[0] > trace.shape[1]


def _best(views: Collection[Reference], view: View, tall: bool) -> int | None:
    """The place of the view that agrees best, if it agrees at all."""
    found = [(change.compare(one.view(), view), at) for at, one in enumerate(views) if one.tall == tall]
    best, at = max(found, key=lambda one: sum(one[0][:2]), default=(change.NOTHING, 0))
    return at if sum(best[:2]) / 2 > change.SAME else None


def _relative(severity: float, odd: float, as_always: float, as_never: float) -> float:
    """See ``WEIGHTS``. With nearly half of what is missing a doubt becomes a fault, nothing a warning."""
    if odd < _USUAL:
        return severity * (1 - (1 - as_always) * ramp(odd, _USUAL, 0.5))
    return severity + (1 - severity) * as_never * ramp(odd, *_ODD)


def _stepped(norm: Floats, value: Floats, looks: int) -> Floats:
    """(TRACKED, 2) after one more value of each; a measure that is not defined teaches nothing."""
    middle, deviation = norm.T
    if looks == 0:
        first = np.nan_to_num(value)
        return np.stack((first, 0.1 * np.abs(first)), axis=1)
    step = np.maximum(deviation, 0.01 * np.abs(middle) + 1e-3) * (2.0 / min(looks + 1, MEMORY))
    away = value - middle
    moved = middle + np.sign(away) * np.minimum(step, np.abs(away))
    wider = np.maximum(deviation + np.sign(np.abs(away) - deviation) * step / 2, 0)
    return np.where(np.isnan(value)[:, None], norm, np.stack((moved, wider), axis=1)).astype(np.float32)
