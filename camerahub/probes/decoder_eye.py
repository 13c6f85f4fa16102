"""What the decoder process says of a picture once it is decoded, and the reduced JPEG that shows it.

The one place where decoding and ``frames`` meet. A camera's past comes in as bytes and goes out as bytes: what is in
them is known to ``frames`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.core.eyes import COLUMNS, FULL, ROWS
from camerahub.core.result import FAULT_KINDS
from camerahub.frames.checks import LIT_CHECKS
from camerahub.frames.diagnosis import Diagnosis, Item, diagnose_many
from camerahub.frames.judgement import findings_of, judgement, verdict_of
from camerahub.frames.past import Past, PastError
from camerahub.frames.picture import Picture, Plane, from_bgr
from camerahub.frames.trace import Trace
from camerahub.probes.decode_line import Context

#: Sides of the JPEG kept as evidence are at most so long, pixels; its quality is lowered until it fits.
STILL_WIDTH, STILL_HEIGHT = 480, 270
QUALITIES = (70, 50, 30, 15)
_HIDDEN = 128
_HOUR_US = 3_600_000_000
#: So many pictures of different cameras are judged together at most (``decoder_child``).
BATCH = 8


def judge(seen: Sequence[tuple[Picture, Context]]) -> list[tuple[Diagnosis, bytes]]:
    """For each picture with its context: the diagnosis, and the past of its camera from now on."""
    items = [_item(picture, context) for picture, context in seen]
    return [
        _after(item, softened(told, context.weights), context)
        for item, told, (_, context) in zip(items, diagnose_many(items), seen, strict=True)
    ]


def _item(picture: Picture, context: Context) -> Item:
    mask = judged_of(context, picture.luma.shape)
    past, hour = _past_of(context.past), _hour(context.at)
    return Item((picture,), mask=mask, past=past, hour=hour, trace=Trace.of(picture, mask))


def _after(item: Item, told: Diagnosis, context: Context) -> tuple[Diagnosis, bytes]:
    if told.verdict == "unknown" or item.past is None or item.trace is None:
        return told, context.past
    after = item.past.observe(item.trace, told.measures, told.mode, told.faults, item.hour)
    return told, after.to_bytes()


def prove_judging() -> None:
    """Judge a drawn picture and the ones after it: whatever is loaded on first use is loaded now, or missed now."""
    wedge = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (180, 1))
    picture = from_bgr(cv2.merge((wedge, wedge, wedge)), 320, 180)  # type: ignore[arg-type]
    ((_, past),) = judge([(picture, Context())])
    judge([(picture, Context(past=past))] * BATCH)


def _past_of(data: bytes) -> Past:
    """A past that this version cannot read is begun anew: what is usual of a camera is soon learned again."""
    try:
        return Past.from_bytes(data)
    except PastError:
        return Past()


def _hour(at_us: int) -> float | None:
    """Hour of the day in UTC: a camera's bands need be the same from day to day, not those of a clock on the wall."""
    return at_us / _HOUR_US % 24 if at_us else None


def softened(told: Diagnosis, weights: bytes) -> Diagnosis:
    """``told`` with each severity times how far its kind is trusted at this camera; b"" = wholly."""
    if not weights:
        return told
    trust = {kind: weight / FULL for kind, weight in zip(FAULT_KINDS, weights, strict=True)}
    findings = findings_of(
        judgement(one.kind, one.severity * trust.get(one.kind, 1.0)) for one in told.findings
    )
    verdict = verdict_of(findings) if told.verdict == "fault" else told.verdict
    return replace(told, findings=findings, verdict=verdict)


def reason_of(told: Diagnosis) -> str:
    """The one reason a result carries: what shows nothing before what shows it badly, then the most severe fault."""
    dark = [kind for kind in LIT_CHECKS if kind in told.faults]
    first = next(iter((*dark, *told.faults)), "ok")
    return "unjudged" if told.verdict == "unknown" and first == "ok" else first


def mask_of(bits: bytes, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask (``core.eyes``) over a plane of ``shape`` (H, W): True = masked. b"" masks nothing."""
    if not bits:
        return np.zeros(shape, np.bool_)
    cells = np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(ROWS, COLUMNS)
    return cv2.resize(cells, shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.bool_)


def judged_of(context: Context, shape: tuple[int, int]) -> Plane | None:
    """What of a plane of ``shape`` (H, W) is judged, uint8: 0 where something masks it, 255 elsewhere; None = all."""
    if not context.ignored and not context.private:
        return None
    masked = mask_of(context.ignored, shape) | mask_of(context.private, shape)
    return np.where(masked, 0, 255).astype(np.uint8)


def still(picture: Picture, context: Context) -> bytes:
    """The picture as a JPEG of at most ``context.still_bytes``, what is private hidden; b"" when none is so small."""
    height, width = picture.luma.shape
    scale = min(1.0, STILL_WIDTH / width, STILL_HEIGHT / height)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    planes = [_reduced(plane, size) for plane in (picture.luma, picture.v, picture.u)]
    if context.private:
        hidden = mask_of(context.private, (size[1], size[0]))
        for plane in planes:
            plane[hidden] = _HIDDEN
    image = cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR)
    for quality in QUALITIES:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if data.size <= context.still_bytes:
            return data.tobytes()
    return b""


def _reduced(plane: Plane, size: tuple[int, int]) -> Plane:
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
