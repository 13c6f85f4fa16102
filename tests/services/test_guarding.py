"""The hub's side: what may be done is in the register before a prober hears of it, or no prober hears of it."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from camerahub.core.address import device_address
from camerahub.core.errors import EnvironmentFault
from camerahub.core.guard_rows import SECOND, Grant, Held, Key, Login
from camerahub.core.lending import LendingGuard, Told
from camerahub.core.messages import LoginEnded, Message, Permits, Withdraw
from camerahub.services.guarding import Guarding, Use

FULL = EnvironmentFault("register.full", where="camerahub.db", detail="SQLITE_FULL")


class ManualClock:
    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def monotonic(self) -> float:
        return self.at

    def wall_us(self) -> int:
        return round(self.at * SECOND)

    def cpu(self) -> float:
        return 0.0


class World:
    """Book and line in one, so that the order of what happens is one list."""

    def __init__(self) -> None:
        self.happened: list[Any] = []
        self.rows: dict[int, Key] = {}
        self.brake: dict[str, int] = {}
        self.clean = True
        self.full = False
        self.there = True
        self.stats: dict[str, dict[str, float]] = {}
        self.rounds: list[asyncio.Future[int]] = []

    def guard_begin(self) -> tuple[list[Key], dict[str, int], bool]:
        clean, self.clean = self.clean, False
        return [copy.copy(key) for key in self.rows.values()], self.brake, clean

    def guard_enrol(self, wanted: Sequence[tuple[str, str, str]], now: int, /) -> list[Key]:
        keys = [Key(len(self.rows) + n, *one, now) for n, one in enumerate(wanted, 1)]
        self.rows |= {key.number: copy.copy(key) for key in keys}
        return keys

    def guard_write(self, keys: Sequence[Key], brake: dict[str, int], /) -> None:
        if self.full:
            raise FULL
        self.rows |= {key.number: key for key in keys}
        self.brake = brake
        self.happened.append(("stored", {key.number: key.permit for key in keys}))

    def guard_end(self) -> None:
        self.clean = True

    async def write(self, work: Callable[[], object]) -> None:
        await asyncio.sleep(0)
        work()

    def home_of(self, endpoint: int) -> str:
        return "prober-0"

    def tell(self, worker: str, messages: Iterable[Message]) -> bool:
        if self.there:
            self.happened += messages
        return self.there

    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int:
        self.happened.append((probe, list(endpoints or ())))
        self.rounds.append(asyncio.get_running_loop().create_future())
        return await self.rounds[-1]

    def permits(self) -> list[Permits]:
        return [one for one in self.happened if isinstance(one, Permits)]


USES = [Use(n, f"10.0.0.{n}", "rtsp", "admin", "f" * 32, "10.0.0.0/24") for n in (1, 2)]


async def opened(world: World, clock: ManualClock, uses: Sequence[Use] = USES) -> Guarding:
    guarding = Guarding(LendingGuard(), world, world.write, world, clock)
    await guarding.start()
    await guarding.enrol(uses)
    guarding.follow(uses)
    return guarding


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_a_permit_is_stored_then_sent_then_used(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    await guarding.step()
    await asyncio.sleep(0)
    stored, sent, looked = world.happened
    ((key, permit),) = sent.once
    assert stored == ("stored", {key: permit})
    assert looked == ("rtsp", [key])
    guarding.told("prober-0", LoginEnded(1, key, permit, "ok", True))
    clock.at += 1
    await guarding.step()
    assert world.rows[key].state is Login.PROVEN
    assert world.permits()[-1].standing == (key,)
    assert world.permits()[-1].heard == 1


async def test_a_full_disk_permits_nothing_and_forgets_nothing(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    world.full = True
    await guarding.step()
    await guarding.step()
    assert world.happened == []
    world.full = False
    clock.at += 60
    await guarding.step()
    await guarding.step()
    assert len(world.permits()) == 1
    assert sum(key.tries for key in world.rows.values()) == 1


async def test_a_refusal_the_register_does_not_take_stops_new_logins(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    await guarding.step()
    ((key, permit),) = world.permits()[0].once
    world.full = True
    guarding.told("prober-0", LoginEnded(1, key, permit, "auth", True))
    clock.at += 10
    await guarding.step()
    assert len(world.permits()) == 1
    world.full = False
    await guarding.step()
    assert world.rows[key].state is Login.REFUSED
    assert len(world.permits()) == 2


async def test_no_prober_no_attempt(clock: ManualClock) -> None:
    world = World()
    world.there = False
    guarding = await opened(world, clock)
    await guarding.step()
    assert [key.tries for key in guarding.guard.keys.values()] == [0, 0]
    world.there = True
    clock.at += 5
    await guarding.step()
    assert len(world.permits()) == 1


async def test_an_unused_permit_comes_back(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    await guarding.step()
    await asyncio.sleep(0)
    ((key, permit),) = world.permits()[0].once
    world.rounds[0].set_result(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.happened[-1] == Withdraw((key,))
    guarding.told("prober-0", LoginEnded(1, key, permit, "", False))
    assert guarding.guard.keys[key].tries == 0


async def test_a_dead_prober_leaves_doubt_and_a_drained_one_none(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    for _ in range(2):
        await guarding.step()
        for key, permit in world.permits()[-1].once:
            guarding.told("prober-0", LoginEnded(1, key, permit, "ok", True))
        clock.at += 1
    await guarding.step()
    guarding.ended("prober-0", "drained")
    assert not any(key.suspect_at for key in guarding.guard.keys.values())
    guarding.follow(USES)
    guarding.guard.check([1, 2], clock.wall_us())
    await guarding.step()
    guarding.ended("prober-0", "silent")
    assert all(key.suspect_at for key in guarding.guard.keys.values())
    await guarding.aclose()
    assert world.clean
    assert all(key.suspect_at for key in world.rows.values())
    before = len(world.happened)
    await guarding.step()
    assert len(world.happened) == before


async def test_the_same_password_again_is_the_same_key_however_the_address_is_written(
    clock: ManualClock,
) -> None:
    world = World()
    guarding = await opened(world, clock)
    again = [Use(9, "10.0.0.1", "onvif", "admin", "f" * 32), *USES]
    assert await guarding.enrol(again) == {1: 1, 2: 2, 9: 1}
    assert len(world.rows) == 2
    assert device_address("2001:DB8:0::1") == device_address("2001:db8::1")
    assert device_address("NVR.Example") == "nvr.example"


async def test_paused_endpoints_pause_their_device(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    guarding.pause([1, 2])
    await guarding.step()
    assert world.permits() == []
    guarding.pause([])
    clock.at += 1
    await guarding.step()
    assert len(world.permits()) == 1
    assert guarding.busy() > 0


async def test_logins_of_probers_reach_the_breaker(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    for total in (5.0, 9.0, 2.0):  # the last is of a new life
        world.stats["prober-0"] = {"logins_total": total}
        await guarding.step()
    assert sum(guarding.guard.breaker._passed.values()) == 11


# -- lent to a command ------------------------------------------------------------------------------------------------


async def test_what_is_lent_is_in_the_register_before_anybody_hears_of_it(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    guarding.stand_back(True)
    loan = await guarding.lend()
    assert {slip.key: slip.permit for slip in loan.lent} == {
        key.number: key.permit for key in world.rows.values()
    }
    assert loan.keys == {1: 1, 2: 2}
    assert loan.rooms == {"f" * 32: 2}
    await guarding.step()
    assert world.permits() == [], "while a command dials nothing is permitted"
    await guarding.take_back(loan, [Told(1, "ok", True), Told(2, "auth", True)], 0)
    assert [key.state for key in world.rows.values()] == [Login.PROVEN, Login.REFUSED]
    guarding.stand_back(False)
    await guarding.step()
    assert [one.standing for one in world.permits()] == [(1,)]


async def test_a_full_disk_lends_nothing(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    world.full = True
    loan = await guarding.lend()
    assert loan.lent == []
    assert {slip.reason for slip in loan.slips.values()} == {"locked"}
    world.full = False
    await guarding.step()
    assert len(world.permits()) == 1, "nothing was tried, so the trial goes on"


async def test_of_a_command_that_died_all_is_in_doubt_and_standing_permits_end(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    await guarding.step()
    ((key, permit),) = world.permits()[0].once
    guarding.told("prober-0", LoginEnded(1, key, permit, "ok", True))
    clock.at += 1
    await guarding.step()
    assert world.permits()[-1].standing == (key,)
    other = 3 - key
    guarding.told("prober-0", LoginEnded(2, other, guarding.guard.keys[other].permit, "", False))
    loan = await guarding.lend()
    await guarding.take_back(loan, None, 0)
    assert Withdraw((key,)) in world.happened
    assert world.rows[key].suspect_at
    assert all(row.permit == 0 for row in world.rows.values())


async def test_a_login_a_person_asks_for_is_the_only_one_of_its_device(clock: ManualClock) -> None:
    world = World()
    use = USES[0]
    guarding = await opened(world, clock, [use, use._replace(endpoint=9, version="e" * 32)])
    stranger = use._replace(endpoint=7, version="d" * 32)  # dialled on demand only
    loan = await guarding.lend(stranger)
    (slip,) = loan.lent
    assert (loan.keys, world.rows[slip.key].permit) == ({7: slip.key}, slip.permit)
    await guarding.step()
    assert world.permits() == []
    await guarding.take_back(loan, [Told(slip.key, "ok", True)], 0)
    clock.at += 1
    await guarding.step()
    assert len(world.permits()) == 1
    assert world.rows[slip.key].state is Login.PROVEN


# --- logins of somebody who is no prober ------------------------------------------------------------------------------


async def borrowed(guarding: Guarding, host: str = "10.0.0.9", version: str = "e" * 32) -> Grant:
    lent = await guarding.borrow(host, "admin", version)
    assert isinstance(lent, Grant)
    return lent


async def test_a_lent_login_is_stored_before_it_is_lent(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    lent = await borrowed(guarding)
    assert world.happened == [("stored", {lent.number: lent.permit})]
    again = await guarding.borrow("10.0.0.9", "admin", "e" * 32)
    assert isinstance(again, Held)
    guarding.give_back(lent.number, lent.permit, "auth", True)
    await guarding.step()
    assert world.rows[lent.number].state is Login.REFUSED


async def test_nothing_is_lent_that_the_register_does_not_take(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    world.full = True
    assert isinstance(await guarding.borrow("10.0.0.9", "admin", "e" * 32), Held)
    assert [key.tries for key in guarding.guard.keys.values()] == [0, 0, 0]
    world.full = False
    await borrowed(guarding)


async def test_a_refusal_elsewhere_does_not_condemn_a_password_that_rtsp_takes(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    await guarding.step()
    ((key, permit),) = world.permits()[0].once
    guarding.told("prober-0", LoginEnded(1, key, permit, "ok", True))
    lent = await borrowed(guarding, f"10.0.0.{key}", "f" * 32)
    assert lent.number == key
    guarding.give_back(key, lent.permit, "auth", True)
    await guarding.step()
    row = world.rows[key]
    assert (row.state, row.refused_at) == (Login.PROVEN, 0)
    assert row.suspect_at > 0
    assert guarding.guard.breaker.state.name == "CLOSED"


async def test_who_goes_without_a_word_leaves_a_doubt(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    lent = await borrowed(guarding)
    guarding.abandon([lent.number])
    await guarding.step()
    assert world.rows[lent.number].suspect_at > 0
    assert world.rows[lent.number].permit == 0


async def test_a_login_that_is_no_longer_used_is_in_doubt_when_its_prober_dies(clock: ManualClock) -> None:
    world = World()
    guarding = await opened(world, clock)
    for _ in range(6):
        await guarding.step()
        for key, permit in world.permits()[-1].once:
            guarding.told("prober-0", LoginEnded(1, key, permit, "ok", True))
        clock.at += 1
    guarding.follow(USES[:1])
    await guarding.step()
    assert [one for one in world.happened if isinstance(one, Withdraw)][-1] == Withdraw((2,))
    guarding.ended("prober-0", "silent")
    assert guarding.guard.keys[2].suspect_at
