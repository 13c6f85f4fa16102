"""The proof of docs/guard.md once more, against the farm: its cameras check every digest, count every bad login over
all channels of a device, and lock after three. Fleet, gate, guard and conversations are the real ones.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest

from camerahub.core.messages import FleetPolicy
from camerahub.farm.county import County
from camerahub.farm.kinds import KINDS
from camerahub.farm.makers import MAKERS
from camerahub.farm.model import Camera
from camerahub.farm.virtual import VirtualCounty
from tests.farm.tiny import library
from tests.services.virtual_dialling import VirtualHub

#: ``make day`` takes the whole county of the bar, 5,000 cameras and a day; by default it is an eighth and half a day.
CAMERAS = int(os.environ.get("CAMERAHUB_COUNTY_DAY", "0"))
DAY_S = 86_400.0
CHANNELS = 64
SCHEMES = ("md5_old", "md5", "md5_basic", "sha256", "several", "basic", "stale")
POLICY = FleetPolicy(interval_s=3600.0, picture_interval_s=6 * 3600.0)


class Truth(NamedTuple):
    """Address and user/password of the logins that must be found good, and of those that somebody must put right."""

    good: set[tuple[str, str]]
    wrong: set[tuple[str, str]]
    full: dict[str, float]  # code -> seconds after which it has a session to spare
    last: set[tuple[str, str]]  # of the wrong ones: set last, where two others may have been refused today


def built(cameras: int, nvrs: int, groups: int, seed: int) -> tuple[list[Camera], Truth]:
    """``nvrs`` recorders of 64 channels, the rest by themselves. Half of the groups of passwords are wrong everywhere,
    the others at one device in twelve; some devices are off, some silent, some full for up to four hours."""
    random = Random(seed)
    blank = County.make(cameras=2, townships=1, mix={"healthy": 1}).cameras[0]
    found: list[Camera] = []
    truth = Truth(set(), set(), {}, set())
    for n in range(nvrs + cameras - CHANNELS * nvrs):
        group, maker = n % groups, random.choice(list(MAKERS))
        bad_group = group < groups // 2
        kinds = ("healthy", "slow", "slots_full", "silent", "refusing", "black_holed", "dead")
        kind = random.choices(kinds, (88, 4, 0 if bad_group or n < nvrs else 4, 1, 2, 1, 1))[0]
        reached = kind in ("healthy", "slow", "slots_full")
        wrongly = reached and kind != "slots_full" and (bad_group or random.random() < 1 / 12)
        open_ = reached and not wrongly and random.random() < 0.04
        host = f"127.{16 + n % 40}.{n // 200}.{n % 200 + 1}"
        device = replace(
            blank,
            kind="wrong_password" if wrongly else kind,
            host=host,
            maker=maker,
            scheme="open" if open_ else random.choice(SCHEMES),
            username="admin",
            password=f"pass-{group}",
            device=f"NVR-{n}" if n < nvrs else "",
        )
        channels = CHANNELS if n < nvrs else 1
        for channel in range(1, channels + 1):
            style = MAKERS[maker]
            found.append(
                replace(
                    device,
                    code=f"{len(found):020d}",
                    path=style.main.format(n=channel),
                    sub_path=style.sub.format(n=channel),
                    variant=random.randrange(1 << 30),
                )
            )
        login = (host, f"admin/pass-{group}")
        shut = False
        if kind == "slots_full":
            # A 403 for an hour to a login may be a lock as well: the guard lets go of it for a day, somebody must look.
            ambiguous = KINDS[kind].describe(found[-1]) == 403
            shut = ambiguous and random.random() < 0.5
            truth.full[found[-1].code] = 3600 * (random.uniform(1.5, 4.0) if shut or not ambiguous else 0.2)
        if bad_group or wrongly or shut:
            truth.wrong.add(login)
        elif reached and not open_:
            truth.good.add(login)
    return found, truth


def retyped(made: list[Camera], truth: Truth, turn: int, random: Random) -> list[Camera]:
    """Somebody puts passwords right, and some of them wrong again: the register as it is then.

    First a third of the wrong ones, half of them rightly; then those that are still wrong, all of them wrongly: what
    would be the third bad login of the day.
    """
    now_right: dict[str, str] = {}
    for host, version in sorted(truth.wrong):
        camera = next(camera for camera in made if camera.host == host)
        if camera.kind != "wrong_password" or (
            random.random() > 1 / 3 if turn == 1 else "typo" not in version
        ):
            continue
        truth.wrong.discard((host, version))
        right = turn == 1 and random.random() < 0.5
        now_right[host] = f"{camera.password}#changed" if right else f"typo-{turn}-{host}"
        login = (host, f"admin/{now_right[host]}")
        (truth.good if right else truth.wrong).add(login)
        if turn == 2:
            truth.last.add(login)
    return [replace(camera, password=now_right.get(camera.host, camera.password)) for camera in made]


def lived(virtual: VirtualCounty, hub: VirtualHub, truth: Truth, seconds: float, made: list[Camera]) -> float:
    """Let a day pass, sessions becoming free in it; seconds after which all good logins were found."""
    began, found, turn, random = virtual.clock.now(), float("inf"), 0, Random(1)
    free = sorted((at, code) for code, at in truth.full.items())
    while (gone := virtual.clock.now() - began) < seconds:
        if gone >= (turn + 1) * seconds / 3:
            turn += 1
            made = retyped(made, truth, turn, random)
            hub.watch(made)
            found = float("inf")
        while free and free[0][0] <= gone:
            virtual.set(free.pop(0)[1], "healthy")
        hub.run(min(900.0, seconds - gone))
        if found == float("inf") and hub.proven() >= truth.good:
            found = virtual.clock.now() - began
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800 if CAMERAS else 120)
def test_no_camera_of_a_county_locks_and_every_login_is_judged_right() -> None:
    cameras, nvrs, groups = (CAMERAS, CAMERAS * 3 // 5 // CHANNELS, 60) if CAMERAS else (600, 5, 20)
    seconds = DAY_S if CAMERAS else DAY_S / 2
    began = time.process_time()
    made, truth = built(cameras, nvrs, groups, seed=7)
    spec = County.make(cameras=2, townships=1, mix={"healthy": 1})
    virtual = VirtualCounty(replace(spec, cameras=tuple(made)), library())
    hub = VirtualHub(virtual, made, POLICY, seed=7)
    found = lived(virtual, hub, truth, seconds, made)
    rows = virtual.cameras()
    assert sum(row["locks"] for row in rows.values()) == 0
    assert sum(row["locked_logins"] for row in rows.values()) == 0
    bad: dict[str, int] = defaultdict(int)
    for camera in made:
        bad[camera.host] += int(rows[camera.code]["bad_logins"])
    assert max(bad.values()) == 2  # the third password of the day is not shown to a device that refused two
    assert truth.good - hub.proven() == set()
    assert hub.proven() - truth.good == set()
    never = {name for name in truth.last if not hub.guard.keys[hub.number[name]].tries}
    assert never
    assert {bad[host] for host, _ in never} == {2}
    assert hub.to_fix() - truth.wrong == set()
    assert truth.wrong - never - hub.to_fix() == set()
    # One conversation a camera, and a recorder is one device; every session that was opened was torn down.
    assert {row["peak"] for row in rows.values()} <= {0, 1}
    assert {row["camera_peak"] for row in rows.values()} <= {0, 1}
    assert {row["sessions_left"] for row in rows.values()} == {0}
    plays, ends = (sum(int(row[name]) for row in rows.values()) for name in ("plays", "teardowns"))
    assert ends >= plays > len(truth.good)
    print(
        f"{len(made)} cameras, {seconds / 3600:.0f} h: {len(truth.good)} good logins found after {found / 3600:.1f} h, "
        f"{len(truth.wrong)} to put right; {hub.counts.dials} conversations, {plays} played, {ends} torn down; "
        f"{time.process_time() - began:.0f} s of processor time"
    )
