"""Processor time a command has used, its children included."""

from __future__ import annotations

import resource


def children_s() -> float:
    """Processor seconds of the children that have ended and were waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
