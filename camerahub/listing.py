"""What the list page shows, out of the hub's arrays and the register: ``web.ports.Shelf`` of a running hub.

States are copied between two commits in the thread that owns them, when somebody looks and the last copy is old; names
are read again only when the register has changed.
It decides nothing and writes nothing but that evidence was looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import structlog

from camerahub.config import Settings
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.result import REASON_CODES
from camerahub.core.roads import answers
from camerahub.core.roll import FACETS, Names, Roll, line_at, place_of_code
from camerahub.core.states import States
from camerahub.core.transitions import Answer
from camerahub.core.uplinks import UplinkMap
from camerahub.registry import cards, queries
from camerahub.registry.dialled import dialled
from camerahub.registry.store import Store
from camerahub.services.desk import Desk
from camerahub.services.ports import Clock
from camerahub.services.roster import Roster
from camerahub.services.tasks import cancel, spawn
from camerahub.web.ports import Sheet

log = structlog.get_logger(__name__)

#: A list older than this is made anew when somebody looks, seconds.
FRESH_S = 2.0
#: What a camera's page tells: days of what we dialled, attempts and flips at most.
DIALLED_DAYS, ATTEMPTS, FLIPS = 1, 50, 50
#: Pages of cameras whose rows are read at once; each reads the log of attempts.
READERS = 2

_BLIND, _NO_ADDRESS = REASON_CODES["blind"], REASON_CODES["no_address"]
Exclusively = Callable[[Callable[[], object]], Awaitable[None]]


class _Copy(NamedTuple):
    """The working states at one instant, apart from those that go on changing."""

    roster: Roster
    states: States
    answer: np.typing.NDArray[np.uint8]
    since: np.typing.NDArray[np.int64]


class Listing:
    """``exclusively``: runs work in the thread that owns ``desk``, between two commits (``Ingest.exclusively``).

    ``ready``: whether the states of ``desk`` are those of the last commit; while they are not, the last list stays.
    """

    def __init__(
        self,
        store: Store,
        desk: Desk,
        exclusively: Exclusively,
        ready: Callable[[], bool],
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._store, self._desk, self._exclusively, self._clock = store, desk, exclusively, clock
        self._ready, self._uplinks = ready, UplinkMap(line.uplink() for line in settings.uplinks)
        self.site, self.zone = settings.site.name, settings.site.zone
        self._names: tuple[Roster, Names, np.typing.NDArray[np.int64]] | None = None
        self._roll: Roll | None = None
        self._closed = False
        self._asked_at = -FRESH_S - 1
        self._making: asyncio.Task[None] | None = None
        self._reading = asyncio.Semaphore(READERS)

    # --- the list

    async def roll(self) -> Roll:
        """The list; while a newer one is made the last one is shown, so that nobody waits for a long commit."""
        if self._due() and self._ready():
            self._asked_at = self._clock.monotonic()
            self._making = spawn(self._make(), "list")
        if self._roll is None and self._making is not None:
            await asyncio.shield(self._making)
        if self._roll is None:
            raise EnvironmentFault("pages.not_ready")
        return self._roll

    def _due(self) -> bool:
        idle = self._making is None or self._making.done()
        return idle and not self._closed and self._clock.monotonic() - self._asked_at > FRESH_S

    async def aclose(self) -> None:
        """No list is made any more; the one that is being made is given up."""
        self._closed = True
        if self._making is not None:
            await cancel(self._making)

    async def _make(self) -> None:
        copies: list[_Copy] = []
        try:
            await self._exclusively(lambda: copies.append(_copy(self._desk)))
            as_of = self._clock.wall_us()
            self._roll = await asyncio.to_thread(self._roll_of, copies[0], as_of)
        except EnvironmentFault as fault:
            log.warning("list_not_made", key=fault.key, zh=fault.text.zh, en=fault.text.en)

    def _roll_of(self, copy: _Copy, as_of: int) -> Roll:
        names, place = self._names_of(copy.roster)
        shape = (len(FACETS), len(names))
        answer = np.full(shape, int(Answer.UNKNOWN), np.uint8)
        # facets that this hub does not look at are told as the register tells them: nobody ever looked
        lost = np.diff(copy.roster.roads.start)[place] == 0
        reason = np.tile(np.where(lost, _NO_ADDRESS, _BLIND).astype(np.uint8), (len(FACETS), 1))
        since, observed = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, policy in enumerate(copy.states.policies):
            told = answers(copy.states, policy.facet, copy.roster.roads)
            to = FACETS.index(policy.facet.name.lower())
            answer[to], since[to] = copy.answer[row][place], copy.since[row][place]
            reason[to], observed[to] = told.reason[place], told.observed_at[place]
        return Roll(names, as_of, answer, reason, since, observed)

    def _names_of(self, roster: Roster) -> tuple[Names, np.typing.NDArray[np.int64]]:
        """Names of the cameras of a roster, and the place in it of each: read once a roster."""
        if self._names is not None and self._names[0] is roster:
            return self._names[1:]
        engine, ids = self._store.engine, roster.camera_ids
        rows = cards.named(engine)
        # imported a moment ago, or gone: the roster that knows it is on its way
        known = set(ids.tolist())
        names = Names.of([row for row in rows if row.id in known], queries.areas(engine))
        self._names = (roster, names, np.searchsorted(ids, names.id))
        return self._names[1:]

    # --- one camera

    async def sheet(self, code: str) -> Sheet | None:
        """One camera: its line of the list, and what the register tells of it."""
        roll = await self.roll()
        if place_of_code(roll, code) is None:
            return None
        async with self._reading:
            return await asyncio.to_thread(self._sheet, roll, code)

    def _sheet(self, roll: Roll, code: str) -> Sheet | None:
        engine, now = self._store.engine, self._clock.wall_us()
        since = now - timedelta(days=DIALLED_DAYS) // timedelta(microseconds=1)
        card, place = cards.card(engine, code), place_of_code(roll, code)
        told = dialled(engine, code, since=since, zone=self.zone, uplinks=self._uplinks, most=ATTEMPTS)
        if card is None or told is None or place is None:
            return None
        flips = queries.history(engine, code, limit=FLIPS)
        proofs = cards.proofs(engine, code, now)
        return Sheet(line_at(roll, place), card, flips, told, proofs, cards.alarm_counts(engine, code))

    async def look(self, code: str, number: int, who: str) -> bytes | None:
        """A piece of evidence, read and written down in one transaction of the one writer."""
        found: list[bytes] = []
        now = self._clock.wall_us()

        def read() -> None:
            found.append(self._store.look_at_still(code, number, who, now))

        try:
            await self._exclusively(read)
        except (KeyError, ConfigError):  # gone since the page was made, or never there
            return None
        log.info("evidence_looked_at", camera=code, number=number)
        return found[0]


def _copy(desk: Desk) -> _Copy:
    return _Copy(desk.roster, desk.states.copy(), desk.cameras.answer.copy(), desk.cameras.since.copy())
