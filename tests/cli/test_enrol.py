"""The round of `enrol` against a strict double on a real socket, with a desk that lends as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from camerahub.cli.enrol_round import BEFORE, HELD, PAUSED, Asked, Device, EnrolRound, devices, streams_of
from camerahub.core.guard_rows import CAUSES, DAY, NEVER, Held
from camerahub.core.texts import CATALOGUE
from camerahub.probes.table import Prober
from camerahub.registry.onvif import OnvifRoad
from tests.probes.conftest import Camera, Script, camera
from tests.probes.onvif_camera import once, playing, real_double
from tests.wire.onvif_double import PASSWORD, USER, http

__all__ = ["camera"]  # the fixture

Make = Callable[[Script], Camera]
NOW = 1_800_000_000_000_000
ROAD = OnvifRoad(
    1, 1, "c1", "一", "320585", "", "http", "127.0.0.1", 80, "/onvif/device_service", "", "direct", 3, USER, "sealed",
    "v1", 0, "", 0,
)  # fmt: skip


class Lender:
    """A desk. ``answers``: what it says in turn, the last one for ever."""

    def __init__(self, *answers: int | Held) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []
        self.back: list[tuple[int, str, bool]] = []

    async def borrow(self, host: str, user: str, version: str) -> int | Held:
        self.asked.append((host, user, version))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def give_back(self, number: int, reason: str, sent: bool) -> None:
        self.back.append((number, reason, sent))


async def asked(
    lender: Lender, road: OnvifRoad, password: str = PASSWORD, paused: frozenset[int] = frozenset()
) -> Asked:
    prober = Prober(asyncio.get_running_loop())
    try:
        one = EnrolRound(prober, lender, lambda _: password, set(paused), lambda: NOW, 5.0)
        [found] = await one.ask([[Device("127.0.0.1", [road])]])
    finally:
        await prober.aclose()
    return found


async def test_what_is_told_and_what_the_guard_hears(camera: Make) -> None:
    double, lender = real_double(login="digest"), Lender(7)
    found = await asked(lender, replace(ROAD, port=camera(playing(double)).port))
    assert found.let_in
    assert found.facts.device is not None
    assert found.facts.device.serial == "SN0001"
    assert lender.asked == [("127.0.0.1", USER, "v1")]
    assert lender.back == [(7, "ok", True)]
    [streams] = streams_of(found)
    assert streams is not None
    assert (streams.main, streams.sub) == ("rtsp://127.0.0.1/live/P1", "rtsp://127.0.0.1/live/P&2")
    assert double.failures == 0


async def test_one_wrong_password_is_one_failure_and_told(camera: Make) -> None:
    double, lender = real_double(), Lender(7)
    found = await asked(lender, replace(ROAD, port=camera(playing(double)).port), "wrong")
    assert found.refused
    assert not found.let_in
    assert lender.back == [(7, "auth", True)]
    assert double.failures == 1


async def test_a_camera_that_asks_for_no_login_is_sent_none(camera: Make) -> None:
    double, lender = real_double(login="open"), Lender(7)
    found = await asked(lender, replace(ROAD, port=camera(playing(double)).port))
    assert found.let_in
    assert lender.back == [(7, "ok", False)]


async def test_what_is_no_onvif_is_never_taken_for_a_login_that_works(camera: Make) -> None:
    lender = Lender(7)
    found = await asked(lender, replace(ROAD, port=camera(once(http(404, b""))).port))
    assert (found.reason, found.refused) == ("not_found", False)
    assert lender.back == [(7, "protocol", False)]


async def test_nobody_is_dialled_whom_the_guard_holds() -> None:
    lender = Lender(Held("locked", "day", 5))
    found = await asked(lender, ROAD)
    assert (found.reason, found.cause, found.until) == (HELD, "day", 5)
    assert lender.back == []


async def test_a_login_waits_for_the_one_in_its_way(camera: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camerahub.cli.enrol_round.AGAIN_S", 0.01)
    lender = Lender(Held("locked", "trying", NEVER), Held("locked", "trying", NEVER), 7)
    found = await asked(lender, replace(ROAD, port=camera(playing(real_double())).port))
    assert found.let_in
    assert len(lender.asked) == 3


async def test_a_refused_login_rests_for_a_day_and_another_does_not(camera: Make) -> None:
    lender = Lender(7)
    refused = replace(ROAD, refused="v1", failed_at=NOW - DAY + 1)
    assert (await asked(lender, refused)).reason == BEFORE
    assert lender.asked == []
    port = camera(playing(real_double())).port
    assert (await asked(lender, replace(refused, port=port, failed_at=NOW - DAY))).let_in
    port = camera(playing(real_double())).port
    assert (await asked(lender, replace(refused, port=port, version="v2"))).let_in


async def test_who_is_paused_is_left_alone() -> None:
    lender = Lender(7)
    assert (await asked(lender, ROAD, paused=frozenset((1,)))).reason == PAUSED
    assert lender.asked == []


def test_a_recorder_is_one_device_and_those_never_asked_come_first() -> None:
    def road(n: int, host: str, *, enrolled: int = 0, failed: int = 0) -> OnvifRoad:
        return replace(ROAD, endpoint=n, camera=n, host=host, enrolled_at=enrolled, failed_at=failed)

    rows = [road(1, "a", enrolled=9), road(2, "b"), road(3, "a", enrolled=9), road(4, "c", failed=5)]
    rows.append(replace(rows[0], endpoint=9))  # the same camera by another road
    groups = devices(rows, {"a": "192.0.2.1", "b": "192.0.2.2"})
    told = [[(one.host, [r.endpoint for r in one.roads]) for one in group] for group in groups]
    assert told == [[("192.0.2.2", [2])], [("c", [4])], [("192.0.2.1", [1, 3])]]


@pytest.mark.parametrize("cause", CAUSES)
def test_every_reason_to_hold_a_login_has_words(cause: str) -> None:
    assert f"enrol.held_{cause}" in CATALOGUE
