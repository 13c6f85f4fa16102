"""How wrong a camera's clock is, and in which of the ways that cameras' clocks are wrong.

ONVIF Core, GetSystemDateAndTime: UTCDateTime in whole seconds. What is found, first match:

* ``untold``: no readable UTC time in the answer.
* ``reset``: before 2010-01-01. No ONVIF camera is older, so its clock began anew (1970, 2000) and nobody set it.
* ``zone``: within 2 minutes of n hours, n = -14..14 but 0: local time told as UTC, or a wrong time zone (时区错误).
* ``right``: at most 5 s off, where cameras begin to refuse right passwords.
* ``off``: everything else.

Pure: our own times are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

RESET_BEFORE_MS = 1_262_304_000_000
"""2010-01-01 UTC, milliseconds since 1970."""
ZONE_WITHIN_MS = 120_000
ZONE_MOST_HOURS = 14
RIGHT_WITHIN_MS = 5_000
_HOUR_MS = 3_600_000

CLOCK_FINDINGS = ("right", "off", "zone", "reset", "untold")


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What the camera said. ``utc_ms`` ms since 1970 (whole seconds), None when untold; ``zone`` POSIX text or "".

    ``source`` "NTP", "Manual" or ""; ``daylight`` whether daylight saving is on.
    """

    utc_ms: int | None
    zone: str = ""
    source: str = ""
    daylight: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """The camera's clock beside ours.

    ``offset_ms`` camera minus our time in the middle between asking and answering, None when untold. The camera cuts
    its seconds off, so the true offset lies between ``offset_ms - late_ms`` and ``offset_ms + 1000 + late_ms``, where
    ``late_ms`` is half the time the answer took. ``hours`` is n of a ``zone`` finding, else 0.
    """

    offset_ms: int | None
    late_ms: int
    finding: str
    hours: int = 0
    zone: str = ""
    source: str = ""


def judge(told: DeviceTime, asked_ms: int, answered_ms: int) -> Clock:
    """Compare ``told`` with our wall clock when the request was sent and when the answer was whole (ms since 1970)."""
    late = max(0, answered_ms - asked_ms) // 2
    if told.utc_ms is None:
        return Clock(None, late, "untold", 0, told.zone, told.source)
    offset = told.utc_ms - (asked_ms + late)
    finding, hours = _finding(told.utc_ms, offset)
    return Clock(offset, late, finding, hours, told.zone, told.source)


def _finding(utc_ms: int, offset_ms: int) -> tuple[str, int]:
    if utc_ms < RESET_BEFORE_MS:
        return "reset", 0
    hours = round(offset_ms / _HOUR_MS)
    if 0 < abs(hours) <= ZONE_MOST_HOURS and abs(offset_ms - hours * _HOUR_MS) <= ZONE_WITHIN_MS:
        return "zone", hours
    return ("right" if abs(offset_ms) <= RIGHT_WITHIN_MS else "off"), 0
