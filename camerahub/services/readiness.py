"""Is the hub ready? Problems of all its parts in one list, worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from camerahub.core.texts import text
from camerahub.services.ingest import Problem

_ORDER = ("stopping", "commit", "queue", "probers", "age", "reload")


def prober_problems(connected: int, configured: int) -> list[Problem]:
    """What is wrong when not all configured probers are connected."""
    if connected >= configured:
        return []
    return [Problem("probers", text("web.ready_probers", connected=connected, configured=configured))]


def readiness(*parts: Callable[[], Sequence[Problem]]) -> Callable[[], list[Problem]]:
    """One function that asks all parts."""

    def ask() -> list[Problem]:
        found = [problem for part in parts for problem in part()]
        return sorted(found, key=lambda problem: _ORDER.index(problem.code))

    return ask
