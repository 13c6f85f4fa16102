"""How far we get with a camera: each rung says what the answers prove, and nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.ladder import RUNGS, ladder
from camerahub.core.result import REASONS, Signal
from camerahub.core.roll import FACETS
from camerahub.core.transitions import ANSWER_NAMES

_STATES = {Signal.UP: "up", Signal.DOWN: "down", Signal.UNKNOWN: "unknown", Signal.NONE: "unknown"}


def told(reason: str) -> dict[str, tuple[str, str]]:
    """What a camera answers of which every probe ends with ``reason``."""
    info = REASONS[reason]
    return {facet: (_STATES[getattr(info, facet)], reason) for facet in FACETS}


#: Reason -> verdicts of L0 to L6: p passed, f failed, u unknown, - not reached. From the table of reasons.
EXPECTED = {
    "ok": "ppppppp",
    "timeout": "pf-----",
    "unreachable": "pf-----",
    "refused": "pf-----",
    "reset": "ppf----",
    "protocol": "ppf----",
    "tls": "ppf----",
    "auth": "pppf---",
    "locked": "puuuuuu",
    "busy": "pppuuuu",
    "not_found": "ppppf--",
    "no_media": "ppppf--",
    "undecodable": "pppppf-",
    "encrypted": "pppppuu",
    "black": "pppppf-",
    "blur": "ppppppf",
    "unjudged": "ppppppu",
    "no_address": "puuuuuu",
    "blind": "puuuuuu",
}
_LETTERS = {"passed": "p", "failed": "f", "unknown": "u", "unreached": "-"}


@pytest.mark.parametrize("reason", EXPECTED)
def test_each_reason_ends_on_its_rung(reason: str) -> None:
    assert "".join(_LETTERS[rung.verdict] for rung in ladder(told(reason))) == EXPECTED[reason]


@given(
    st.fixed_dictionaries(
        {facet: st.tuples(st.sampled_from(ANSWER_NAMES), st.sampled_from(list(REASONS))) for facet in FACETS}
    )
)
def test_nothing_is_told_above_a_failed_rung(answers: dict[str, tuple[str, str]]) -> None:
    rungs = ladder(answers)
    assert [rung.stage for rung in rungs] == list(RUNGS)
    verdicts = [rung.verdict for rung in rungs]
    if "failed" in verdicts:
        assert set(verdicts[verdicts.index("failed") + 1 :]) <= {"unreached"}
    else:
        assert "unreached" not in verdicts
    assert all(rung.reason in REASONS for rung in rungs if rung.verdict in ("failed", "unknown"))


def test_a_facet_that_lacks_is_a_bug() -> None:
    with pytest.raises(KeyError):
        ladder({"online": ("up", "ok")})
