"""One round over the register: the sweep of ``camerahub sweep`` without ``--targets``; its results are stored.

Where a hub runs, its probers stand back for the round, it lends the logins and stores the results; where none does,
this process is the hub for as long as the round lasts.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from camerahub.cli.bracket import Bracket
from camerahub.cli.gentle import Dialler, Gentle
from camerahub.cli.sweeping import Manner, Sweep, allowed
from camerahub.cli.targets import TargetList
from camerahub.core.batch import FACTS_DTYPE, RESULT_DTYPE, pack
from camerahub.core.collector import collector_off
from camerahub.core.errors import EXIT_INTERRUPTED
from camerahub.core.lending import Loan
from camerahub.core.result import PROBE_KINDS, Facet, ProbeResult, Target
from camerahub.plan import fleet_policy, guard_policy, policies, target_of, uplinks
from camerahub.registry import pauses, queries
from camerahub.registry.store import Store
from camerahub.services import loop
from camerahub.services.clock import SystemClock
from camerahub.services.desk import Desk
from camerahub.telemetry.logs import set_up

if TYPE_CHECKING:  # they bring what a sweep without logins does without
    from camerahub.cli.borrow import Lender
    from camerahub.cli.context import Context
    from camerahub.cli.line import Line

#: Results in one line to the hub.
PART = 500
WORKER = "sweep"


class Keeper(Protocol):
    """The register to read, where logins come from (None: the round needs none), where results go."""

    store: Store
    lender: Lender | None

    def keep(self, batch: NDArray[np.void], facts: NDArray[np.void]) -> None:
        """RESULT_DTYPE (N,), FACTS_DTYPE (M,)."""


def sweep_register(
    context: Context, probe: str, manner: Manner, *, as_json: bool, fail_on: str | None
) -> int:
    """One round over every probed endpoint of the register; exit code as of a sweep over a file."""
    set_up(level="error")  # stdout is for results
    logs_in = PROBE_KINDS[probe].login
    with collector_off(), _keeper(context, logs_in) as keeper:
        store = keeper.store
        rows = queries.targets(store.engine)
        targets = _targets(context, store, rows, logs_in)
        ids = np.array([row.endpoint for row in rows], np.int64)
        results: list[ProbeResult] = []
        settings = context.settings()
        bracket = Bracket(uplinks(settings), fleet_policy(settings), targets, results.append)
        found = TargetList(targets, [row.code for row in rows])
        round_ = _Round(context, keeper.lender, ids, pauses.paused(store.engine))
        sweep = Sweep(found, probe, as_json=as_json, bracket=bracket, gentle=round_.gentle)
        interrupted = loop.run(lambda: round_.run(sweep, allowed(manner)))
        keeper.keep(*_rows(results, ids))
    sweep.summarise()
    return EXIT_INTERRUPTED if interrupted else sweep.exit_code(fail_on)


class _Round:
    """The sweep between borrowing and giving back. Places in the targets, not endpoints, are what a sweep counts in."""

    def __init__(
        self, context: Context, lender: Lender | None, ids: NDArray[np.int64], paused: list[int]
    ) -> None:
        self._context, self._lender, self._ids = context, lender, ids
        self._never = dict.fromkeys(np.flatnonzero(np.isin(ids, paused)).tolist(), "paused")
        self._loan = Loan()
        self._gentle: Gentle | None = None

    def gentle(self, dialler: Dialler) -> Dialler:
        """Between the sweep and its prober, where somebody is paused or a login may be sent."""
        if self._lender is None and not self._never:
            return dialler
        places = {int(endpoint): place for place, endpoint in enumerate(self._ids)}
        keys = {places[endpoint]: key for endpoint, key in self._loan.keys.items() if endpoint in places}
        policy = guard_policy(self._context.settings())
        self._gentle = Gentle(dialler, replace(self._loan, keys=keys), self._never, policy)
        return self._gentle

    async def run(self, sweep: Sweep, manner: Manner) -> bool:
        """True when it was interrupted."""
        if self._lender is not None:
            self._loan = await self._lender.lend()
        interrupted = await sweep.run(manner)
        if self._lender is not None and self._gentle is not None:
            await self._lender.take_back(self._loan, self._gentle.told(), self._gentle.passed)
        return interrupted


def _targets(
    context: Context, store: Store, rows: list[queries.EndpointTarget], logs_in: bool
) -> list[Target]:
    opened = {0: ("", "")}
    if logs_in:
        ring = context.keyring()
        opened |= {
            one.id: (one.username, ring.decrypt(one.secret, one.id))
            for one in queries.secrets(store.engine, {row.credential_id for row in rows} - {0}).values()
        }
    return [
        target_of(row, row.host, *opened[row.credential_id if logs_in else 0], name=n)
        for n, row in enumerate(rows)
    ]


def _rows(results: list[ProbeResult], ids: NDArray[np.int64]) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """What is stored. Of 在线 only a device that was dialled can say anything."""
    kept = [
        one for one in results if one.reason != "locked" or PROBE_KINDS[one.probe].facets != (Facet.ONLINE,)
    ]
    batch = pack(kept)
    batch["endpoint"] = ids[batch["endpoint"]]
    told = [(one, one.facts) for one in kept if one.facts is not None]
    learned = [(one, facts) for one, facts in told if Facet.MEDIA in PROBE_KINDS[one.probe].facets]
    facts = np.array([facts.row(one.endpoint, one.started_at) for one, facts in learned], FACTS_DTYPE)
    facts["endpoint_id"] = ids[facts["endpoint_id"]]
    return batch, facts


# -- where it is kept -------------------------------------------------------------------------------------------------


@contextmanager
def _keeper(context: Context, logs_in: bool) -> Iterator[Keeper]:
    """The hub that runs, or the register itself."""
    home = context.home_folder()
    with ExitStack() as stack:
        store = context.open_store(keys=logs_in)
        stack.callback(store.close)
        if home.hub_pid() is None:
            stack.enter_context(home.lock())
            yield _Alone(context, store, logs_in)
            return
        from camerahub.cli.line import line_to_hub

        line = stack.enter_context(line_to_hub(home))
        yield _Beside(store, line, line.ask(do="sweep", login=logs_in), logs_in)


class _Beside:
    """A hub runs: it stores."""

    def __init__(self, store: Store, line: Line, granted: Mapping[str, object], logs_in: bool) -> None:
        self.store, self._line = store, line
        self.lender: Lender | None = None
        if logs_in:
            from camerahub.cli.borrow import FromHub

            self.lender = FromHub(line, granted)

    def keep(self, batch: NDArray[np.void], facts: NDArray[np.void]) -> None:
        """In parts, each answered."""
        self._send("rows", batch.astype(RESULT_DTYPE))
        self._send("facts", facts.astype(FACTS_DTYPE))
        self._line.done()

    def _send(self, name: str, rows: NDArray[np.void]) -> None:
        for start in range(0, len(rows), PART):
            part = base64.b64encode(rows[start : start + PART].tobytes()).decode()
            self._line.ask(**{name: part})


class _Alone:
    """No hub runs, and none can until this has ended: fold and store one round, as it would."""

    def __init__(self, context: Context, store: Store, logs_in: bool) -> None:
        self._context, self.store = context, store
        self.lender: Lender | None = None
        if logs_in:
            from camerahub.cli.borrow import Alone

            self.lender = Alone(store, guard_policy(context.settings()))

    def keep(self, batch: NDArray[np.void], facts: NDArray[np.void]) -> None:
        """As a hub that starts, takes one batch, and ends."""
        _commit(self._context, self.store, batch, facts)


def _commit(
    context: Context, store: Store, batch: NDArray[np.void], facts: NDArray[np.void] | None = None
) -> None:
    """Fold and store one round, as the hub would."""
    clock = SystemClock()
    desk = Desk(store, lambda: queries.areas(store.engine), policies(context.settings()), ("options",))
    now, monotonic = clock.wall_us(), clock.monotonic()
    marks, mended = desk.open(now, monotonic)
    if mended is not None:
        desk.settle(mended)
    if len(batch):
        # A clock that was set back must not make a round look like one that was stored before.
        epoch = max(now, marks.get(WORKER, (0, 0))[0] + 1)
        desk.settle(desk.prepare(WORKER, epoch, 1, batch, now, monotonic))
    if facts is not None:
        desk.find(facts)
    desk.checkpoint(clock.wall_us())
