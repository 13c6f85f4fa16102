"""What judging a camera's pictures needs beyond the picture: its past, its masks, how far each kind is trusted.

Shapes and bounds only, without numpy: a prober carries these, and never looks inside.
"""

from __future__ import annotations

from typing import NamedTuple

from camerahub.core.result import FAULT_KINDS
from camerahub.core.stand_in import LAST_BYTES

#: Most bytes of a camera's past (``frames``' own format; nobody else reads it).
MAX_PAST = 8192
#: A mask: one bit a cell, rows from the top, 1 = masked (numpy.packbits of (36, 64) bool).
COLUMNS, ROWS = 64, 36
MASK_BYTES = COLUMNS * ROWS // 8
#: Most bytes of the JPEG kept as evidence.
MAX_STILL = 48 * 1024
#: A kind that is trusted wholly.
FULL = 255
#: What one 误报 leaves of it. After one, severity 0.67 is needed for a fault instead of 0.5, after two 0.89; a third
#: silences the kind at this camera.
_AFTER_ALARM = 0.75
_NO_WEIGHTS = bytes([FULL] * len(FAULT_KINDS))


class Lesson(NamedTuple):
    """What a prober is told of the pictures of one endpoint.

    ``past``: at most MAX_PAST bytes, b"" = forget it, None = keep what you have. ``ignored`` (not judged) and
    ``private`` (neither judged nor ever stored): masks of MASK_BYTES, b"" = nothing. ``weights``: a byte for each of
    FAULT_KINDS, FULL = trusted wholly, b"" = all are. ``shot``: its last snapshot (``core.stand_in.LastShot``,
    packed), b"" = keep what you have.
    """

    endpoint: int
    past: bytes | None = None
    ignored: bytes = b""
    private: bytes = b""
    weights: bytes = b""
    shot: bytes = b""

    def checked(self) -> Lesson:
        """Itself, or ValueError when a length is none of those allowed."""
        sizes = {len(self.ignored), len(self.private)}
        if (
            len(self.past or b"") > MAX_PAST
            or not sizes <= {0, MASK_BYTES}
            or len(self.weights) not in (0, len(FAULT_KINDS))
            or len(self.shot) not in (0, LAST_BYTES)
        ):
            raise ValueError(f"endpoint {self.endpoint}: a past, mask, weights or snapshot of another size")
        return self


def weight_of(alarms: int) -> int:
    """How far a kind is trusted at a camera after so many 误报, 0..FULL."""
    return round(FULL * _AFTER_ALARM**alarms)


def weights_of(alarms: dict[str, int]) -> bytes:
    """``Lesson.weights`` of the number of 误报 by kind; b"" when there are none."""
    weights = bytes(weight_of(alarms.get(kind, 0)) for kind in FAULT_KINDS)
    return b"" if weights == _NO_WEIGHTS else weights
