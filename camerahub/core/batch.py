"""Results by the thousand: one numpy row an attempt, as they travel, are folded and are stored."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import ProbeResult

#: Times int64 µs since 1970 UTC; durations µs; ``status`` the last RTSP/HTTP status, 0 none; little endian on the wire.
RESULT_DTYPE = np.dtype(
    [
        ("endpoint", "<i8"),
        ("started_at", "<i8"),
        ("duration_us", "<u4"),
        ("status", "<u2"),
        ("probe", "u1"),
        ("outcome", "u1"),
        ("reason", "u1"),
        ("stage", "u1"),
        ("flags", "<u2"),
    ]
)

#: What conversations about media learned (``core.result.MediaFacts``): stream and codec as codes, sizes in bytes and
#: pixels, rate in bit/s; ``faults``: bit k = kind k of ``core.result.FAULT_KINDS`` was found in the picture.
FACTS_DTYPE = np.dtype(
    [
        ("endpoint_id", "<i8"),
        ("at", "<i8"),
        ("stream", "u1"),
        ("codec", "u1"),
        ("received", "<u4"),
        ("key_bytes", "<u4"),
        ("bit_rate", "<u4"),
        ("width", "<u2"),
        ("height", "<u2"),
        ("faults", "<u2"),
    ]
)

#: What is known of the age of snapshots (``core.stand_in.SHOT_ROW``): times in µs and s, codes,
#: CRC-32, SHA-256.
SHOT_DTYPE = np.dtype(
    [
        ("endpoint_id", "<i8"),
        ("at", "<i8"),
        ("date", "<i8"),
        ("fresh", "u1"),
        ("refused", "u1"),
        ("address", "<u4"),
        ("digest", "V32"),
    ]
)


def pack(results: Iterable[ProbeResult]) -> NDArray[np.void]:
    """Results as an array of shape (N,) and dtype ``RESULT_DTYPE``, in the order given."""
    return np.array([r.row() for r in results], dtype=RESULT_DTYPE)
