"""The rungs L0 to L6 of one camera, told from the answers of its facets: how far we get, and where it ends.

States are per facet, technicians think in rungs (reachable? speaks? lets us in?). This says no more than the answers
prove: a rung that no answer speaks of is unknown, and one above a failed rung was not reached. Source: the stages of
``core.result.Stage``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from camerahub.core.guard_rows import PASSED
from camerahub.core.result import Stage

#: The device did not take the connection; any other fault of 在线 came after it did.
_NO_CONNECTION = frozenset(("timeout", "unreachable", "refused"))
#: Which facet answers for a rung.
_FACET = {Stage.L2: "online", Stage.L4: "media", Stage.L5: "lit", Stage.L6: "picture"}
_WORDS = {"up": "passed", "down": "failed", "unknown": "unknown"}
RUNGS: tuple[Stage, ...] = tuple(stage for stage in Stage if stage <= Stage.L6)


class Rung(NamedTuple):
    """``verdict``: passed, failed, unknown, or unreached (one below failed); ``reason`` of a failed or unknown one."""

    stage: Stage
    verdict: str
    reason: str = ""


def ladder(told: Mapping[str, tuple[str, str]]) -> tuple[Rung, ...]:
    """L0 to L6 of a camera; ``told``: facet -> (state, reason). KeyError when one of the four facets lacks."""
    rungs: list[Rung] = []
    for stage in RUNGS:
        if any(rung.verdict == "failed" for rung in rungs):
            rungs.append(Rung(stage, "unreached"))
        else:
            rungs.append(_rung(stage, told))
    return tuple(rungs)


def _rung(stage: Stage, told: Mapping[str, tuple[str, str]]) -> Rung:
    if stage is Stage.L0:
        return Rung(stage, "passed")
    if stage is Stage.L1:
        return _connected(stage, *told["online"])
    if stage is Stage.L3:
        return _let_in(stage, *told["media"])
    state, reason = told[_FACET[stage]]
    return Rung(stage, _WORDS[state], "" if state == "up" else reason)


def _connected(stage: Stage, state: str, reason: str) -> Rung:
    if state == "unknown":
        return Rung(stage, "unknown", reason)
    return Rung(stage, "failed", reason) if reason in _NO_CONNECTION else Rung(stage, "passed")


def _let_in(stage: Stage, state: str, reason: str) -> Rung:
    """What the conversation about media says of the login: devices tell some things only to whom they let in."""
    if state == "up" or reason in PASSED:
        return Rung(stage, "passed")
    return Rung(stage, "failed" if reason == "auth" else "unknown", reason)
