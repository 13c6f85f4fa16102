"""A camera's own past: what its pictures are usually like, so that it is judged against itself and not the county.

It exists because no threshold fits every camera: a wall is always poor, a fence always striped, an old lens always
soft, while a street that has become as soft as that has a fault. A past is a small value without a clock; whoever
asks keeps its bytes. An empty past changes nothing: a camera seen for the first time is judged soundly by its picture
alone. What one past can do is bounded both ways: a gross fault is told however used to it the past has become, and a
picture that looks healthy in itself is never accused for being unusual, but for its view.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames import change
from camerahub.frames.judgement import Judgement, judgement
from camerahub.frames.picture import Plane

#: A day in bands of equal length, a picture in the modes of ``mode``: each pair of them has numbers of its own.
BANDS, MODES = 4, ("day", "night", "infrared")
#: Kinds of which the usual log-odds are kept. Black and a card are certain; of others there is nothing to be used to.
KINDS = (
    "overexposed", "underexposed", "low_contrast", "colour_cast", "snow_noise", "stripes", "mosaic", "blur",
    "occlusion",
)  # fmt: skip


class Kept(NamedTuple):
    """A measure that is remembered. ``sign`` -1: less is worse, +1: more is. ``least``: deviation there always is."""

    kind: str
    sign: int
    least: float
    log: bool = False


#: Measures that tell how a kind begins at one camera long before they would tell it of any camera.
KEPT: dict[str, Kept] = {
    "blur_steep_mid": Kept("blur", -1, 0.02),
    "blur_coarse_mid": Kept("blur", -1, 0.02),
    "blur_detail": Kept("blur", -1, 0.1, log=True),
    "contrast_span": Kept("low_contrast", -1, 0.15, log=True),
    "contrast_best": Kept("low_contrast", -1, 0.15, log=True),
    "light_mid": Kept("underexposed", -1, 0.2, log=True),
    "light_most": Kept("underexposed", -1, 0.15, log=True),
    "cover_plain": Kept("occlusion", 1, 0.04),
    "poor_gap": Kept("occlusion", 1, 0.2),
    "cover_largest": Kept("occlusion", 1, 0.04),
}
_COLUMNS = len(KINDS) + len(KEPT)
_LEAST = np.array([0.5] * len(KINDS) + [kept.least for kept in KEPT.values()], np.float32)
_OF = {
    kind: np.array([at for at, kept in enumerate(KEPT.values()) if kept.kind == kind], np.intp)
    for kind in {kept.kind for kept in KEPT.values()}
}
_SIGNS = np.array([kept.sign for kept in KEPT.values()], np.float32)

#: A new picture moves the numbers by at least this share, so that seasons are followed within days.
_SLOWEST = 1 / 24
#: One picture counts as no further from the middle than so many spreads (Huber's clipping).
_CLIP = 2.5
#: Log-odds of a picture that is as healthy as most; what a camera usually shows above that is taken off, LESS at most.
_NORMAL, LESS = -4.0, 3.0
#: So many spreads worse than usual is where a picture becomes suspect; MORE log-odds are added at most.
_UNUSUAL, _SLOPE, MORE = 3.0, 0.5, 1.0
#: Pictures of a mode from which on it counts as known.
ENOUGH = 4
#: Views are learned from the first so many pictures of a mode (three hours), and judged after that.
SETTLED = 12
#: Views kept (presets of a camera that turns, the same by night), reduced: long and short side.
VIEWS, VIEW_LONG, VIEW_SHORT = 4, 32, 18
_KNOWN_VIEW = 0.15
_MAX_COUNT = 255

_VERSION = 1
_HEAD = struct.Struct("!BIBBB")
_VIEW_HEAD = struct.Struct("!BB")
_TABLE = zlib.crc32(" ".join((*KINDS, *KEPT)).encode())
_CELLS = (BANDS, len(MODES), _COLUMNS)
_SIZE = VIEW_LONG * VIEW_SHORT
#: Most bytes of a past.
MAX_BYTES = (
    _HEAD.size + BANDS * len(MODES) + 4 * BANDS * len(MODES) * _COLUMNS + VIEWS * (_VIEW_HEAD.size + _SIZE)
)

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A view of this camera: ``thumb`` uint8 (18, 32), (32, 18) when tall; ``mode`` it was seen in, how often."""

    thumb: Plane
    mode: str
    seen: int


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """``middle``, ``spread`` float16 (bands, modes, columns): middle NaN = never seen. ``count`` uint8 (bands, modes).

    ``views``: at most VIEWS; ``wanders``: more were needed, so that a view tells nothing here. Values are never changed
    in place.
    """

    middle: Half = field(default_factory=lambda: np.full(_CELLS, np.nan, np.float16))
    spread: Half = field(default_factory=lambda: np.zeros(_CELLS, np.float16))
    count: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(_CELLS[:2], np.uint8))
    views: tuple[Reference, ...] = ()
    wanders: bool = False

    def observe(
        self, odds: Mapping[str, float], measures: Mapping[str, float], thumb: Plane, mode: str, hour: float
    ) -> Past:
        """The past with one more picture in it, which the caller judged ok.

        ``odds``: log-odds of each kind before any past; ``thumb`` uint8 (36, 64), (64, 36) when tall (``trace``);
        ``mode`` as ``Diagnosis.mode``; ``hour`` 0..24 of any one clock. ValueError for another mode.
        """
        band, at = band_of(hour), MODES.index(mode)
        middle, spread, count = self.middle.copy(), self.spread.copy(), self.count.copy()
        seen = int(count[band, at])
        middle[band, at], spread[band, at] = _moved(
            middle[band, at], spread[band, at], _values(odds, measures), seen
        )
        views, wanders = self._views_with(_reduced(thumb), mode)
        count[band, at] = min(seen + 1, _MAX_COUNT)
        return Past(middle, spread, count, views, wanders)

    def usual(self, mode: str, hour: float | None) -> Usual | None:
        """What is usual in a mode at an hour, at any hour where too little is known of that one; None = not known."""
        at = MODES.index(mode)
        if hour is not None and self.count[band_of(hour), at] >= ENOUGH:
            band = band_of(hour)
            return Usual(
                self.middle[band, at].astype(np.float32),
                self.spread[band, at].astype(np.float32),
                int(self.count[band, at]),
            )
        return self._any_hour(at)

    def _any_hour(self, at: int) -> Usual | None:
        weight = self.count[:, at].astype(np.float32)
        if weight.sum() < ENOUGH:
            return None
        known = ~np.isnan(self.middle[:, at])
        share = weight[:, None] * known
        share /= np.maximum(share.sum(axis=0), 1e-6)
        middles = np.nan_to_num(self.middle[:, at].astype(np.float32))
        middle = (middles * share).sum(axis=0)
        within = (self.spread[:, at].astype(np.float32) * share).sum(axis=0)
        between = (np.abs(middles - middle) * share).sum(axis=0)
        return Usual(np.where(known.any(axis=0), middle, np.nan), within + between, int(weight.sum()))

    def knows_views(self, mode: str) -> bool:
        """Whether a view that is none of ``views`` is another view."""
        enough = int(self.count[:, MODES.index(mode)].sum()) >= SETTLED
        return enough and not self.wanders and any(view.mode == mode for view in self.views)

    def changed(self, thumb: Plane, mode: str) -> float | None:
        """Severity 0..1 of 场景变更 against the nearest of the views; None = not known. ``thumb`` as in ``observe``."""
        if not self.knows_views(mode):
            return None
        return self._nearest(_reduced(thumb), mode)[1]

    def _nearest(self, thumb: Plane, mode: str) -> tuple[int, float]:
        """Place of the first view that is this one, of the nearest when none is, and how far it is off; 1 = no view."""
        order = sorted(
            range(len(self.views)), key=lambda at: (self.views[at].mode != mode, -self.views[at].seen)
        )
        newest, best = _field(thumb), (-1, 1.0)
        for at in order:
            if self.views[at].thumb.shape != thumb.shape:
                continue
            off = change.judge(change.compare(_field(self.views[at].thumb), newest)).severity
            if off < best[1]:
                best = (at, off)
            if off <= _KNOWN_VIEW:
                break
        return best

    def _views_with(self, thumb: Plane, mode: str) -> tuple[tuple[Reference, ...], bool]:
        at, off = self._nearest(thumb, mode)
        if off <= _KNOWN_VIEW and self.views[at].mode == mode:
            known = self.views[at]
            blended = ((known.thumb.astype(np.uint16) * 7 + thumb + 4) // 8).astype(np.uint8)
            view = Reference(blended, mode, min(known.seen + 1, _MAX_COUNT))
            return (*self.views[:at], view, *self.views[at + 1 :]), self.wanders
        first = all(view.mode != mode for view in self.views)
        if not first and (self.knows_views(mode) or off < 0.5):
            return self.views, self.wanders
        if len(self.views) < VIEWS:
            return (*self.views, Reference(thumb, mode, 1)), self.wanders
        return self.views, True

    def to_bytes(self) -> bytes:
        """At most MAX_BYTES; ``from_bytes`` gives the same past."""
        head = _HEAD.pack(_VERSION, _TABLE, BANDS, len(self.views), self.wanders)
        views = (
            _VIEW_HEAD.pack(
                MODES.index(view.mode) << 1 | (view.thumb.shape[0] > view.thumb.shape[1]), view.seen
            )
            + view.thumb.tobytes()
            for view in self.views
        )
        numbers = (array.astype("<f2").tobytes() for array in (self.middle, self.spread))
        return b"".join((head, self.count.tobytes(), *numbers, *views))

    @classmethod
    def from_bytes(cls, data: bytes) -> Past:
        """What ``to_bytes`` gave; b"" is an empty past. ValueError for anything else, such as another version's."""
        if not data:
            return EMPTY
        if len(data) < _HEAD.size:
            raise ValueError("a past without a head")
        version, table, bands, views, wanders = _HEAD.unpack_from(data)
        size = MAX_BYTES - (VIEWS - views) * (_VIEW_HEAD.size + _SIZE)
        known = (version, table, bands) == (_VERSION, _TABLE, BANDS) and views <= VIEWS and wanders <= 1
        if not known or len(data) != size:
            raise ValueError(f"a past of version {version} and {len(data)} bytes")
        return _read(data, views, bool(wanders))


class Usual(NamedTuple):
    """``middle`` (NaN = not known) and ``spread`` float32 (columns,), and how many pictures they are of."""

    middle: NDArray[np.float32]
    spread: NDArray[np.float32]
    pictures: int


def _read(data: bytes, views: int, wanders: bool) -> Past:
    at, cells = _HEAD.size, BANDS * len(MODES)
    count = np.frombuffer(data, np.uint8, cells, at).reshape(_CELLS[:2]).copy()
    at += cells
    numbers = np.frombuffer(data, "<f2", 2 * cells * _COLUMNS, at).astype(np.float16).reshape(2, *_CELLS)
    at += 4 * cells * _COLUMNS
    middle, spread = numbers
    if np.isinf(numbers).any() or not (spread >= 0).all():
        raise ValueError("a past with numbers that are none")
    found = []
    for _ in range(views):
        bits, seen = _VIEW_HEAD.unpack_from(data, at)
        if bits >> 1 >= len(MODES):
            raise ValueError("a past with a view of no mode")
        at += _VIEW_HEAD.size
        shape = (VIEW_LONG, VIEW_SHORT) if bits & 1 else (VIEW_SHORT, VIEW_LONG)
        thumb = np.frombuffer(data, np.uint8, _SIZE, at).reshape(shape).copy()
        found.append(Reference(thumb, MODES[bits >> 1], seen))
        at += _SIZE
    return Past(middle.copy(), spread.copy(), count, tuple(found), wanders)


def band_of(hour: float) -> int:
    """The band 0..BANDS-1 of an hour 0..24. ValueError outside."""
    if not 0 <= hour <= 24:
        raise ValueError(f"hour {hour}")
    return int(hour * BANDS / 24) % BANDS


def log_odds(severity: float) -> float:
    """Of a severity 0..1, within -6..6."""
    share = min(max(severity, 0.0025), 0.9975)
    return math.log(share / (1 - share))


def _values(odds: Mapping[str, float], measures: Mapping[str, float]) -> NDArray[np.float32]:
    told = [odds.get(kind, np.nan) for kind in KINDS]
    return np.array(told + list(_kept(measures)), np.float32)


def _kept(measures: Mapping[str, float]) -> list[float]:
    values = ((kept, measures.get(name, math.nan)) for name, kept in KEPT.items())
    return [math.log2(1e-3 + max(value, 0.0)) if kept.log else value for kept, value in values]


def _moved(middle: Half, spread: Half, values: NDArray[np.float32], seen: int) -> tuple[Half, Half]:
    """Middle and spread after one more picture: clipped steps (Huber 1964), so that an odd one moves them little."""
    old, wide = middle.astype(np.float32), np.maximum(spread.astype(np.float32), _LEAST)
    gain = max(1 / (seen + 1), _SLOWEST)
    away = np.clip(values - old, -_CLIP * wide, _CLIP * wide)
    new = np.where(np.isnan(old), values, np.where(np.isnan(values), old, old + gain * away))
    far = np.where(np.isnan(away), spread, spread + gain * (np.abs(away) - spread))
    return new.astype(np.float16), np.clip(far, 0, 60000).astype(np.float16)


def _reduced(thumb: Plane) -> Plane:
    size = (VIEW_SHORT, VIEW_LONG) if thumb.shape[0] > thumb.shape[1] else (VIEW_LONG, VIEW_SHORT)
    return cv2.resize(thumb, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _field(small: Plane) -> change.View:
    """Edges of a reduced view, at the size of a thumbnail, so that sway and parts mean what they mean in ``change``."""
    height, width = small.shape
    large = cv2.resize(small, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    return change.view(np.asarray(large, np.uint8))


def adjust(
    judged: Sequence[Judgement],
    measures: Mapping[str, float],
    past: Past,
    mode: str,
    hour: float | None,
    thumb: Plane | None = None,
) -> list[Judgement]:
    """``judged``, one of every kind whatever its level, as this camera's past has it; the same without a past.

    Severities are moved as log-odds: down by what is usual here (LESS at most), up by how much worse than usual the
    kept measures are (MORE at most). 场景变更 against the known views replaces the judgement of the pair where there
    are any.
    """
    usual = past.usual(mode, hour)
    found = list(judged) if usual is None else [_adjusted(one, usual, _kept(measures)) for one in judged]
    off = None if thumb is None else past.changed(thumb, mode)
    if off is None:
        return found
    return [one for one in found if one.kind != "scene_change"] + [judgement("scene_change", off)]


def _adjusted(one: Judgement, usual: Usual, values: Sequence[float]) -> Judgement:
    if one.kind not in KINDS:
        return one
    moved = worse(one.kind, usual, values) - _used_to(one.kind, usual)
    return judgement(one.kind, 1 / (1 + math.exp(-log_odds(one.severity) - moved))) if moved else one


def _used_to(kind: str, usual: Usual) -> float:
    middle = float(usual.middle[KINDS.index(kind)])
    known = usual.pictures / (usual.pictures + 2)
    return 0.0 if math.isnan(middle) else known * min(max(middle - _NORMAL, 0.0), LESS)


def worse(kind: str, usual: Usual, values: Sequence[float]) -> float:
    """Log-odds, 0..MORE, by which a kind is likelier because all its measures are worse than usual here."""
    if (columns := _OF.get(kind)) is None:
        return 0.0
    at = columns + len(KINDS)
    deviation = np.maximum(usual.spread[at], _LEAST[at])
    away = _SIGNS[columns] * (np.array(values, np.float32)[columns] - usual.middle[at]) / deviation
    least = float(away.min())
    return 0.0 if math.isnan(least) else min(max(_SLOPE * (least - _UNUSUAL), 0.0), MORE)


#: Nothing is known: a cold start.
EMPTY = Past()
