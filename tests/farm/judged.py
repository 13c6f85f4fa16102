"""Which kinds of picture fault are judged by now: of the others nobody can say that they are there."""

from __future__ import annotations

from camerahub.core.result import FAULT_KINDS
from camerahub.frames.checks import LIT_CHECKS

JUDGED = frozenset(LIT_CHECKS)
NOT_YET = frozenset(FAULT_KINDS) - JUDGED
