"""The arm in the prober: nothing without a permit, nothing after the first bad answer until the hub says so again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from camerahub.core.messages import Assignment, LoginEnded, Permits
from camerahub.core.result import REASONS, SENT, UNSENT, ProbeResult, Target
from camerahub.services.gate import Gate, credential_went_out


def at(key: int, host: str = "10.0.0.1") -> Assignment:
    return Assignment(Target(key, host, 554, "", "admin", "x"), key=key)


def result(
    reason: str, flags: int = SENT, stage: int = 2, status: int = 401, probe: str = "rtsp"
) -> ProbeResult:
    return ProbeResult(1, probe, REASONS[reason].outcome, reason, stage, 0, 0.1, status, flags)


@pytest.fixture
def told() -> list[LoginEnded]:
    return []


@pytest.fixture
def gate(told: list[LoginEnded]) -> Gate:
    return Gate(told.append)


def test_no_credential_without_a_permit(gate: Gate, told: list[LoginEnded]) -> None:
    assert gate.take(at(1), "rtsp") == "locked"
    assert gate.take(Assignment(Target(1, "10.0.0.1", 554, "", "admin", "x")), "rtsp") == "locked"
    assert gate.take(at(1), "options") == ""
    assert gate.take(Assignment(Target(1, "10.0.0.1", 554)), "rtsp") == ""
    gate.ended(1, "10.0.0.1", result("ok", probe="options"))
    assert told == []


def test_a_single_permit_is_one_login_and_always_told(gate: Gate, told: list[LoginEnded]) -> None:
    gate.permit(Permits(0, (), ((1, 7),)))
    assert gate.take(at(1), "rtsp") == ""
    gate.ended(1, "10.0.0.1", result("ok", stage=3, status=200))
    assert told == [LoginEnded(1, 1, 7, "ok", True)]
    assert gate.take(at(1), "rtsp") == "locked"


def test_a_standing_permit_says_nothing_until_the_first_bad_answer(
    gate: Gate, told: list[LoginEnded]
) -> None:
    gate.permit(Permits(0, (1,)))
    for good in (
        result("ok", stage=3),
        result("not_found"),
        result("timeout", UNSENT, 0, 0),
        result("timeout", SENT, 3),
    ):
        assert gate.take(at(1), "rtsp") == ""
        gate.ended(1, "10.0.0.1", good)
    assert told == []
    assert gate.logins == 3
    assert gate.take(at(1), "rtsp") == ""
    gate.ended(1, "10.0.0.1", result("auth"))
    assert told == [LoginEnded(1, 1, 0, "auth", True)]
    assert gate.take(at(1), "rtsp") == "locked"


def test_one_login_at_a_device_at_a_time(gate: Gate) -> None:
    gate.permit(Permits(0, (1, 2)))
    assert gate.take(at(1), "rtsp") == ""
    assert gate.take(at(2), "rtsp") == "no_seat"
    assert gate.take(at(2, "10.0.0.2"), "rtsp") == ""
    gate.ended(1, "10.0.0.1", result("ok", stage=3))
    assert gate.take(at(2), "rtsp") == ""


def test_a_permit_that_crossed_a_refusal_on_the_line_is_void(gate: Gate, told: list[LoginEnded]) -> None:
    gate.permit(Permits(0, (1,)))
    gate.take(at(1), "rtsp")
    gate.ended(1, "10.0.0.1", result("auth"))
    gate.permit(Permits(0, (3,), ((2, 9),)))
    assert gate.take(at(2), "rtsp") == "locked"
    assert gate.take(at(3), "rtsp") == "locked"
    assert gate.take(at(3, "10.0.0.3"), "rtsp") == "locked"  # it was dropped when it was found void
    assert told[1:] == [LoginEnded(2, 2, 9, "", False)]
    gate.permit(Permits(1, (3,)))
    assert gate.take(at(3), "rtsp") == ""


def test_the_refusal_of_one_key_ends_the_others_of_the_device(gate: Gate) -> None:
    gate.permit(Permits(0, (1, 2)))
    gate.take(at(1), "rtsp")
    gate.ended(1, "10.0.0.1", result("auth"))
    assert gate.take(at(2), "rtsp") == "locked"


def test_what_is_withdrawn_unused_is_told_of(gate: Gate, told: list[LoginEnded]) -> None:
    gate.permit(Permits(0, (1,), ((2, 5), (3, 6))))
    gate.take(at(3, "10.0.0.3"), "rtsp")
    gate.withdraw([1, 2, 99])
    assert told == [LoginEnded(1, 2, 5, "", False)]
    gate.abandon()
    assert told[1:] == [LoginEnded(2, 3, 6, "timeout", True)]
    assert gate.permits == 0


@pytest.mark.parametrize(
    ("reason", "flags", "stage", "status", "sent"),
    [
        ("timeout", SENT, 2, 401, True),
        ("timeout", UNSENT, 2, 401, False),
        ("auth", UNSENT, 2, 401, False),  # a scheme we do not speak: nothing went out
        ("auth", 0, 2, 401, True),
        ("reset", 0, 2, 401, True),
        ("timeout", 0, 1, 0, False),
        ("no_media", 0, 4, 200, True),
    ],
)
def test_who_does_not_say_is_judged_on_the_safe_side(
    reason: str, flags: int, stage: int, status: int, sent: bool
) -> None:
    assert credential_went_out(result(reason, flags, stage, status)) is sent


@pytest.mark.parametrize(("status", "sent"), [(453, False), (503, False), (403, True), (500, True)])
def test_a_device_that_is_only_full_has_judged_no_password(
    gate: Gate, told: list[LoginEnded], status: int, sent: bool
) -> None:
    """RFC 2326 section 11.3.6: 453 is a matter of bandwidth. 403 may be a lock, six of them in a row count as one."""
    gate.permit(Permits(0, (), ((1, 7),)))
    assert gate.take(at(1, "10.0.0.1"), "rtsp") == ""
    gate.ended(1, "10.0.0.1", result("busy", SENT, 2, status))
    assert told == [LoginEnded(1, 1, 7, "busy", sent)]


def test_a_prober_needs_no_numpy_for_it() -> None:
    code = "import sys, camerahub.services.gate; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
