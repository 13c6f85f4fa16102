"""Composition root: settings become live objects. The one place that sees every room; it decides nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import structlog

from camerahub import __version__
from camerahub.bus.local import LocalChild, spawn_child
from camerahub.config import Settings
from camerahub.core.blindness import Sight
from camerahub.core.errors import EnvironmentFault
from camerahub.core.eyes import Lesson
from camerahub.core.guard_rows import Grant, Held
from camerahub.core.health import RULE
from camerahub.core.lending import LendingGuard, Loan, Told
from camerahub.core.messages import Assignment, Results
from camerahub.core.texts import text
from camerahub.core.uplinks import UPLINK_SCOPE
from camerahub.home import Home
from camerahub.listing import Listing
from camerahub.names import resolve
from camerahub.plan import (
    LIVENESS,
    errands,
    figures_due,
    fleet_policy,
    guard_policy,
    policies,
    prober_count,
    probes,
    published,
    reports,
    target_of,
    upkeep,
    uplinks,
)
from camerahub.registry import eyes, guards, leavers, pauses, queries
from camerahub.registry.store import Store
from camerahub.services.clock import SystemClock
from camerahub.services.desk import HUB, Desk
from camerahub.services.errands import Errands
from camerahub.services.guarding import Guarding, Use
from camerahub.services.ingest import Ingest, Problem
from camerahub.services.leaving import Leaving
from camerahub.services.ports import Spawner
from camerahub.services.seats import subnet_of
from camerahub.services.supervisor import Gap, Supervisor
from camerahub.services.tasks import cancel, spawn
from camerahub.services.teaching import Teaching
from camerahub.telemetry.board import Board, PictureFigures, StorageFigures
from camerahub.telemetry.metrics import Exporter
from camerahub.web.control import ControlDoor
from camerahub.web.server import Binding, WebServer

log = structlog.get_logger()
T = TypeVar("T")
#: Names in the register are looked up again this often, seconds.
RESOLVE_S = 600.0
#: While none of them is answered, this often.
NAMELESS_S = 30.0
#: What could not be read is read again after so long.
RETRY_S = 5.0
DRAIN_S = 3.0
#: Commands that the hub runs now and then give way to everything else.
ERRAND_NICE = 10
#: Scope of the gap in which no host name is answered.
NAMES = "names"


class Card(NamedTuple):
    """With what an endpoint is logged in to; ``key`` the guard's number of it."""

    user: str = ""
    password: str = ""
    key: int = 0

    def __repr__(self) -> str:
        return f"<Card {self.key}>"


class Passwords:
    """The credentials of the register, each opened once for as long as it stays the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: dict[tuple[int, str], str] = {}

    def open(self) -> list[guards.LoginRow]:
        """The endpoints that have one that opens; without the key none has. Meant for a thread."""
        ring = self._store.keys
        if ring is None:
            return []
        rows, opened = guards.login_rows(self._store.engine), dict[tuple[int, str], str]()
        for one in {(row.credential_id, row.secret) for row in rows}:
            try:
                opened[one] = self._opened.get(one) or ring.decrypt(one[1], one[0])
            except EnvironmentFault as fault:
                log.error("password_closed", credential=one[0], key=fault.key)
        self._opened = opened
        return [row for row in rows if (row.credential_id, row.secret) in opened]

    def row(self, endpoint: int) -> guards.LoginRow | None:
        """The login of one endpoint, probed all the time or not. Meant for a thread."""
        rows = guards.login_rows(self._store.engine, endpoint)
        return rows[0] if rows else None

    def __getitem__(self, row: guards.LoginRow) -> str:
        return self._opened[row.credential_id, row.secret]


class _Known:
    """What the register knows of pictures: ``services.teaching.Reader``."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine

    def orders(self) -> Mapping[int, eyes.Order]:
        """By endpoint."""
        return eyes.orders(self._engine)

    def lessons(self, endpoints: Sequence[int], said: Mapping[int, eyes.Order]) -> list[Lesson]:
        """Of these endpoints, of which ``orders`` have ``said`` what people want."""
        return eyes.lessons(self._engine, endpoints, said)


def use_of(row: guards.LoginRow, host: str) -> Use:
    """Who logs in where, for the guard; ``host`` the address as an IP."""
    return Use(row.endpoint, host, row.kind, row.username, row.version, subnet_of(host), row.vendor)


@dataclass(slots=True)
class Addresses:
    """Where a running hub is reached."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """Base address of the pages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(slots=True)
class Hub:
    """Register, probers, fold, metrics and pages of one home, alive between ``start`` and ``aclose``."""

    home: Home
    settings: Settings
    store: Store
    board: Board = field(init=False)
    ingest: Ingest = field(init=False)
    supervisor: Supervisor = field(init=False)
    web: WebServer = field(init=False)
    door: ControlDoor = field(init=False)
    listing: Listing = field(init=False)
    guarding: Guarding = field(init=False)
    probers: int = field(init=False)
    _clock: SystemClock = field(default_factory=SystemClock)
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    overdue: asyncio.Event = field(default_factory=asyncio.Event)
    _assigning: asyncio.Lock = field(default_factory=asyncio.Lock)
    _hosts: dict[str, str] = field(default_factory=dict)
    names_unanswered: int = 0
    figures_due: int = 0
    _nameless: int | None = None  # since when no name is answered
    _paused: set[int] = field(default_factory=set)
    _passwords: Passwords = field(init=False)
    errands: Errands = field(init=False)
    reports: Errands = field(init=False)
    teaching: Teaching = field(init=False)
    leaving: Leaving = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.board = Board(__version__, RULE)
        engine = self.store.engine
        self.probers = prober_count(settings, queries.status(engine).probed)
        desk = Desk(self.store, lambda: queries.areas(engine), policies(settings), probes(settings))
        self.ingest = Ingest(desk, self._clock, self.board)
        self.supervisor = Supervisor(
            spawner=_spawner(
                settings.logs.level, settings.fleet.decoders if len(probes(settings)) > 1 else 0
            ),
            probers=self.probers,
            probe=LIVENESS,
            policy=fleet_policy(settings),
            clock=self._clock,
            on_batch=self.ingest.take,
            on_gap=self._gap,
            on_findings=self.ingest.find,
            on_shots=self.ingest.keep_shots,
            uplinks=uplinks(settings, self.probers),
            on_login=lambda worker, said: self.guarding.told(worker, said),
            on_end=lambda worker, reason: self.guarding.ended(worker, reason),
            on_watch=lambda worker, endpoints: self.teaching.watched(worker, endpoints),
            on_picture=lambda told: self.teaching.heard(told),
        )
        self.teaching = Teaching(
            self.store,
            _Known(self.store),
            self.ingest.exclusively,
            self.supervisor.teach,
            self.supervisor.home_of,
            self._clock,
            settings.evidence.keep_days * 86_400.0,
            lambda endpoint, reason: desk.skies.explains(endpoint, reason),
        )
        guard = LendingGuard(guard_policy(settings))
        self.guarding = Guarding(guard, self.store, self.ingest.exclusively, self.supervisor, self._clock)
        self._passwords = Passwords(self.store)
        beside = self.store, self.ingest.exclusively, _command(self.home.path), self._clock
        self.errands = Errands(errands(settings), *beside)
        told = (*published(settings), *reports(settings), *upkeep(settings))
        self.reports = Errands(told, *beside, {"publish": self._figures_wanted})
        rule, zone = settings.figures.leaving(), settings.site.zone
        self.leaving = Leaving(lambda now: leavers.left(engine, rule, zone, now), self._clock)
        read = self.store, desk, self.ingest.exclusively, self.ingest.settled, self._clock, settings
        self.listing = Listing(*read)
        self.web = WebServer(self._binding(), Exporter(self.board).render, self.problems, self.listing)
        self.door = ControlDoor(self.home.socket_path, self)

    def _figures_wanted(self, now: int) -> bool:
        self.figures_due = len(figures_due(self.settings, self.store.engine, now))
        return self.figures_due > 0

    def _binding(self) -> Binding:
        web = self.settings.web
        return Binding(
            web.host, web.port, self._file(web.tls_cert), self._file(web.tls_key), self._token(web.token_file)
        )

    def _file(self, name: str) -> str:
        return str(self.home.path / name) if name else ""

    def _token(self, name: str) -> str:
        if not name:
            return ""
        path = self.home.path / name
        try:
            token = path.read_text("utf-8").strip()
        except OSError as error:
            raise EnvironmentFault("config.unreadable", file=path, error=error.strerror) from error
        except UnicodeDecodeError:
            raise EnvironmentFault("config.unreadable", file=path, error="not UTF-8") from None
        if not token:
            raise EnvironmentFault("config.unreadable", file=path, error="empty")
        return token

    async def start(self) -> Addresses:
        """Everything up, the port taken. EnvironmentFault names what the machine lacks; nothing is left behind."""
        try:
            port = await self.web.start()
            await self.ingest.start()
            self._tasks.append(spawn(self.ingest.run(), "ingest", lambda _error: self.failed.set()))
            self._sources()
            await self.guarding.start()
            await self.supervisor.start()
            await self._assign()
            await self.door.start()
        except BaseException:
            await self.aclose()
            raise
        self._tasks.append(spawn(self._assign_often(), "assign"))
        self._tasks.append(spawn(self.guarding.run(), "guard", lambda _error: self.failed.set()))
        self._tasks.append(spawn(self.errands.run(), "errands"))
        self._tasks.append(spawn(self.leaving.run(), "leaving"))
        self._tasks.append(spawn(self.reports.run(), "reports"))
        self._tasks.append(spawn(self.teaching.run(), "teaching", lambda _error: self.failed.set()))
        self.teaching.look_again()
        log.info("hub_started", probers=self.probers, port=port)
        return Addresses(self.settings.web.host, port, bool(self.settings.web.tls_cert))

    async def aclose(self) -> None:
        """Drain the probers, write what waits, checkpoint, stop listening."""
        async with (
            contextlib.AsyncExitStack() as steps
        ):  # from the last to the first, whatever one of them meets
            steps.callback(log.info, "hub_stopped")
            steps.callback(self.store.close)
            steps.push_async_callback(self.web.aclose)
            steps.push_async_callback(self.ingest.aclose)
            steps.push_async_callback(self.listing.aclose)
            steps.push_async_callback(cancel, *self._tasks)
            steps.push_async_callback(self.guarding.aclose)
            steps.push_async_callback(self.supervisor.stop, self.settings.fleet.deadline_s + DRAIN_S)
            steps.push_async_callback(self.door.aclose)

    def problems(self) -> list[Problem]:
        """Why the hub is not ready; empty when it is."""
        found = self.ingest.problems()
        connected, wanted = len(self.supervisor.pids), self.probers
        if connected < wanted:
            found.append(
                Problem("probers", text("web.ready_probers", connected=connected, configured=wanted))
            )
        return found

    # --- what the control door asks for (web.control.Controls)

    async def reload(self) -> None:
        """The register changed: take the new roster and the new endpoints."""
        self.ingest.reload()
        self.leaving.look_again()
        await self._try_assign()
        self.teaching.look_again()

    async def exclusively(self, work: Callable[[], object]) -> None:
        """Run ``work`` in the writer thread, between two commits."""
        await self.ingest.exclusively(work)

    async def hold(self, endpoints: list[int] | None, held: bool) -> None:
        """Leave these cameras (None: all) to a command that dials them itself, or take them back."""
        self.supervisor.pause(held, endpoints)
        if endpoints is None:
            self.guarding.stand_back(held)
        if not held:  # what people have paused stays so
            self.supervisor.pause(True, self._paused if endpoints is None else self._paused & set(endpoints))
        if held:
            # What was dialled before is answered or given up within one deadline.
            await asyncio.sleep(self.settings.fleet.deadline_s if self.supervisor.watched else 0.0)

    async def take(self, worker: str, epoch: int, seq: int, rows: bytes) -> None:
        """Commit results a command brings; ValueError when they are no whole rows."""
        await self.ingest.take(Results(worker, epoch, seq, rows))

    async def find(self, rows: bytes) -> None:
        """Keep facts of media a command brings; ValueError when they are none."""
        await self.ingest.find(rows)

    async def lend(self, endpoint: int | None) -> Loan:
        """Leave all logins (or the one of this endpoint, which a person names) to a command, until they are back."""
        if endpoint is None:
            return await self.guarding.lend()
        row = await asyncio.to_thread(self._passwords.row, endpoint)
        if row is None:
            return Loan()
        hosts = await resolve({row.host}, self._hosts)
        return await self.guarding.lend(use_of(row, hosts[row.host]))

    async def take_back(self, loan: Loan, told: list[Told] | None, passed: int) -> None:
        """What came of the logins that were lent; None: nobody will tell."""
        await self.guarding.take_back(loan, told, passed)

    async def brake(self, scope: str, value: str, who: str, reason: str, paused: bool) -> int:
        """Pause (or resume) a scope for good; the endpoints it concerns, -1 when it was paused already."""
        now = self._clock.wall_us()
        done: list[int] = []
        if paused:
            await self.exclusively(lambda: done.append(self.store.pause(scope, value, who, reason, now)))
        else:
            await self.exclusively(lambda: done.append(self.store.resume(scope, value, who, now)))
        log.warning("paused" if paused else "resumed", scope=scope, value=value, who=who, done=int(done[0]))
        await self._apply_pauses()
        if not done[0]:
            return -1 if paused else 0
        return len(await asyncio.to_thread(pauses.endpoints_of, self.store.engine, scope, value))

    def check_logins(self, endpoints: list[int] | None) -> None:
        """Try the logins of these endpoints (None: all) as soon as the rule allows."""
        self.guarding.check(endpoints)

    def logins_busy(self, endpoints: list[int] | None) -> int:
        """How many of them are being tried or wait for their turn."""
        return self.guarding.busy(endpoints)

    async def borrow_login(self, host: str, user: str, version: str) -> Grant | Held:
        """One login for a command that dials by itself."""
        return await self.guarding.borrow(host, user, version)

    def give_back_login(self, number: int, permit: int, reason: str, sent: bool) -> None:
        """What came of it."""
        self.guarding.give_back(number, permit, reason, sent)

    def abandon_logins(self, numbers: list[int]) -> None:
        """Nobody will tell what came of these."""
        self.guarding.abandon(numbers)

    # --- wiring

    async def _apply_pauses(self) -> None:
        """What the register says is paused is; whatever else was is not."""
        wanted = set(await asyncio.to_thread(pauses.paused, self.store.engine))
        ended, begun = self._paused - wanted, wanted - self._paused
        self._paused = wanted
        if ended:
            self.supervisor.pause(False, sorted(ended))
        if begun:
            self.supervisor.pause(True, sorted(begun))
        self.guarding.pause(wanted)

    async def _gap(self, gap: Gap) -> None:
        scope = UPLINK_SCOPE + gap.uplink if gap.uplink else ""
        await self.ingest.gap(gap.worker, gap.start, gap.end, gap.reason, scope)

    async def _assign(self) -> None:
        async with self._assigning:  # one at a time: who read the register first must not assign last
            rows = await asyncio.to_thread(queries.targets, self.store.engine)
            asked: dict[str, bool] = {}
            hosts = self._hosts = await resolve({row.host for row in rows}, self._hosts, asked)
            await self._note_names(asked)
            logins = await asyncio.to_thread(self._passwords.open)
            uses = [use_of(row, hosts.get(row.host, row.host)) for row in logins]
            keys = await self.guarding.enrol(uses)
            cards = {
                row.endpoint: Card(row.username, self._passwords[row], keys[row.endpoint]) for row in logins
            }
            plan = await asyncio.to_thread(
                lambda: self.supervisor.plan(self._assignments(rows, hosts, cards))
            )
            self.supervisor.follow(plan)
            self.guarding.follow(uses)
        await self._apply_pauses()

    async def _try_assign(self) -> None:
        """What fails now is tried again soon; until then the probers watch what they did."""
        try:
            await self._assign()
            self.overdue.clear()
        except EnvironmentFault as fault:
            log.warning("assign_failed", key=fault.key, zh=fault.text.zh, en=fault.text.en)
            self.overdue.set()

    async def _note_names(self, asked: Mapping[str, bool]) -> None:
        """No name is answered: the name server is away. Cameras keep the addresses they had; those that never had one
        are not looked at, which is a gap and nobody's fault."""
        self.names_unanswered = sum(not answered for answered in asked.values())
        away, now = bool(asked) and self.names_unanswered == len(asked), self._clock.wall_us()
        if away and self._nameless is None:
            log.warning("names_unanswered", names=len(asked))
            self._nameless = now
            await self.ingest.gap(HUB, now, None, "names", NAMES)
        elif not away and self._nameless is not None:
            log.warning("names_answered", names=len(asked))
            start, self._nameless = self._nameless, None
            await self.ingest.gap(HUB, start, max(start, now), "names", NAMES)

    def _assignments(
        self,
        rows: Iterable[queries.EndpointTarget],
        hosts: dict[str, str],
        cards: Mapping[int, Card],
    ) -> Iterator[Assignment]:
        for row in rows:
            card = cards.get(row.endpoint, Card())
            try:
                target = target_of(row, hosts[row.host], card.user, card.password)
                yield Assignment(target, row.device_id, row.camera, key=card.key)
            except ValueError as error:
                log.error("endpoint_unusable", camera=row.code, error=str(error))

    async def _assign_often(self) -> None:
        """Names move; and what could not be read when it changed must be read soon."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESOLVE_S if self._nameless is None else NAMELESS_S):
                    await self.overdue.wait()
            await asyncio.sleep(RETRY_S if self.overdue.is_set() else 0.0)
            await self._try_assign()

    def _sources(self) -> None:
        sources = self.board.sources
        sources.ingest_age, sources.queue = self.ingest.age, self.ingest.queue
        sources.round_ages = self.ingest.round_ages
        sources.seats = self._seats
        sources.pictures = self._pictures
        lines = {uplink.name: len(uplink.references) for uplink in uplinks(self.settings)}
        sources.references = lambda: lines
        sources.storage = self._storage
        sources.names = lambda: self.names_unanswered
        sources.blind = self._blind
        sources.left = lambda: {way: (n, alarm is not None) for way, (n, alarm) in self.leaving.told.items()}
        sources.figures_due = lambda: self.figures_due
        self._warn_of_lines_without_references(lines)
        sources.credentials = self.guarding.counts
        sources.breaker = lambda: int(self.guarding.guard.breaker.state)
        sources.probers = lambda: (self.probers, len(self.supervisor.pids))

    def _warn_of_lines_without_references(self, lines: Mapping[str, int]) -> None:
        for name in (name for name, references in lines.items() if not references):
            log.warning("uplink_without_references", uplink=name, **text("config.no_references")._asdict())

    def _storage(self) -> StorageFigures | None:
        with contextlib.suppress(OSError):
            return StorageFigures(*self.home.sizes(self.settings, self._clock.wall_us() / 1e6))
        return None

    def _blind(self) -> dict[tuple[str, str], int]:
        values = {Sight.SEES: 0, Sight.BLIND: 1, Sight.UNKNOWN: -1}
        return {line: values[sight] for line, sight in self.supervisor.sights.items()}

    def _pictures(self) -> PictureFigures:
        stats = list(self.supervisor.stats.values())
        late = max((one.get("pictures_late_s", 0.0) for one in stats), default=0.0)
        decoding = sum(one.get("pictures_decoding", 0.0) for one in stats)
        return PictureFigures(late, decoding, (self.teaching.kept, self.teaching.dropped))

    def _seats(self) -> dict[str, tuple[int, int]]:
        stats = list(self.supervisor.stats.values())

        def total(name: str) -> int:
            return round(sum(one.get(name, 0.0) for one in stats))

        return {"global": (total("seats_in_use"), total("seats"))}


def _command(home: Path) -> Callable[[tuple[str, ...]], Awaitable[int]]:
    """Commands beside the hub, in no hurry; ended with it. What they print for people is dropped, their log is ours."""

    async def start(words: tuple[str, ...]) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "camerahub",
            "--home",
            str(home),
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            env=os.environ | {"LOGNAME": "camerahub"},  # who changed what: nobody typed it
        )
        os.setpriority(os.PRIO_PROCESS, process.pid, ERRAND_NICE)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    return start


def _spawner(log_level: str, decoders: int) -> Spawner:
    async def start(worker: str) -> LocalChild:
        del worker  # it learns its name over the line: argv is for everybody to read
        options = ["--log-level", log_level, "--decoders", str(decoders)]
        return await spawn_child([sys.executable, "-m", "camerahub", "prober", *options])

    return start
