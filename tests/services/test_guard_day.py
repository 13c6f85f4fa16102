"""The proof of docs/guard.md: a county with half its passwords wrong, a day of kills, and no device ever locks."""

from __future__ import annotations

from random import Random

import pytest

from camerahub.core.guard_rows import SECOND
from tests.services.login_sim import START, Device, Login, Manner, World

HOUR = 3600 * SECOND
MAKERS = ("haikang", "dahua", "yushi", "tiandy")
TURN_S = 5.0


def county(seed: int) -> tuple[list[Device], list[Login], set[tuple[str, str]], set[tuple[str, str]]]:
    """5,000 cameras: 3,008 behind 47 NVRs of 64 channels, the rest by themselves. 60 groups of shared passwords, half
    of them wrong everywhere, the others wrong at one device in twelve. Returns the devices, the register, the logins
    that must be found good, and those that somebody must put right."""
    random = Random(seed)
    devices, logins, good, wrong = [], [], set(), set()
    endpoint = 0
    for n in range(47 + 1992):
        address = f"10.{n % 40}.{n // 200}.{n % 200 + 1}"
        group = n % 60
        bad_group = group < 30
        manner = random.choices(list(Manner), (90, 3, 0 if bad_group else 3, 4))[0]
        wrongly = bad_group or (random.random() < 1 / 12 and manner is not Manner.OPEN)
        until = START + random.randrange(1, 5) * HOUR if random.random() < 0.03 else 0
        device = Device(address, "right" if wrongly else f"pass-{group}", manner)
        device.busy = lambda now, until=until: now < until
        channels = 64 if n < 47 else 1
        endpoints = tuple(range(endpoint + 1, endpoint + channels + 1))
        endpoint += channels
        vendor = MAKERS[n % len(MAKERS)]
        login = Login(address, f"pass-{group}", endpoints, subnet=address.rpartition(".")[0], vendor=vendor)
        devices.append(device)
        logins.append(login)
        name = (address, login.version)
        if bad_group or (wrongly and manner is not Manner.OFF):
            wrong.add(name)
        elif not wrongly and manner in (Manner.FINE, Manner.RUDE):
            good.add(name)
    assert endpoint == 5000
    return devices, logins, good, wrong


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_device_locks_and_every_good_login_is_found_within_the_day(seed: int) -> None:
    devices, logins, good, wrong = county(seed)
    world = World(devices, seed=seed)
    world.use(logins)
    random = Random(seed)
    turns = int(86_400 / TURN_S)
    kills = {
        random.randrange(turns): random.choice(["decided", "stored", "sent", "prober", "clean"])
        for _ in range(12)
    }
    found_at = free_at = 0
    free = {name for name in good if not world.devices[name[0]].busy(START)}
    for turn in range(turns):
        die = kills.get(turn, "")
        world.turn(die=die)
        if turn % 720 == 0:  # media rounds: every camera that may, once an hour
            for login in logins:
                for channel in login.endpoints[:2]:
                    world.begin(login, channel)
                    world.land()
        world.shift(TURN_S)
        if die == "prober":
            world.kill_prober()
        elif die == "clean":
            world.restart()
        world.land()
        if turn % 60 == 0 and not free_at and proven(world) >= free:
            free_at = world.now
        if turn % 60 == 0 and not found_at and proven(world) >= good:
            found_at = world.now
    assert [device.address for device in devices if device.locks] == []
    assert max(device.worst_day() for device in devices) <= 2
    assert good - proven(world) == set()
    assert found_at, "not all good logins were found within the day"
    print(
        f"seed {seed}: all {len(good)} good logins found after {(found_at - START) / HOUR:.1f} h,"
        f" those of devices that are not full after {(free_at - START) / HOUR:.1f} h"
    )
    table = {(fix.address, world.guard.keys[fix.number].version) for fix in world.guard.to_fix()}
    assert table - wrong == set()
    assert wrong - table == set()


def proven(world: World) -> set[tuple[str, str]]:
    return {name for name, n in world.number.items() if world.guard.keys[n].proven_at}
