"""Who may log in where, and when: so that a table of wrong passwords never locks a county out of its cameras.

A pure machine, the hub's side. It is told which logins exist (``watch``), what came of them (``answer``, ``lost``) and
the time (``tick``), and says which permits to store and then to send. Three promises, whatever happens in between:
a device never counts more than ``bad_most`` wrong logins of ours in 24 h, over all its credentials, protocols and
channels; a password is shown to five devices before it is shown to many; one login a device at a time.
``now``: µs since 1970 UTC. docs/guard.md explains the rule and why each attempt is stored before it is made.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Collection, Iterable
from random import Random

from camerahub.core.breaker import Brake, Breaker
from camerahub.core.guard_parts import Bucket, Group, Place
from camerahub.core.guard_rows import (
    DAY,
    NEVER,
    PASSED,
    SECOND,
    VERDICTS,
    Decision,
    Fix,
    Grant,
    GuardPolicy,
    Held,
    Key,
    Live,
    Login,
    Permit,
)

_ONCE, _STANDING = Permit(standing=False), Permit(standing=True)


class Guard:
    """Every login of one hub. ``changed`` holds the keys to be stored before anything is sent."""

    def __init__(self, policy: GuardPolicy | None = None, seed: int = 0) -> None:
        self.policy = policy or GuardPolicy()
        self.breaker = Breaker(self.policy)
        self.keys: dict[int, Key] = {}
        self.changed: set[int] = set()
        self._seed, self._random = seed, Random(seed)
        self._live: dict[int, Live] = {}
        self._places: dict[str, Place] = {}
        self._groups: dict[str, Group] = {}
        self._paused: frozenset[int] = frozenset()
        self._timed: list[tuple[int, int]] = []
        self._ready: tuple[deque[int], deque[int]] = (deque(), deque())  # worked before, never worked
        self._queued: set[int] = set()
        self._fit: dict[int, None] = {}  # standing permits that nobody was told of yet
        self._standing: set[int] = set()
        self._ending: set[int] = set()  # standing permits taken back: one last answer may still come
        self._flying: set[int] = set()
        self._decision = Decision()
        self._permits = 0
        self._buckets = (Bucket(self.policy.verify_per_s), Bucket(self.policy.pace_per_s))

    def __repr__(self) -> str:
        brake = self.breaker.state.name
        return f"<Guard {len(self._live)} keys | {len(self._flying)} trying | breaker {brake}>"

    # --- what is remembered -------------------------------------------------------------------------------------

    def load(self, rows: Iterable[Key], now: int, *, clean: bool) -> None:
        """Begin with what was stored. Logins that nobody told of count as suspected, and so does, unless the last hub
        ended ``clean``, the one each proven key may have had under its standing permit."""
        rows = list(rows)
        for key in rows:
            self._take(key)
        moments = {address: self._moment(address, now) for address in self._places}
        for key in rows:
            if key.permit or (key.state is Login.PROVEN and not clean):
                self._doubt(key, moments[key.address])

    def _take(self, key: Key) -> None:
        self.keys[key.number] = key
        self._places.setdefault(key.address, Place()).numbers.append(key.number)
        group = self._groups.setdefault(key.version, Group())
        group.known.append(key.number)
        group.opened |= key.proven_at > 0

    def _moment(self, address: str, now: int) -> int:
        """``now``, or the next µs that is no bad time of the device yet: ``_bad`` counts what shares a time once, and
        two lives of a hub may end within one reading of a clock (that was set back in between)."""
        noted = {at for number in self._places[address].numbers for at in self.keys[number].bad}
        while now in noted:
            now += 1
        return now

    def _doubt(self, key: Key, moment: int) -> None:
        """Nobody will tell what came of its login, if there was one. One doubt is enough: a key in doubt has only
        single permits, and each of those that is lost is a doubt of its own. One ``moment`` for all keys of a device:
        it had one login."""
        if key.permit or not key.suspect_at or key.number in self._ending:
            key.suspect(moment)
        self._ending.discard(key.number)
        key.permit = 0
        key.state = self._rest(key)
        self.changed.add(key.number)

    def take_changed(self) -> list[Key]:
        """The keys to be stored, each once; from now on they count as stored."""
        rows = [self.keys[number] for number in sorted(self.changed)]
        self.changed.clear()
        return rows

    def shift(self, step: int) -> None:
        """The wall clock jumped by ``step`` µs: no window may end sooner or later by it."""
        for key in self.keys.values():
            key.shift(step)
        self.changed.update(self.keys)
        self.breaker.shift(step)
        self._timed = [(due + step, number) for due, number in self._timed]
        for group in self._groups.values():
            group.waiting = [(due + step, rank, number) for due, rank, number in group.waiting]

    # --- which logins exist -------------------------------------------------------------------------------------

    def watch(self, live: Iterable[Live], now: int, fresh: Iterable[Key] = ()) -> None:
        """Exactly these are used from now on; ``fresh`` are new to the guard. A changed password is a new key: it
        begins untried, and what the device counted against the old one stays counted."""
        for key in fresh:
            self._take(key)
        before, self._live = self._live, {one.number: one for one in live}
        gone, new = before.keys() - self._live.keys(), self._live.keys() - before.keys()
        self._decision.withdraw += sorted(n for n in gone if n in self._standing or n in self._flying)
        self._end_standing(gone)
        versions = sorted({self.keys[number].version for number in gone | new})
        for version in versions:
            self._spread(version)
        for number in sorted(
            new
        ):  # all of a group before its first turn: the order is the seed's, not the register's
            group = self._groups[self.keys[number].version]
            if group.opened or not self._untried(number):
                self._consider(number, now)
            elif number not in self._flying:
                group.put(number, now)
        for version in versions:
            self._turn(self._groups[version], now)

    def _spread(self, version: str) -> None:
        """Order the devices of a group for its trial: seeded, subnets and makers each once before any comes again."""
        group = self._groups[version]
        members = sorted(n for n in group.known if n in self._live)
        Random(f"{self._seed}:{version}").shuffle(members)
        subnets, vendors = Counter[str](), Counter[str]()
        ranked = []
        for place, number in enumerate(members):
            one = self._live[number]
            ranked.append((subnets[one.subnet], vendors[one.vendor], place, number))
            subnets[one.subnet] += 1
            vendors[one.vendor] += 1
        group.members = [number for *_, number in sorted(ranked)]
        group.rank = {number: rank for rank, number in enumerate(group.members)}
        group.refused = {number for number in group.members if self.keys[number].refused_at}
        if group.current not in self._live:
            group.current = 0
        due = {number: at for at, _, number in group.waiting if number in group.rank}
        group.waiting = sorted((at, group.rank[number], number) for number, at in due.items())
        group.inside = set(due)

    def pause(self, numbers: Collection[int], now: int) -> None:
        """Exactly these keys are paused from now on: their devices are not dialled at all."""
        before, self._paused = self._paused, frozenset(numbers)
        begun = self._paused - before
        self._decision.withdraw += sorted(n for n in begun if n in self._standing or n in self._flying)
        self._end_standing(begun)
        for number in sorted(before - self._paused):
            self._again(number, now)

    def _end_standing(self, numbers: Iterable[int]) -> None:
        """Their probers will hear of it; until then the device may have one more login, and may refuse it."""
        ended = self._standing.intersection(numbers)
        self._standing -= ended
        self._ending |= ended - self._fit.keys()

    def check(self, numbers: Iterable[int], now: int) -> None:
        """A person asks to try these now. No bound moves by it: one that was refused is tried once in 24 h at most."""
        for number in numbers:
            self.keys[number].asked_at = now
            self.changed.add(number)
            self._again(number, now)

    # --- the rule -----------------------------------------------------------------------------------------------

    def may_login(self, number: int, now: int) -> Permit | Held:
        """Whether this key may be used now; if not, why and until when. KeyError for a key never watched."""
        key = self.keys[number]
        place = self._places[key.address]
        if number not in self._live:
            return Held("locked", "unwatched", NEVER)
        return self._place_allows(key, place, now) or self._key_allows(key, place, now)

    def _place_allows(self, key: Key, place: Place, now: int) -> Held | None:
        """What holds this key whatever is known of its password."""
        if key.number in self._paused:
            return Held("paused", "paused", NEVER)
        if place.trying:
            return Held("locked", "trying", NEVER)
        if self.breaker.state is not Brake.CLOSED and not self._half_open_to(key):
            return Held("locked", "breaker", NEVER)
        return self._device_allows(place, now)

    def is_out(self, number: int) -> bool:
        """Whether somebody has a permit for this key, or has not said yet what came of one that was taken back."""
        return number in self._flying or number in self._standing or number in self._ending

    def is_live(self, number: int) -> bool:
        """Whether a prober may try this key."""
        return number in self._live

    def _half_open_to(self, key: Key) -> bool:
        """Who may show whether the fault is over: passwords that worked, and those set since."""
        fresh = _worked(key) or key.known_at >= self.breaker.opened_at
        return self.breaker.state is Brake.HALF and fresh

    def _device_allows(self, place: Place, now: int) -> Held | None:
        """What the device said to one of its keys holds all of them."""
        keys = [self.keys[number] for number in place.numbers]
        if (until := max(key.locked_until for key in keys)) > now:
            return Held("locked", "locked", until)
        if (until := max(key.wait_until for key in keys)) > now:
            return Held("busy", "wait", until)
        bad = self._bad(place, now)
        if len(bad) >= self.policy.bad_most:
            return Held("locked", "day", bad[-self.policy.bad_most] + DAY)
        return None

    def _bad(self, place: Place, now: int) -> list[int]:
        """When, within 24 h, the device may have counted a wrong login of ours. Ascending. What one crash left in
        doubt is one time for all keys of the device: it had one login of ours then."""
        times = {at for number in place.numbers for at in self.keys[number].bad}
        return sorted(at for at in times if at and at > now - DAY)

    def _key_allows(self, key: Key, place: Place, now: int) -> Permit | Held:
        if _worked(key) or key.state is Login.PROVEN:
            sure = not key.suspect_at and self.breaker.state is Brake.CLOSED
            return _STANDING if sure else _ONCE
        if key.refused_at:
            return self._retry(key, now)
        if (held := self._second(key, place, now)) is not None:
            return held
        rest = key.suspect_at + round(self.policy.suspect_pause_s * SECOND)
        if key.suspect_at and now < rest:
            return Held("locked", "suspect", rest)
        group = self._groups[key.version]
        if not group.opened and group.current != key.number:
            return Held("locked", "group" if self._failed(group) else "trial", NEVER)
        return _ONCE

    def _retry(self, key: Key, now: int) -> Permit | Held:
        """After a refusal: one try by itself no sooner than 24 h later, another only when a person asks."""
        if key.retries and key.asked_at <= key.refused_at:
            return Held("locked", "refused", NEVER)
        if now < key.refused_at + DAY:
            return Held("locked", "refused", key.refused_at + DAY)
        return _ONCE

    def _second(self, key: Key, place: Place, now: int) -> Held | None:
        """Where the device counts one wrong login, the one that is left is not for just another password."""
        bad = self._bad(place, now)
        if not bad:
            return None
        reserved = any(_worked(self.keys[n]) and n in self._live for n in place.numbers)
        better = key.suspect_at == bad[-1] or key.known_at > bad[-1] or self._groups[key.version].opened
        return None if better and not reserved else Held("locked", "second", bad[-1] + DAY)

    # --- groups -------------------------------------------------------------------------------------------------

    def verdict(self, version: str) -> str:
        """What is known of the (user, password) group of this fingerprint: one of VERDICTS."""
        group = self._groups[version]
        if group.opened:
            return VERDICTS[2]
        if self._failed(group):
            return VERDICTS[3]
        return VERDICTS[1 if any(self.keys[n].tries for n in group.known) else 0]

    def _failed(self, group: Group) -> bool:
        if group.opened:
            return False
        return len(group.refused) >= min(self.policy.trial_devices, len(group.members)) > 0

    def _turn(self, group: Group, now: int) -> None:
        """Name the next device of a trial, when none is being tried and the trial has not failed."""
        while not group.current and not group.opened and not self._failed(group):
            if not (number := group.pop(now)):
                if group.waiting:
                    heapq.heappush(self._timed, (group.waiting[0][0], group.waiting[0][2]))
                return
            if not self._untried(number):
                continue
            group.current = number
            allowed = self.may_login(number, now)
            if isinstance(allowed, Permit):
                self._enqueue(number)
                return
            group.current = 0
            if allowed.until < NEVER:
                group.put(number, allowed.until)

    def _untried(self, number: int) -> bool:
        """Whether the device has never said anything of this password."""
        key = self.keys[number]
        return number in self._live and not (key.proven_at or key.refused_at or key.state is Login.PROVEN)

    def _open(self, group: Group, now: int) -> None:
        """The password is right somewhere: the rest of its devices follow at the paced rate."""
        group.opened, group.current = True, 0
        group.waiting.clear()
        group.inside.clear()
        for number in group.members:
            if self._untried(number):
                self._consider(number, now)

    # --- whose turn it is ---------------------------------------------------------------------------------------

    def _again(self, number: int, now: int) -> None:
        """What held this key may have ended."""
        if number not in self._live:
            return
        group = self._groups[self.keys[number].version]
        if group.opened or not self._untried(number):
            self._consider(number, now)
        elif number != group.current and number not in self._flying:
            group.put(number, now)
            self._turn(group, now)

    def _consider(self, number: int, now: int) -> None:
        """Queue the key, give it its standing permit, or come back when what holds it ends by itself."""
        if number in self._standing or number in self._queued or number in self._flying:
            return
        allowed = self.may_login(number, now)
        if isinstance(allowed, Held):
            if allowed.until < NEVER:
                heapq.heappush(self._timed, (allowed.until, number))
        elif allowed.standing:
            self._standing.add(number)
            self._fit[number] = None
        else:
            self._enqueue(number)

    def _enqueue(self, number: int) -> None:
        if number not in self._queued:
            self._queued.add(number)
            self._ready[0 if _worked(self.keys[number]) else 1].append(number)

    def tick(self, now: int) -> Decision:
        """What is due at ``now``. Store ``take_changed`` first, then send what the decision says: what ends, then what
        is granted."""
        if self.breaker.tick(now):
            self._all_again(now)
        while self._timed and self._timed[0][0] <= now:
            number = heapq.heappop(self._timed)[1]
            if number in self._live and self._untried(number):
                self._turn(self._groups[self.keys[number].version], now)
            self._again(number, now)
        decision, self._decision = self._decision, Decision()
        singles = self._singles(now)
        decision.grants = [Grant(n, 0) for n in self._fit if n in self._standing] + singles
        self._fit.clear()
        return decision

    def _all_again(self, now: int) -> None:
        for number in sorted(self._live):
            self._again(number, now)

    def _singles(self, now: int) -> list[Grant]:
        grants: list[Grant] = []
        for queue, bucket in zip(self._ready, self._buckets, strict=True):
            bucket.refill(now)
            while self._room and (number := self._next(queue, now)):
                if not bucket.take():
                    self._queued.add(number)
                    queue.appendleft(number)
                    break
                grants.append(self._grant(number, now))
        return grants

    @property
    def _room(self) -> bool:
        return len(self._flying) < (1 if self.breaker.state is Brake.HALF else self.policy.at_once)

    def _next(self, queue: deque[int], now: int) -> int:
        """The next of a queue that may still be tried; 0 = none."""
        while queue:
            number = queue.popleft()
            self._queued.discard(number)
            if self.may_login(number, now) == _ONCE:
                return number
            group = self._groups[self.keys[number].version]
            if group.current == number:
                group.current = 0
            self._again(number, now)
            self._turn(group, now)
        return 0

    def _grant(self, number: int, now: int) -> Grant:
        """One login, once: from here on it counts, whatever is heard of it."""
        key = self.keys[number]
        self._permits += 1
        key.retries += key.refused_at > key.proven_at
        key.permit, key.tried_at, key.state = self._permits, now, Login.TRYING
        key.tries += 1
        self._flying.add(number)
        self._places[key.address].trying = number
        self.changed.add(number)
        return Grant(number, key.permit)

    # --- what came of it ----------------------------------------------------------------------------------------

    def answer(self, number: int, permit: int, reason: str, sent: bool, now: int) -> bool:
        """A login ended with ``reason``; ``sent``: the credential went out; reason "": the permit was not used.

        ``permit`` 0: the first answer of a standing permit that was no success. False: nobody asked, or told before.
        """
        key = self.keys.get(number)
        standing = number in self._standing or number in self._ending
        if key is None or (not standing if permit == 0 else key.permit != permit):
            return False
        if permit:
            self._flying.discard(number)
            self._places[key.address].trying = key.permit = 0
        else:
            self._standing.discard(number)
            self._ending.discard(number)
        if reason:
            self._judge(key, reason, sent, now)
        elif permit:
            self._undo(key)
        key.state = self._rest(key)
        self.changed.add(number)
        self._reconsider(key, now)
        return True

    def _undo(self, key: Key) -> None:
        """It was not used: nothing was tried."""
        key.tries -= 1
        key.retries -= key.refused_at > key.proven_at

    def _judge(self, key: Key, reason: str, sent: bool, now: int) -> None:
        if reason in PASSED:
            self._let_in(key, sent, now)
            return
        self._stop_device(key)
        if reason == "busy" or not sent:
            self._wait(key, now)
            if sent and not _worked(key) and key.waits >= self.policy.busy_most:
                key.locked_until = now + DAY
        elif reason in ("auth", "locked"):
            self._refuse(key, reason, now)
        else:
            key.suspect(self._moment(key.address, now))
            self._wait(key, now)
            if key.suspect_before > now - DAY:
                key.locked_until = key.suspect_before + DAY

    def _let_in(self, key: Key, sent: bool, now: int) -> None:
        if not sent:  # it asks nobody for a password, which says nothing of this one
            key.settle()
            key.state = Login.PROVEN
            return
        if key.proven_at:
            self.breaker.passed(1, now)
        key.clear(now)
        group = self._groups[key.version]
        if not group.opened:
            self._open(group, now)
        if self.breaker.proof():
            self._all_again(now)

    def _refuse(self, key: Key, reason: str, now: int) -> None:
        worked = _worked(key)
        key.refuse(self._moment(key.address, now))
        if key.number in self._live:
            self._groups[key.version].refused.add(key.number)
        if reason == "locked":
            key.locked_until = now + DAY
        if worked and self.breaker.refused(key.address, now):
            self._decision.everything = True
            self._end_standing(self._standing)

    def _stop_device(self, key: Key) -> None:
        """The prober has dropped every permit of this device; so does the guard."""
        stopped = self._standing.intersection(self._places[key.address].numbers)
        self._decision.withdraw += sorted(stopped)
        self._end_standing(stopped)

    def _wait(self, key: Key, now: int) -> None:
        key.waits += 1
        pause = min(self.policy.wait_s * 2.0 ** min(key.waits - 1, 16), self.policy.wait_most_s)
        pause *= 1.0 + self.policy.wait_jitter * self._random.random()
        key.wait_until = now + round(pause * SECOND)

    def _rest(self, key: Key) -> Login:
        """What the key is when nobody tries it."""
        if key.locked_until > max(key.proven_at, key.refused_at - 1):
            return Login.LOCKED
        if key.refused_at > key.proven_at:
            return Login.REFUSED
        if key.proven_at or key.state is Login.PROVEN:
            return Login.PROVEN
        return Login.UNTRIED

    def _reconsider(self, key: Key, now: int) -> None:
        """The device is free again, and its group may go on."""
        group = self._groups[key.version]
        if group.current == key.number:
            group.current = 0
        for number in self._places[key.address].numbers:
            self._again(number, now)
        self._turn(group, now)

    def lost(self, numbers: Iterable[int], now: int) -> None:
        """The prober of these keys has died: nobody will tell of the logins it had."""
        out = [self.keys[number] for number in numbers if self.is_out(number)]
        moments = {key.address: self._moment(key.address, now) for key in out}
        for key in out:
            if key.number in self._flying:
                self._flying.discard(key.number)
                self._places[key.address].trying = 0
            self._standing.discard(key.number)
            self._doubt(key, moments[key.address])
        for key in out:
            self._reconsider(key, now)

    def unsent(self, grants: Iterable[Grant], now: int, pause_s: float = 2.0) -> None:
        """These could not be told to anybody: their prober is not there (yet)."""
        for grant in grants:
            if grant.permit:
                self.answer(grant.number, grant.permit, "", False, now)
            elif grant.number in self._standing:
                self._standing.discard(grant.number)
                heapq.heappush(self._timed, (now + round(pause_s * SECOND), grant.number))

    def left(self, numbers: Iterable[int]) -> None:
        """The prober of these keys has told everything and ended: its permits are gone, nothing is in doubt."""
        self._standing.difference_update(numbers)
        self._ending.difference_update(numbers)

    def heard(self, logins: int, now: int) -> None:
        """So many logins under standing permits worked since last told."""
        if logins > 0:
            self.breaker.passed(logins, now)

    @property
    def live(self) -> list[Live]:
        """The keys in use."""
        return list(self._live.values())

    def unfinished(self, numbers: Collection[int], now: int) -> int:
        """How many of these are being tried, wait for their turn in a queue, or for the trial of their group."""
        flying = sum(n in self._flying or n in self._queued for n in numbers)
        groups = {self.keys[n].version for n in numbers if n in self._live}
        soon = now + 60 * SECOND
        trials = [
            self._groups[v] for v in groups if not (self._groups[v].opened or self._failed(self._groups[v]))
        ]
        return flying + sum(bool(group.waiting) and group.waiting[0][0] <= soon for group in trials)

    # --- figures ------------------------------------------------------------------------------------------------

    def standing_of(self, number: int) -> Login:
        """What a key is, in the words of people: HELD while its group is not proven."""
        key = self.keys[number]
        group = self._groups[key.version]
        if key.state is Login.UNTRIED and not group.opened and group.current != number:
            return Login.HELD
        return key.state

    def counts(self) -> dict[str, int]:
        """Keys in use by standing, every name of ``Login`` in lower case."""
        found = Counter(self.standing_of(number).name.lower() for number in self._live)
        return {login.name.lower(): found[login.name.lower()] for login in Login}

    def to_fix(self) -> list[Fix]:
        """The devices somebody must go to or whose password in the register is wrong: refused, locked, and those held
        because their group's trial failed. By address and user."""
        table = []
        for number, live in self._live.items():
            key, shown = self.keys[number], self.standing_of(number)
            group = self.verdict(key.version)
            if shown in (Login.REFUSED, Login.LOCKED) or (shown is Login.HELD and group == VERDICTS[3]):
                since = key.refused_at or key.known_at
                table.append(Fix(number, key.address, key.user, shown, since, key.tries, live.vendor, group))
        return sorted(table, key=lambda fix: (fix.address, fix.user, fix.number))


def _worked(key: Key) -> bool:
    """Whether the password was right when the device last said anything of it."""
    return key.proven_at > key.refused_at
