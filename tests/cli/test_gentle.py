"""Logins of a round: one at a device, none where one was refused, a trial before many."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from camerahub.cli.gentle import Gentle
from camerahub.cli.rounds import Round
from camerahub.core.guard_rows import GuardPolicy
from camerahub.core.lending import Loan, Slip, Told
from camerahub.core.result import REASONS, SENT, UNSENT, ProbeResult, Target

Behaviour = Callable[[Target], tuple[str, int, int]]


def lets_in(password: str) -> Behaviour:
    def answer(target: Target) -> tuple[str, int, int]:
        if not target.password:
            return "auth", 2, UNSENT
        return ("ok", 3, SENT) if target.password == password else ("auth", 2, SENT)

    return answer


def off(target: Target) -> tuple[str, int, int]:
    del target
    return "timeout", 0, UNSENT


def open_to_all(target: Target) -> tuple[str, int, int]:
    del target
    return "ok", 3, UNSENT


def full(target: Target) -> tuple[str, int, int]:
    return "busy", 2, SENT if target.password else UNSENT


def hangs_up(target: Target) -> tuple[str, int, int]:
    return ("reset", 2, SENT) if target.password else ("auth", 2, UNSENT)


class Site:
    """Devices by address; what they were shown, and how many logins at once there were."""

    def __init__(self, devices: dict[str, Behaviour]) -> None:
        self.devices = devices
        self.loop = asyncio.get_running_loop()
        self.dialled: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.logins: list[str] = []
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def start(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        self.dialled[target.host] += 1
        if target.password:
            self.logins.append(target.host)
            self.now[target.host] += 1
            self.most[target.host] = max(self.most[target.host], self.now[target.host])
        self.loop.call_later(0.001, self._answer, target, probe, done)

    def _answer(self, target: Target, probe: str, done: Callable[[ProbeResult], None]) -> None:
        reason, stage, flags = self.devices[target.host](target)
        if target.password:
            self.now[target.host] -= 1
        self.wrong[target.host] += flags == SENT and reason in ("auth", "reset")
        done(ProbeResult(target.endpoint, probe, REASONS[reason].outcome, reason, stage, 1, 0.1, flags=flags))


def targets(*where: tuple[str, str], user: str = "admin") -> list[Target]:
    return [
        Target(n, host, 554, f"rtsp://{host}/{n}", user, password) for n, (host, password) in enumerate(where)
    ]


def loan(found: Iterable[Target], *, worked: bool = False, opened: bool = True, room: int = 5) -> Loan:
    """One key for each (host, password), all lent; standing permits where they worked."""
    numbers: dict[tuple[str, str], int] = {}
    keys = {t.endpoint: numbers.setdefault((t.host, t.password), len(numbers) + 1) for t in found}
    slips = {
        number: Slip(number, 0 if worked else 100 + number, group="" if opened else password, worked=worked)
        for (_, password), number in numbers.items()
    }
    return Loan(slips, keys, {} if opened else {password: room for _, password in numbers})


async def swept(gentle: Gentle, found: list[Target], probe: str = "rtsp") -> list[str]:
    """The reasons, in the order of the targets."""
    said: dict[int, str] = {}
    sweep = Round(
        gentle,
        found,
        probe=probe,
        deadline_s=1.0,
        concurrency=100,
        each=lambda result: said.update({result.endpoint: result.reason}),
        by_host=True,
    )
    await asyncio.wait_for(sweep.run(), 10)
    return [said[n] for n in range(len(found))]


async def test_a_recorder_with_a_wrong_password_sees_it_once() -> None:
    site, found = Site({"n": lets_in("right")}), targets(*[("n", "wrong")] * 64)
    gentle = Gentle(site, loan(found))
    assert await swept(gentle, found) == ["auth"] + ["locked"] * 63
    assert site.dialled == {"n": 1}
    assert gentle.told() == [Told(1, "auth", sent=True)]


async def test_one_that_hangs_up_on_a_wrong_password_sees_it_once() -> None:
    site, found = Site({"n": hangs_up}), targets(*[("n", "wrong")] * 8)
    gentle = Gentle(site, loan(found))
    assert await swept(gentle, found) == ["reset"] + ["locked"] * 7
    assert gentle.told() == [Told(1, "reset", sent=True)]


async def test_what_one_user_met_holds_the_others_of_the_device() -> None:
    site, found = Site({"n": lets_in("right")}), targets(("n", "a"), ("n", "b"), ("n", "right"))
    assert await swept(Gentle(site, loan(found)), found) == ["auth", "locked", "locked"]


async def test_what_another_port_of_the_address_says_is_still_heard() -> None:
    """Behind one address of a gateway stand several devices; the guard counts their logins together."""
    site, found = Site({"n": lets_in("right")}), targets(*[("n", "wrong")] * 3)
    found = [replace(target, port=port) for target, port in zip(found, (554, 554, 8554), strict=True)]
    assert await swept(Gentle(site, loan(found)), found) == ["auth", "locked", "locked"]
    assert (site.dialled["n"], len(site.logins)) == (2, 1)


async def test_a_right_password_opens_every_channel_one_login_at_a_time() -> None:
    site, found = Site({"n": lets_in("right")}), targets(*[("n", "right")] * 16)
    gentle = Gentle(site, loan(found, opened=False))
    assert await swept(gentle, found) == ["ok"] * 16
    assert site.most == {"n": 1}
    assert gentle.told() == [Told(1, "ok", sent=True)]


async def test_a_password_on_trial_is_refused_by_five_devices_and_no_more() -> None:
    hosts = [f"d{n}" for n in range(200)]
    site, found = Site(dict.fromkeys(hosts, lets_in("right"))), targets(*[(host, "wrong") for host in hosts])
    gentle = Gentle(site, loan(found, opened=False))
    reasons = Counter(await swept(gentle, found))
    assert reasons == {"auth": 5, "locked": 195}
    assert len(site.logins) == 5
    assert len(gentle.told()) == 5


async def test_the_first_success_of_a_trial_lets_all_others_follow() -> None:
    hosts = [f"d{n}" for n in range(200)]
    devices = {host: lets_in("right" if n % 7 else "other") for n, host in enumerate(hosts)}
    site, found = Site(devices), targets(*[(host, "right") for host in hosts])
    reasons = Counter(await swept(Gentle(site, loan(found, opened=False)), found))
    assert reasons == {"auth": 29, "ok": 171}


async def test_dead_devices_hold_up_no_trial_and_cost_no_login() -> None:
    hosts = [f"d{n}" for n in range(60)]
    devices: dict[str, Behaviour] = dict.fromkeys(hosts, off) | {"d59": lets_in("right"), "d30": open_to_all}
    site, found = Site(devices), targets(*[(host, "right") for host in hosts])
    gentle = Gentle(site, loan(found, opened=False))
    reasons = await swept(gentle, found)
    assert Counter(reasons) == {"timeout": 58, "ok": 2}
    assert site.logins == ["d59"]
    assert [one.reason for one in gentle.told()] == ["ok"]


async def test_a_dead_recorder_that_comes_back_sees_one_login_at_a_time() -> None:
    """Its other channels are dialled eight at once while nothing answers: without the password."""
    asked: list[bool] = []

    def wakes(target: Target) -> tuple[str, int, int]:
        asked.append(bool(target.password))
        return off(target) if len(asked) < 6 else lets_in("right")(target)

    site, found = Site({"n": wakes}), targets(*[("n", "wrong")] * 64)
    reasons = Counter(await swept(Gentle(site, loan(found, worked=True)), found))
    assert site.wrong["n"] == 1
    assert site.most["n"] == 1
    assert reasons["auth"] == 1
    assert reasons["locked"] > 50


async def test_a_password_that_works_is_counted_and_told_only_when_it_fails() -> None:
    passwords = iter([*["right"] * 9, *["changed"] * 9])

    def changes(target: Target) -> tuple[str, int, int]:
        return lets_in(next(passwords))(target)

    site, found = Site({"n": changes}), targets(*[("n", "right")] * 12)
    gentle = Gentle(site, loan(found, worked=True))
    assert await swept(gentle, found) == ["ok"] * 9 + ["auth", "locked", "locked"]
    assert (gentle.told(), gentle.passed) == ([Told(1, "auth", sent=True)], 9)


async def test_one_that_is_full_is_shown_a_new_password_a_few_times_and_one_that_works_always() -> None:
    found = targets(*[("n", "x")] * 8)
    fresh, known = Gentle(Site({"n": full}), loan(found)), Gentle(Site({"n": full}), loan(found, worked=True))
    assert await swept(fresh, found) == ["busy"] * 8
    assert fresh.told() == [Told(1, "busy", sent=True)]
    assert await swept(known, found) == ["busy"] * 8
    assert known.told() == []


async def test_when_passwords_that_worked_fail_everywhere_all_logins_stop() -> None:
    hosts = [f"d{n}" for n in range(300)]
    site, found = Site(dict.fromkeys(hosts, lets_in("new"))), targets(*[(host, "old") for host in hosts])
    sweep = Gentle(site, loan(found, worked=True), policy=GuardPolicy(breaker_devices=5))
    reasons = Counter(await swept(sweep, found))
    assert reasons["auth"] <= 105, "five, and those that were under way then, of a concurrency of 100"
    assert reasons["locked"] == 300 - reasons["auth"]


@pytest.mark.parametrize(("reason", "cause"), [("locked", "refused"), ("busy", "wait"), ("locked", "group")])
async def test_whose_login_is_held_is_asked_without_it(reason: str, cause: str) -> None:
    """Never dialled, a dead one would be called full, which is 在线; and who asks for no password needs none."""
    site = Site({"off": off, "open": open_to_all, "asks": lets_in("x"), "full": full})
    found = targets(*[(host, "x") for host in site.devices])
    held = Loan({1: Slip(1, 0, reason, cause, 5)}, dict.fromkeys(range(4), 1), {})
    assert await swept(Gentle(site, held), found, "media") == ["timeout", "ok", "locked", "busy"]
    assert site.logins == []


async def test_a_login_the_guard_has_never_heard_of_is_not_made() -> None:
    site, found = Site({"n": lets_in("x")}), targets(("n", "x"))
    assert await swept(Gentle(site, Loan()), found) == ["locked"]
    assert site.logins == []


async def test_a_device_that_did_not_answer_last_time_is_asked_without_the_password_first() -> None:
    site, found = Site({"n": lets_in("x")}), targets(("n", "x"), ("n", "x"))
    careful = Loan({1: Slip(1, 7, careful=True)}, {0: 1, 1: 1}, {})
    assert await swept(Gentle(site, careful), found) == ["ok", "ok"]
    assert (site.dialled["n"], len(site.logins)) == (3, 2)


async def test_a_device_that_is_paused_for_logins_is_not_dialled() -> None:
    site, found = Site({"n": open_to_all}), targets(("n", "x"))
    assert await swept(Gentle(site, Loan({1: Slip(1, 0, "paused", "paused")}, {0: 1}, {})), found) == [
        "paused"
    ]
    assert site.dialled == {}


async def test_paused_ones_are_not_dialled_by_any_probe_and_others_need_no_leave() -> None:
    site = Site({"a": open_to_all, "b": open_to_all})
    found = [Target(0, "a", 554), Target(1, "b", 554)]
    assert await swept(Gentle(site, Loan(), {0: "paused"}), found, "options") == ["paused", "ok"]
    assert site.dialled == {"b": 1}


async def test_targets_of_a_file_are_the_users_own_but_nothing_is_shown_again_where_it_was_refused() -> None:
    site = Site({"n": lets_in("right"), "m": hangs_up})
    found = targets(("n", "wrong"), ("n", "wrong"), ("n", "right"), ("m", "x"), ("m", "x"))
    found.append(Target(5, "n", 554, "rtsp://n/4", "operator", "right"))
    found.append(Target(6, "n", 8554, "rtsp://n/5", "admin", "right"))
    assert await swept(Gentle(site, None), found) == ["auth", "locked", "ok", "reset", "reset", "ok", "ok"]


async def test_of_logins_under_way_when_it_is_stopped_nobody_knows() -> None:
    site, found = Site({"a": lets_in("x"), "b": lets_in("x")}), targets(("a", "x"), ("b", "x"))
    gentle = Gentle(site, loan(found))
    for target in found:
        gentle.start(target, "rtsp", 1.0, lambda _result: None)
    gentle.stop()
    assert gentle.told() == [Told(1, "timeout", sent=True), Told(2, "timeout", sent=True)]
