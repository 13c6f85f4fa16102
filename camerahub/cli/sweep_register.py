"""One round over the register: the sweep of ``camerahub sweep`` without ``--targets``; its results are stored.

Where a hub runs, its probers stand back for the round and it stores the results; where none does, this process is
the hub for as long as the round lasts.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from camerahub.cli.bracket import Bracket
from camerahub.cli.sweeping import Sweep, allowed
from camerahub.cli.targets import TargetList
from camerahub.core.batch import RESULT_DTYPE, pack
from camerahub.core.collector import collector_off
from camerahub.core.errors import EXIT_INTERRUPTED
from camerahub.core.guard import Guard
from camerahub.core.guard_rows import HELD_BY_DEVICE, Live
from camerahub.core.result import ProbeResult, Target
from camerahub.plan import fleet_policy, policies, target_of, uplinks
from camerahub.registry import guards, queries
from camerahub.registry.store import Store
from camerahub.services import loop
from camerahub.services.clock import SystemClock
from camerahub.services.desk import Desk
from camerahub.services.guarding import device_address

if TYPE_CHECKING:
    from camerahub.cli.context import Context

#: Results in one line to the hub.
PART = 500
WORKER = "sweep"

Keep = Callable[[NDArray[np.void]], None]


def sweep_register(
    context: Context, *, probe: str, concurrency: int, deadline_s: float, as_json: bool, fail_on: str | None
) -> int:
    """One round over every probed endpoint of the register; exit code as of a sweep over a file."""
    with_secrets = probe == "rtsp"
    with collector_off(), _keeper(context, with_secrets) as (store, keep):
        rows = queries.targets(store.engine)
        targets = _targets(context, store, rows, with_secrets)
        results: list[ProbeResult] = []
        settings = context.settings()
        bracket = Bracket(uplinks(settings), fleet_policy(settings), targets, results.append)
        sweep = Sweep(
            TargetList(targets, [row.code for row in rows]), probe, as_json=as_json, bracket=bracket
        )
        interrupted = loop.run(lambda: sweep.run(allowed(concurrency), deadline_s))
        ids = np.array([row.endpoint for row in rows], np.int64)
        batch = pack(results)
        batch["endpoint"] = ids[batch["endpoint"]]
        keep(batch)
    sweep.summarise()
    return EXIT_INTERRUPTED if interrupted else sweep.exit_code(fail_on)


def _targets(
    context: Context, store: Store, rows: list[queries.EndpointTarget], with_secrets: bool
) -> list[Target]:
    opened = {0: ("", "")}
    held: set[int] = set()
    if with_secrets:
        held = _refused(store)
        ring = context.keyring()
        opened |= {
            one.id: (one.username, ring.decrypt(one.secret, one.id))
            for one in queries.secrets(store.engine, {row.credential_id for row in rows} - {0}).values()
        }
    return [
        replace(target_of(row, row.host, *opened[_card(row, with_secrets, held)]), endpoint=n)
        for n, row in enumerate(rows)
    ]


def _card(row: queries.EndpointTarget, with_secrets: bool, held: set[int]) -> int:
    return row.credential_id if with_secrets and row.endpoint not in held else 0


def _refused(store: Store) -> set[int]:
    """Endpoints whose login the guard holds because of what the device said: they are asked without a password."""
    rows = guards.login_rows(store.engine)
    keys, _, _ = guards.stored(store.engine)
    guard, now = Guard(), SystemClock().wall_us()
    guard.load(keys, now, clean=True)
    numbers = {(key.address, key.version): key.number for key in keys}
    used = {row.endpoint: numbers.get((device_address(row.host), row.version), 0) for row in rows}
    guard.watch((Live(number) for number in set(used.values()) - {0}), now)
    return {
        endpoint
        for endpoint, number in used.items()
        if number and getattr(guard.may_login(number, now), "cause", "") in HELD_BY_DEVICE
    }


@contextmanager
def _keeper(context: Context, with_secrets: bool) -> Iterator[tuple[Store, Keep]]:
    """The register to read, and where the results go: to the hub that runs, or into the register at once."""
    home = context.home_folder()
    with ExitStack() as stack:
        store = context.open_store(keys=with_secrets)
        stack.callback(store.close)
        if home.hub_pid() is None:
            stack.enter_context(home.lock())
            yield store, lambda batch: _commit(context, store, batch)
            return
        from camerahub.cli.line import line_to_hub

        line = stack.enter_context(line_to_hub(home))
        line.ask(do="sweep")

        def send(batch: NDArray[np.void]) -> None:
            for start in range(0, len(batch), PART):
                part = batch[start : start + PART].astype(RESULT_DTYPE).tobytes()
                line.ask(rows=base64.b64encode(part).decode())
            line.done()

        yield store, send


def _commit(context: Context, store: Store, batch: NDArray[np.void]) -> None:
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
    desk.checkpoint(clock.wall_us())
