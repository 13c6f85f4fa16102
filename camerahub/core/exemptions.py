"""Exemptions (报备): the words for why, what a window may be, and how one stands at an instant. Pure.

An exemption leaves the raw rate as it is; it takes cameras out of the adjusted one for an approved window. Who approves
is another person than who asks.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

#: Why cameras may be out (closed list): word -> (Chinese, English).
REASONS: dict[str, tuple[str, str]] = {
    "power_cut": ("停电", "power cut"),
    "construction": ("施工", "construction"),
    "relocation": ("迁改", "moved or rebuilt"),
    "parts": ("待件", "waiting for parts"),
    "arrears": ("欠费", "bills not paid"),
    "weather": ("恶劣天气", "bad weather"),
    "dismantling": ("拆除", "being taken down"),
    "other": ("其他", "other"),
}
SCOPES: dict[str, tuple[str, str]] = {
    "camera": ("摄像机", "cameras"),
    "area": ("区划", "area"),
    "device": ("设备", "device"),
    "network": ("网络", "network"),
}
#: How one stands: word -> (Chinese, English).
STANDINGS: dict[str, tuple[str, str]] = {
    "requested": ("待审批", "waits for approval"),
    "approved": ("已批准, 未开始", "approved, not begun"),
    "active": ("生效中", "in force"),
    "expired": ("已到期", "expired"),
    "revoked": ("已终止", "ended early"),
    "rejected": ("已驳回", "rejected"),
    "lapsed": ("逾期未批", "not decided in its time"),
}
DAY_US = 86_400_000_000
#: Longer than a year is no exemption: such cameras are put out of use, dated and reasoned.
MOST_DAYS = 366
#: Cameras one exemption may list, letters of a note.
MOST_CAMERAS, MOST_NOTE = 20_000, 500


@dataclass(frozen=True, slots=True)
class Exemption:
    """One exemption, as stored. Times µs UTC, None = not so; ``value`` what the scope names: area or device code,
    network, or the first camera and how many more."""

    id: int
    scope: str
    value: str
    from_at: int
    to_at: int
    reason: str
    note: str
    applicant: str
    applied_at: int
    approver: str
    approved_at: int | None
    rejected_at: int | None
    revoked_at: int | None
    revoked_by: str
    attachment: str
    attachment_sha256: str

    def standing(self, now: int) -> str:
        """A word of ``STANDINGS``."""
        if self.rejected_at is not None:
            return "rejected"
        if self.approved_at is None:
            return "requested" if now < self.to_at else "lapsed"
        if self.revoked_at is not None and self.revoked_at < self.to_at:
            return "revoked"
        if now >= self.to_at:
            return "expired"
        return "active" if now >= self.from_at else "approved"

    @property
    def backdated(self) -> bool:
        """Whether it was asked for after its window had begun: allowed, and shown."""
        return self.applied_at > self.from_at

    @property
    def until(self) -> int:
        """Where the window really ends."""
        return self.to_at if self.revoked_at is None else max(self.from_at, min(self.to_at, self.revoked_at))


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: blanks, case and full-width forms make no difference."""
    return _name(one) == _name(other)


def _name(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def window_problem(start: int, end: int) -> str | None:
    """What is wrong with a window [start, end), µs UTC: ``backwards``, ``too_long``, or None."""
    if end <= start:
        return "backwards"
    return "too_long" if end - start > MOST_DAYS * DAY_US else None
