"""Whatever the order of answers, kills, restarts, changed passwords and duplicates: two refusals a device a day."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from camerahub.core.guard_rows import GuardPolicy
from tests.services.login_sim import Device, Login, Manner, World

ADDRESSES = tuple(f"10.0.{n}.1" for n in range(8))
PASSWORDS = ("a", "b", "c")
USERS = ("admin", "onvif")


class Logins(RuleBasedStateMachine):
    """Eight devices, three passwords, two users; the devices' passwords change as well as the register's."""

    said = Bundle("said")

    @initialize(
        passwords=st.tuples(*[st.sampled_from(PASSWORDS)] * len(ADDRESSES)),
        rude=st.sets(st.sampled_from(ADDRESSES)),
        logins=st.sets(
            st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(USERS), st.sampled_from(PASSWORDS)),
            min_size=1,
        ),
    )
    def begin(self, passwords: tuple[str, ...], rude: set[str], logins: set[tuple[str, str, str]]) -> None:
        devices = [
            Device(address, password, Manner.RUDE if address in rude else Manner.FINE)
            for address, password in zip(ADDRESSES, passwords, strict=True)
        ]
        policy = GuardPolicy(breaker_devices=3, pace_per_s=50, at_once=4)
        self.world = World(devices, policy)
        self.use(logins)

    def use(self, logins: set[tuple[str, str, str]]) -> None:
        self.logins = logins
        rows = [
            Login(address, password, (n,), user) for n, (address, user, password) in enumerate(sorted(logins))
        ]
        self.world.use(rows)

    @rule(die=st.sampled_from(["", "", "", "decided", "stored", "sent"]))
    def turn(self, die: str) -> None:
        self.world.turn(die=die)

    @rule(times=st.integers(1, 12))
    def turns(self, times: int) -> None:
        for _ in range(times):
            self.world.turn()
            self.world.land()
            self.world.shift(5)

    @rule()
    def answers_arrive(self) -> None:
        self.world.land()

    @rule()
    def media_round(self) -> None:
        for login in self.world.register.values():
            self.world.begin(login, 1)
            self.world.land()

    @rule()
    def media_begins(self) -> None:
        for login in self.world.register.values():
            self.world.begin(login, 1)

    @rule(seconds=st.sampled_from([1, 60, 1800, 7200, 43_200, 86_399, 86_401]))
    def time_passes(self, seconds: int) -> None:
        self.world.shift(seconds)

    @rule()
    def hub_killed(self) -> None:
        self.world.kill_hub()

    @rule()
    def prober_killed(self) -> None:
        self.world.kill_prober()

    @rule()
    def hub_restarted(self) -> None:
        self.world.restart()

    @rule(address=st.sampled_from(ADDRESSES), password=st.sampled_from(PASSWORDS))
    def device_password_changes(self, address: str, password: str) -> None:
        self.world.devices[address].password = password

    @rule(address=st.sampled_from(ADDRESSES), manner=st.sampled_from(Manner))
    def device_changes(self, address: str, manner: Manner) -> None:
        self.world.devices[address].manner = manner

    @rule(
        logins=st.sets(
            st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(USERS), st.sampled_from(PASSWORDS))
        )
    )
    def register_changes(self, logins: set[tuple[str, str, str]]) -> None:
        self.use(logins)

    @rule()
    def a_person_asks(self) -> None:
        self.world.guard.check(self.world.by_number, self.world.now)

    @rule(paused=st.sets(st.integers(1, 20)))
    def people_pause(self, paused: set[int]) -> None:
        self.world.paused = paused & self.world.by_number.keys()
        self.world.guard.pause(self.world.paused, self.world.now)

    @rule()
    def the_line_says_everything_twice(self) -> None:
        self.world.land()
        twice = list(self.world.line)
        self.world.hear()
        for told in twice:
            self.world.guard.answer(told.key, told.permit, told.reason, told.sent, self.world.now)

    @invariant()
    def two_refusals_a_device_a_day(self) -> None:
        if hasattr(self, "world"):
            assert {d.address: d.refusals for d in self.world.devices.values() if d.worst_day() > 2} == {}
            assert not any(device.locks for device in self.world.devices.values())


Logins.TestCase.settings = settings(deadline=None, max_examples=300, stateful_step_count=60)
TestLogins = Logins.TestCase


def test_two_lives_within_one_reading_of_the_clock() -> None:
    """What hypothesis found: a standing login and a single one of two lives that ended at one time."""
    logins = {("10.0.0.1", "admin", "a"), ("10.0.0.1", "admin", "b")}
    run = Logins()
    run.begin(("a",) * len(ADDRESSES), set(), logins)
    run.turn("")
    for _ in range(3):
        run.hub_restarted()
    run.device_password_changes("10.0.0.1", "c")
    for die in ("", "decided", "sent", ""):
        run.turn(die)
        run.two_refusals_a_device_a_day()
    assert len(run.world.devices["10.0.0.1"].refusals) == 2
