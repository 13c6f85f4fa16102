"""Which endpoint is dialled when: the due queue, the dial budget, the seats, the second look.

A pure machine: it is told the time, what ended and what was asked for, and answers with what to start now and when
to ask it again. It opens nothing; ``worker`` does what it says. One slot a watched endpoint; a slot is idle (one
entry in the heap), waits for a seat, or flies: so no endpoint is ever due twice or dialled twice at once.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from random import Random
from typing import Final

from camerahub.core.messages import Assignment, FleetPolicy
from camerahub.core.result import PROBE_KINDS, REASONS, Facet, Outcome, ProbeResult, Signal
from camerahub.core.stand_in import SNAPSHOT
from camerahub.core.uplinks import Uplink
from camerahub.services.flights import PICTURE, TICKS_PER_S, Flight, Step, is_media, place_of, remember
from camerahub.services.gallery import Gallery
from camerahub.services.gate import Gate
from camerahub.services.rounds import Rounds
from camerahub.services.seats import Gates, Lanes, subnet_of

MAX_SLOTS: Final = 1 << 20
#: Heap entries, or endpoints of a round, taken in one step: a step must not keep the loop from reading answers.
STEP_LIMIT: Final = 256
#: Dials that may be made up for at once, in seconds of the budget.
BURST_S: Final = 0.08
#: Dials at once at a device whose port is silent.
DEAD_SEATS: Final = 8
_SILENT: Final = ("timeout", "unreachable")
_SLOT_BITS: Final = 20
_SLOT_MASK: Final = MAX_SLOTS - 1
_FREE, _IDLE, _WAITING, _FLYING = range(4)
_SIGNALS: Final = {name: info.online for name, info in REASONS.items()}
_DEFINITE: Final = (Signal.UP, Signal.DOWN)
#: What these meet on their way says how camera and subnet are; the others knock at another port.
_OF_LINE: Final = frozenset(name for name, kind in PROBE_KINDS.items() if Facet.ONLINE in kind.facets)


class Fleet:
    """The endpoints of one prober and when each is dialled. ``now``: monotonic seconds; ``wall_us``: µs UTC."""

    def __init__(self, policy: FleetPolicy, probe: str, now: float, gate: Gate | None = None) -> None:
        self.policy = policy
        self.gate = gate or Gate(lambda _: None)
        self.probe = probe
        self._plain = not PROBE_KINDS[probe].login  # the guard has no say in it
        self.held = False
        self.draining = False
        self._rounds = Rounds()
        self.rounds_done = self._rounds.done
        self._zero = now
        self._random = Random(policy.seed)
        self._interval = round(policy.interval_s * TICKS_PER_S)
        self._heap: list[int] = []
        self._slot_of: dict[int, int] = {}
        self._free: list[int] = []
        self._changes: dict[int, Assignment] = {}
        self._leaving: dict[int, int] = {}
        self._assignments: list[Assignment | None] = []
        self._lane_of: list[str] = []
        self._device_of: list[Hashable] = []
        self._lane_names: dict[str, str] = {}
        self._state = bytearray()
        self._memory = bytearray()
        self._gone = bytearray()
        self._due = array("q")
        self._regular = array("q")
        self._asked = array("q")
        self._cameras = Gates(1)
        self._devices = Gates(policy.device_seats)
        self._lanes = Lanes(policy.subnet_seats, max(1, int(policy.max_in_flight * policy.dark_share)))
        self._paused: set[int] = set()
        self._paused_all = False
        self._wanted: dict[int, dict[str, list[int]]] = {}
        # Whose look ends blind before, having begun too early, is looked at again soon.
        self._again_until = -1
        self._looks = Gallery(policy, self._random)
        self._tick = 0
        self._tokens = 1.0
        self._refilled = now
        self._lag = 0
        self.in_flight = 0
        self._counts = dict.fromkeys(
            ("started_total", "finished_total", "confirmations_total", "no_seat_total", "paused_total"), 0
        )

    # --- who is watched ---------------------------------------------------------------------------------------

    def assign(self, assignments: Iterable[Assignment], now: float) -> None:
        """Watch these. New ones are first dialled at their place in the interval; known ones keep their memory."""
        for assignment in assignments:
            endpoint = assignment.target.endpoint
            slot = self._slot_of.get(endpoint)
            if slot is None and (slot := self._leaving.pop(endpoint, None)) is not None:
                self._gone[slot] = 0
                self._slot_of[endpoint] = slot
                self._changes[slot] = assignment
            elif slot is None:
                self._add(assignment, self._ticks(now) + self._place(endpoint, self._interval), 0)
            elif self._changes.get(slot, self._assignments[slot]) != assignment:
                self._change(slot, assignment)

    def unassign(self, endpoints: Iterable[int]) -> None:
        """Watch these no longer. Conversations under way end in their own time and say nothing."""
        for endpoint in endpoints:
            slot = self._slot_of.pop(endpoint, None)
            if slot is None:
                continue
            self._paused.discard(endpoint)
            self._changes.pop(slot, None)
            for rounds in self._wanted.pop(slot, {}).values():
                self._rounds.close(rounds)
            if self._state[slot] == _FLYING:
                self._leaving[endpoint] = slot
            self._retire(slot)

    def _change(self, slot: int, assignment: Assignment) -> None:
        """Known endpoint, new particulars: now, or once the conversation under way has ended."""
        if self._state[slot] == _FLYING:
            self._changes[slot] = assignment
        else:
            self._replace(
                slot, assignment, self._due[slot] if self._state[slot] == _IDLE else self._asked[slot]
            )

    def _replace(self, slot: int, assignment: Assignment, due: int) -> None:
        wanted = self._wanted.pop(slot, None)
        regular = self._regular[slot]
        old, new = self._assigned(slot).target, assignment.target
        memory = self._memory[slot] if (old.host, old.port) == (new.host, new.port) else 0
        self._retire(slot)
        fresh = self._add(assignment, due, memory)
        self._regular[fresh] = regular
        if wanted:
            self._wanted[fresh] = wanted

    def _add(self, assignment: Assignment, due: int, memory: int) -> int:
        slot = self._free.pop() if self._free else self._grow()
        lane = assignment.subnet or subnet_of(assignment.target.host)
        self._assignments[slot] = assignment
        self._lane_of[slot] = self._lane_names.setdefault(lane, lane)
        self._device_of[slot] = assignment.device or assignment.target.host
        self._slot_of[assignment.target.endpoint] = slot
        self._state[slot], self._memory[slot], self._gone[slot] = _IDLE, memory, 0
        self._regular[slot] = due
        self._arm(slot, due)
        if assignment.target.url:
            self._looks.enter(slot, assignment.target.endpoint, assignment.target.host, due)
        return slot

    def _grow(self) -> int:
        slot = len(self._assignments)
        if slot >= MAX_SLOTS:
            raise ValueError(f"more than {MAX_SLOTS} endpoints in one prober")
        self._assignments.append(None)
        self._lane_of.append("")
        self._device_of.append(0)
        for flags in (self._state, self._memory, self._gone):
            flags.append(0)
        for ticks in (self._due, self._regular, self._asked):
            ticks.append(-1)
        return slot

    def _retire(self, slot: int) -> None:
        """Free an idle slot; one that waits or flies is freed when its seats come back."""
        self._due[slot] = -1
        self._looks.drop(slot)
        if self._state[slot] == _IDLE:
            self._release(slot)
        else:
            self._gone[slot] = 1

    def _release(self, slot: int) -> None:
        self._assignments[slot] = None
        self._state[slot] = _FREE
        self._free.append(slot)

    def _assigned(self, slot: int) -> Assignment:
        assignment = self._assignments[slot]
        if assignment is None:
            raise AssertionError("a free slot was used")
        return assignment

    # --- when -------------------------------------------------------------------------------------------------

    def _ticks(self, now: float) -> int:
        return int((now - self._zero) * TICKS_PER_S)

    def _place(self, endpoint: int, width: int) -> int:
        return place_of(endpoint, self.policy.seed, width)

    def _arm(self, slot: int, due: int) -> None:
        self._due[slot] = due
        heapq.heappush(self._heap, due << _SLOT_BITS | slot)
        if len(self._heap) > 2 * len(self._due) + 1024:
            self._heap = [d << _SLOT_BITS | s for s, d in enumerate(self._due) if d >= 0]
            heapq.heapify(self._heap)

    def _arm_regular(self, slot: int, now: int) -> None:
        """The next look on the endpoint's own grid; looks that were missed are not made up for."""
        at = self._regular[slot] + self._interval
        if at <= now:
            at += ((now - at) // self._interval + 1) * self._interval
        self._regular[slot] = at
        due = at + int(self._random.random() * self.policy.jitter * self._interval)
        # One that was dialled late is not dialled again at once.
        self._arm(slot, max(due, now + self._interval // 4))

    # --- on demand --------------------------------------------------------------------------------------------

    def ask(self, round_id: int, probe: str, endpoints: Iterable[int] | None) -> None:
        """Look now, with ``probe``; the round's id stands in ``rounds_done`` once all have answered."""
        self._rounds.ask(round_id, probe, list(self._slot_of) if endpoints is None else endpoints)

    def pause(self, paused: bool, endpoints: Iterable[int] | None) -> None:
        """Stop or resume dialling; resuming everything resumes each. Paused endpoints answer so when they fall due."""
        if endpoints is None:
            self._paused_all = paused
            self._paused.clear()
        elif paused:
            self._paused.update(endpoint for endpoint in endpoints if endpoint in self._slot_of)
        else:
            self._paused.difference_update(endpoints)

    def drain(self) -> None:
        """Begin nothing more. ``in_flight`` falls to 0 within one deadline."""
        self.draining = True

    def look_again(self, chosen: Callable[[str], bool], now: float) -> None:
        """Look soon at all whose host is ``chosen``: spread over half an interval, nobody later than before."""
        ticks = self._ticks(now)
        self._again_until = ticks + int(2 * self.policy.deadline_s * TICKS_PER_S)
        for endpoint, slot in self._slot_of.items():
            if self._state[slot] == _IDLE and chosen(self._assigned(slot).target.host):
                soon = ticks + self._place(endpoint, self._interval // 2)
                if soon < self._due[slot]:
                    self._arm(slot, soon)

    def _ask_some(self, now: int) -> None:
        for _ in range(STEP_LIMIT):
            if not self._rounds.asking:
                return
            one = self._rounds.take()
            if one is not None and (slot := self._slot_of.get(one.endpoint)) is not None:
                self._want(slot, one.round_id, one.probe, now)

    def _want(self, slot: int, round_id: int, probe: str, now: int) -> None:
        self._rounds.open(round_id)
        self._wanted.setdefault(slot, {}).setdefault(probe, []).append(round_id)
        if self._state[slot] == _IDLE:
            self._arm(slot, now)

    # --- one step ---------------------------------------------------------------------------------------------

    def step(self, now: float, wall_us: int) -> Step:
        """What to start and what could not be looked at, as of ``now``; at most a few hundred of each."""
        step = Step(wall_us=wall_us)
        if self.draining:
            return step
        ticks = self._tick = self._ticks(now)
        self._refill(now)
        if self._rounds.asking:
            self._ask_some(ticks)
        if self._looks.interval:
            self._look(ticks, now)
        more = self._fall_due(ticks, wall_us, step)
        if self._lanes.servable:
            self._serve(ticks, wall_us, step)
        step.wake_at = now if more or self._rounds.asking else self._next_wake(now)
        return step

    @property
    def budget(self) -> float:
        """Dials per second."""
        return self.policy.dials_per_s or max(200.0, 2 * len(self._slot_of) / self.policy.interval_s)

    def _refill(self, now: float) -> None:
        rate = self.budget
        self._tokens = min(max(1.0, rate * BURST_S), self._tokens + (now - self._refilled) * rate)
        self._refilled = now

    @property
    def _may_start(self) -> bool:
        return self._tokens >= 1.0 and self.in_flight < self.policy.max_in_flight and not self.held

    def _next_wake(self, now: float) -> float:
        wake = self.next_due()
        if self._lanes.servable and not self.held and self.in_flight < self.policy.max_in_flight:
            # A tick at least: a budget one rounding error short of a dial must not spin.
            wake = min(wake, now + max(1 / TICKS_PER_S, (1.0 - self._tokens) / self.budget))
        return wake

    def next_due(self) -> float:
        """Monotonic seconds at which the next endpoint falls due, infinity for none."""
        heap = self._heap
        while heap and self._due[heap[0] & _SLOT_MASK] != heap[0] >> _SLOT_BITS:
            heapq.heappop(heap)
        due = (heap[0] >> _SLOT_BITS) + 1 if heap else math.inf
        if self._looks.interval:
            # Two ticks: this tick was rounded down, and a line a moment short of a picture must not spin.
            due = min(due, self._looks.next_due(TICKS_PER_S, self._tick) + 2)
        return self._zero + due / TICKS_PER_S

    def _fall_due(self, now: int, wall_us: int, step: Step) -> bool:
        heap = self._heap
        for _ in range(STEP_LIMIT):
            if not heap or heap[0] >> _SLOT_BITS > now:
                return False
            entry = heapq.heappop(heap)
            slot = entry & _SLOT_MASK
            if self._due[slot] == entry >> _SLOT_BITS:
                self._due[slot] = -1
                self._one_due(slot, entry >> _SLOT_BITS, now, wall_us, step)
        return bool(heap) and heap[0] >> _SLOT_BITS <= now

    def _one_due(self, slot: int, due: int, now: int, wall_us: int, step: Step) -> None:
        if self._state[slot] == _WAITING:
            if not self.held:  # who does not take what was seen is not told what was not
                self._give_up(slot, "no_seat", wall_us, step)
            self._be_patient(slot, now)
        elif self._is_paused(slot):
            if not self.held or slot in self._wanted:
                self._give_up(slot, "paused", wall_us, step)
            self._arm_regular(slot, now)
        else:
            self._asked[slot] = due
            self._seek(slot, now, step)

    def _is_paused(self, slot: int) -> bool:
        if self._paused_all:
            return True
        return bool(self._paused) and self._assigned(slot).target.endpoint in self._paused

    def _give_up(self, slot: int, reason: str, wall_us: int, step: Step) -> None:
        """Say why nobody looked. One that waits keeps its place in the queue, so that its turn does come."""
        self._counts[f"{reason}_total"] += 1
        endpoint = self._assigned(slot).target.endpoint
        wanted = self._wanted.pop(slot, None) or {}
        look = next((probe for probe in wanted if is_media(probe)), "")
        if look and not (self._looks.missed(slot, reason, self._tick) or wanted[look]):
            del wanted[look]
        for probe, rounds in (wanted or {self.probe: []}).items():
            step.unseen.append(ProbeResult(endpoint, probe, Outcome.UNKNOWN, reason, 0, wall_us, 0.0))
            self._rounds.close(rounds)

    def _be_patient(self, slot: int, now: int) -> None:
        patience = self._interval
        if slot in self._wanted:
            patience = max(patience, int(self.policy.round_patience_s * TICKS_PER_S))
        self._arm(slot, now + patience)

    def configure(self, uplinks: Iterable[Uplink]) -> None:
        """The lines to the cameras: what pictures may take of each."""
        self._looks.lines(uplinks)

    def _look(self, now: int, seconds: float) -> None:
        """Whose picture is due and may be taken now: it is wanted beside, or instead of, the next liveness look."""
        for slot in self._looks.pop(now, seconds):
            self._wanted.setdefault(slot, {}).setdefault(self._looks.begin(slot), [])
            if self._state[slot] == _IDLE:
                self._arm(slot, now)

    def permitted(self, keys: Iterable[int], now: float) -> None:
        """These may log in from now on: pictures that were held for want of it are taken soon."""
        tick = self._ticks(now)
        for endpoint, wait in self._looks.released(keys):
            slot = self._slot_of.get(endpoint, -1)
            if slot in self._looks:
                self._looks.soon(slot, tick + wait)

    # --- seats ------------------------------------------------------------------------------------------------

    def _seek(self, slot: int, now: int, step: Step | None) -> None:
        """Take the camera's and the device's seat, then queue for the subnet's; start at once when all is free."""
        self._state[slot] = _WAITING
        camera = self._assigned(slot).camera
        if (not camera or self._cameras.take(camera, slot)) and self._devices.take(
            self._device_of[slot], slot
        ):
            lane = self._lane_of[slot]
            if step is not None and self._may_start and self._lanes.take(lane):
                self._launch(slot, False, now, step)
                return
            self._lanes.put(lane, slot, slot in self._wanted)
        self._be_patient(slot, now)

    def _serve(self, now: int, wall_us: int, step: Step) -> None:
        while self._may_start and (served := self._lanes.pop()) is not None:
            slot = served.slot
            if not self._gone[slot] and not self._is_paused(slot):
                self._launch(slot, served.dark, now, step)
                continue
            self._lanes.give(self._lane_of[slot], served.dark)
            if not self._gone[slot]:
                self._state[slot] = _IDLE
                self._give_up(slot, "paused", wall_us, step)
                self._arm_regular(slot, now)
            self._leave(slot)

    def _launch(self, slot: int, dark: bool, now: int, step: Step) -> None:
        rounds: tuple[int, ...] = ()
        probe = self.probe
        assignment = self._assigned(slot)
        if (wanted := self._wanted.get(slot)) is None:
            if self._plain:
                self._fly(slot, Flight(slot, assignment.target, probe, rounds, dark), now, step)
                return
        else:
            probe = next(iter(wanted))
            if probe == PICTURE and not wanted[PICTURE] and 0 < self._memory[slot] <= self.policy.down_n:
                probe = self.probe  # who does not answer is asked the cheap way first
            else:
                rounds = tuple(wanted.pop(probe))
                if not wanted:
                    del self._wanted[slot]
        why = self.gate.take(assignment, probe)
        # A picture without the login: one that is dead, or open, need not wait for the guard.
        bare = why == "locked" and is_media(probe) and probe != SNAPSHOT
        if why and not bare:
            self._hold_login(slot, probe, rounds, dark, why, now, step)
            return
        target, key = assignment.target, assignment.key
        if bare:
            self._looks.held(key, target.endpoint)
            target, key = replace(target, username="", password=""), 0
        self._fly(slot, Flight(slot, target, probe, rounds, dark, key, bare), now, step)

    def _fly(self, slot: int, flight: Flight, now: int, step: Step) -> None:
        self._due[slot] = -1
        self._state[slot] = _FLYING
        self._tokens -= 1.0
        self.in_flight += 1
        self._counts["started_total"] += 1
        self._lag = max(self._lag, now - self._asked[slot])
        step.starts.append(flight)

    def _hold_login(
        self, slot: int, probe: str, rounds: tuple[int, ...], dark: bool, why: str, now: int, step: Step
    ) -> None:
        """The guard lets nobody log in here now: nothing is dialled, the seats go on."""
        endpoint = self._assigned(slot).target.endpoint
        step.unseen.append(ProbeResult(endpoint, probe, Outcome.UNKNOWN, why, 0, step.wall_us, 0.0))
        if is_media(probe):
            self._looks.looked(slot, None, self._tick)
            if probe == SNAPSHOT and why == "locked":
                self._looks.owe(slot, self._assigned(slot).key, endpoint)
        self._rounds.close(rounds)
        self._lanes.give(self._lane_of[slot], dark)
        self._state[slot] = _IDLE
        if slot in self._wanted:
            self._arm(slot, now)
        elif self._regular[slot] > now:  # a round must not cost the regular look that was to come
            self._arm(slot, self._regular[slot])
        else:
            self._arm_regular(slot, now)
        self._leave(slot)

    def finished(self, flight: Flight, result: ProbeResult, now: float) -> bool:
        """A dial has ended: its seats go on. Whether the result is of an endpoint still watched."""
        slot = flight.slot
        self._tick = self._ticks(now)
        if flight.probe is not self.probe or not self._plain:
            self.gate.ended(flight.key, flight.target.host, result)
            if is_media(flight.probe):
                self._looks.looked(slot, result, self._tick, flight.snapshot_login)
        self.in_flight -= 1
        self._counts["finished_total"] += 1
        self._lanes.give(self._lane_of[slot], flight.dark)
        of_line = flight.probe in _OF_LINE
        if of_line and result.reason != "blind":  # who could not see has heard nothing of the subnet
            self._lanes.heard(self._lane_of[slot], result.reason == "timeout")
        if (change := self._changes.pop(slot, None)) is not None:
            self._land_changed(flight, change, self._tick)
            return False
        if flight.rounds:
            self._rounds.close(flight.rounds)
        if of_line and (not result.stage or self._devices.wide):
            self._mind_device(slot, result)
        if self._gone[slot]:
            self._leaving.pop(flight.target.endpoint, None)
            self._leave(slot)
            return False
        if flight.probe == self.probe and slot in self._wanted and result.outcome:
            flight.echo = self._no_picture(slot, result)
        self._rearm(slot, flight.probe, result.reason, self._tick)
        self._leave(slot)
        return True

    def _mind_device(self, slot: int, result: ProbeResult) -> None:
        """A port that nothing answers on has no sessions to take: its other channels need not wait for each other."""
        if result.stage == 0 and result.reason in _SILENT:
            for heir in self._devices.widen(self._device_of[slot], DEAD_SEATS):
                self._queue(heir)
        elif result.stage:
            self._devices.narrow(self._device_of[slot])

    def _no_picture(self, slot: int, result: ProbeResult) -> bool:
        """A picture was due where even liveness has no good answer; whether that is its answer, too."""
        wanted = self._wanted[slot]
        if wanted.get(PICTURE) != []:
            return False
        del wanted[PICTURE]
        if not wanted:
            del self._wanted[slot]
        down = _SIGNALS[result.reason] is Signal.DOWN
        self._looks.looked(slot, result if down else None, self._tick)
        return down

    def _land_changed(self, flight: Flight, change: Assignment, now: int) -> None:
        """The endpoint was changed meanwhile: what came of it is old, and a round is owed a look at what it is now."""
        slot = flight.slot
        for round_id in flight.rounds:
            self._want(slot, round_id, flight.probe, now)
        self._rounds.close(flight.rounds)
        self._state[slot] = _IDLE
        self._leave(slot)
        self._replace(slot, change, now)

    def _rearm(self, slot: int, probe: str, reason: str, now: int) -> None:
        self._state[slot] = _IDLE
        signal = _SIGNALS[reason] if probe in _OF_LINE else Signal.NONE
        memory, again = remember(self._memory[slot], signal, self.policy.down_n)
        self._memory[slot] = memory
        if probe != self.probe and signal in _DEFINITE and self._regular[slot] - now < self._interval // 2:
            self._regular[slot] += self._interval  # a conversation about media is the liveness answer, too
        soon = now + int(self.policy.confirm_s * TICKS_PER_S)
        if slot in self._wanted:
            self._arm(slot, now)
        elif again and soon < self._regular[slot] + self._interval:
            self._counts["confirmations_total"] += 1
            self._arm(slot, soon)
        elif reason == "blind" and now < self._again_until:
            endpoint = self._assigned(slot).target.endpoint
            self._arm(slot, now + self._place(endpoint, self._interval // 2))
        elif self._regular[slot] > now:
            self._arm(slot, self._regular[slot])
        else:
            self._arm_regular(slot, now)

    def _leave(self, slot: int) -> None:
        """Hand on the seats of device and camera; free the slot when its endpoint is no longer watched."""
        camera, key = self._assigned(slot).camera, self._device_of[slot]
        if self._gone[slot]:
            self._release(slot)
        if (heir := self._devices.give(key)) >= 0:
            self._queue(heir)
        if (
            camera
            and (heir := self._cameras.give(camera)) >= 0
            and self._devices.take(self._device_of[heir], heir)
        ):
            self._queue(heir)

    def _queue(self, slot: int) -> None:
        self._lanes.put(self._lane_of[slot], slot, slot in self._wanted)

    @property
    def eager(self) -> bool:
        """Whether a step now would start somebody: call it after something has ended."""
        return self._lanes.servable and self._may_start and not self.draining

    # --- figures ----------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, float]:
        """The figures of STATS that are the fleet's; ``due_lag_s`` begins anew."""
        lag, self._lag = self._lag, 0
        return {
            "endpoints": len(self._slot_of),
            "paused": len(self._slot_of) if self._paused_all else len(self._paused),
            "seats": self.policy.max_in_flight,
            "seats_in_use": self.in_flight,
            "device_seats_in_use": self._devices.used,
            "subnet_seats_in_use": self._lanes.used,
            "waiting_subnet": self._lanes.waiting,
            "waiting_device": self._cameras.waiting + self._devices.waiting,
            "subnets_dark": self._lanes.dark,
            "dials_per_s": self.budget,
            "due_lag_s": lag / TICKS_PER_S,
            "rounds_open": len(self._rounds),
            "logins_total": self.gate.logins,
            "logins_held_total": self.gate.held,
            "permits": self.gate.permits,
            "media_seats": self.policy.picture_seats,
            "media_seats_in_use": self._looks.taken,
            "pictures_late_s": self._looks.overdue(self._tick) / TICKS_PER_S,
            **self._counts,
        }
