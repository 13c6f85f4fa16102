"""Rounds that go by themselves: what is due, stored before begun, one at a time, and nobody's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from camerahub.config import Settings
from camerahub.core.errors import EnvironmentFault
from camerahub.core.period import instant, last_clock
from camerahub.plan import reports
from camerahub.services.clock import ManualClock
from camerahub.services.errands import FIRST_S, Errand, Errands, waiting

ZONE = ZoneInfo("Asia/Shanghai")
S = 1_000_000
DAY = 86_400
CLOCKS, ENROL, NEVER = (
    Errand("clocks", ("clocks",), DAY),
    Errand("enrol", ("enrol",), 7 * DAY),
    Errand("x", (), 0),
)
NOW = 1_800_000_000 * S


def due(errands: tuple[Errand, ...], begun: dict[str, int], started: int, now: int) -> Errand | None:
    return next(iter(waiting(errands, begun, started, now)), None)


class Book:
    def __init__(self, **begun: int) -> None:
        self.begun, self.full = begun, False

    def errands_begun(self) -> dict[str, int]:
        return dict(self.begun)

    def errand_begins(self, name: str, now: int, /) -> None:
        if self.full:
            raise EnvironmentFault("register.missing", where="x")
        self.begun[name] = now


def test_what_waited_longest_is_done_first_and_never_means_never() -> None:
    began = NOW - 30 * DAY * S
    assert due((CLOCKS, ENROL, NEVER), {}, began, NOW) is CLOCKS
    assert (
        due((CLOCKS, ENROL), {"clocks": NOW - 2 * DAY * S, "enrol": NOW - 7 * DAY * S - S}, began, NOW)
        is CLOCKS
    )
    assert (
        due((CLOCKS, ENROL), {"clocks": NOW - DAY * S + S, "enrol": NOW - 7 * DAY * S}, began, NOW) is ENROL
    )
    assert due((CLOCKS, ENROL), {"clocks": NOW, "enrol": NOW}, began, NOW) is None
    assert due((NEVER,), {}, began, NOW) is None


def test_a_hub_that_has_just_started_has_other_things_to_do() -> None:
    assert due((CLOCKS,), {}, NOW, NOW + round(FIRST_S * S) - 1) is None
    assert due((CLOCKS,), {}, NOW, NOW + round(FIRST_S * S)) is CLOCKS


def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_ever() -> None:
    assert due((CLOCKS,), {"clocks": NOW + 365 * DAY * S}, 0, NOW) is CLOCKS


def made(
    begun: dict[str, int],
    fault: Exception | None = None,
    wanted: Mapping[str, Callable[[int], bool]] | None = None,
) -> tuple[Errands, Book, ManualClock, list[tuple[str, ...]]]:
    clock, book, done = ManualClock(wall_us=NOW), Book(**begun), []
    started: list[tuple[str, ...]] = done

    async def write(work: Callable[[], object]) -> None:
        work()

    async def start(words: tuple[str, ...]) -> int:
        assert book.begun[words[0]] == clock.wall_us()  # stored before begun
        started.append(words)
        if fault is not None:
            raise fault
        return 3

    return Errands((CLOCKS, ENROL), book, write, start, clock, wanted), book, clock, done


def test_each_goes_round_at_its_own_pace() -> None:
    errands, _, clock, done = made({})
    for _ in range(15 * 24):
        asyncio.run(errands.turn())
        clock.advance(3600)
    assert done.count(("clocks",)) in (14, 15)
    assert done.count(("enrol",)) in (2, 3)


@pytest.mark.parametrize("fault", [OSError("no process"), None])
def test_what_fails_is_not_done_again_at_once(fault: Exception | None) -> None:
    errands, _, clock, done = made({}, fault)
    clock.advance(FIRST_S)
    for _ in range(10):
        asyncio.run(errands.turn())
        clock.advance(30)
    assert sorted(done) == [("clocks",), ("enrol",)]


def test_what_nobody_wants_is_not_begun_and_keeps_nobody_waiting() -> None:
    asked: list[int] = []

    def wanted(now: int) -> bool:
        asked.append(now)
        if len(asked) == 2:
            raise EnvironmentFault("register.missing", where="x")
        return len(asked) == 4

    errands, _, clock, done = made({}, wanted={"clocks": wanted})
    clock.advance(FIRST_S)
    for _ in range(4):
        asyncio.run(errands.turn())
        clock.advance(30)
    assert done == [("enrol",), ("clocks",)]
    assert len(asked) == 4


def test_a_full_disk_begins_nothing() -> None:
    errands, book, clock, done = made({})
    clock.advance(FIRST_S)
    assert book.errands_begun() == {}
    book.full = True
    asyncio.run(errands.turn())
    assert done == []


async def test_what_the_register_remembers_counts() -> None:
    errands, _, clock, done = made({"clocks": NOW, "enrol": NOW})
    clock.advance(FIRST_S)
    running = asyncio.ensure_future(errands.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    assert done == []


HALF_PAST_EIGHT = Errand("report", ("report",), fell=lambda now: last_clock(now, "08:30", ZONE))


def at(day: int, hour: int, minute: int = 0) -> int:
    return instant(f"2026-11-{day:02d}T{hour:02d}:{minute:02d}", ZONE)


def test_at_a_time_of_day_once_a_day() -> None:
    started = at(20, 12)
    # a new hub waits for the first such time
    assert due((HALF_PAST_EIGHT,), {}, started, at(20, 23)) is None
    assert due((HALF_PAST_EIGHT,), {}, started, at(21, 8, 29)) is None
    assert due((HALF_PAST_EIGHT,), {}, started, at(21, 8, 30)) is HALF_PAST_EIGHT
    # begun, it is done for that day, whoever restarts
    begun = {"report": at(21, 8, 30)}
    assert due((HALF_PAST_EIGHT,), begun, at(21, 9), at(21, 23)) is None
    assert due((HALF_PAST_EIGHT,), begun, at(21, 9), at(22, 8, 30)) is HALF_PAST_EIGHT
    # a hub that was off at that time makes up for it, ten minutes after it has started
    assert due((HALF_PAST_EIGHT,), begun, at(22, 11), at(22, 11, 9)) is None
    assert due((HALF_PAST_EIGHT,), begun, at(22, 11), at(22, 11, 10)) is HALF_PAST_EIGHT
    # one begun in the future was begun before the clock was set back
    assert due((HALF_PAST_EIGHT,), {"report": at(30, 8)}, started, at(21, 9)) is HALF_PAST_EIGHT


def test_a_week_has_seven_reports() -> None:
    clock, book, done = ManualClock(wall_us=at(10, 0)), Book(), []
    started: list[tuple[int, int]] = done

    async def write(work: Callable[[], object]) -> None:
        work()

    async def start(words: tuple[str, ...]) -> int:
        told = datetime.fromtimestamp(clock.wall_us() // S, ZONE)
        started.append((told.day, told.hour * 60 + told.minute))
        return 0

    errands = Errands((HALF_PAST_EIGHT,), book, write, start, clock)
    for _ in range(7 * 24 * 12):
        asyncio.run(errands.turn())
        clock.advance(300)
    assert done == [(day, 8 * 60 + 30) for day in range(10, 17)]


def test_the_hub_makes_its_reports_unless_told_not_to() -> None:
    daily, monthly = reports(Settings())
    assert daily.words[:2] == ("report", "daily")
    assert monthly.fell is not None
    assert monthly.fell(at(20, 12)) == at(3, 8, 30)  # figures are final from the third on
    never = Settings.model_validate({"reports": {"daily_at": ""}})
    assert reports(never) == ()
