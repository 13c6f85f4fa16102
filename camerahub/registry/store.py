"""The one writer of the register: every change of the database goes through here, each in one transaction.

A crash at any point loses nothing that was committed and invents nothing; a batch that comes twice is stored once.
A full disk or a lost server rolls the transaction back: the store goes on when the cause is gone.
Must not know: sockets, probes, clocks (every method takes ``now``), rules of health.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, case, func, select, update

from camerahub.core.commit import Commit
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.exemptions import Exemption
from camerahub.core.guard_rows import Key
from camerahub.core.health import Policy
from camerahub.registry import (
    bulk,
    checkpoint,
    claims,
    evidence,
    exempt,
    exemptions,
    eyes,
    guards,
    merge,
    onvif,
    pauses,
    retention,
    runs,
    shots,
    stills,
)
from camerahub.registry.engine import reading
from camerahub.registry.faults import storage_errors
from camerahub.registry.figures import write_marks
from camerahub.registry.merge_areas import merge_areas
from camerahub.registry.one import new_id, update_many, upsert_one
from camerahub.registry.rows import AreaRow, CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.runs import Run
from camerahub.registry.secrets import KeyRing
from camerahub.registry.snapshot import ALIVE, I8, ONLINE, Snapshot, last_alive, load, places
from camerahub.registry.tables import (
    camera_states,
    corrections,
    credentials,
    evidence_log,
    flips,
    gaps,
    media_facts,
    settings,
    sightings,
    states,
    watermarks,
    workers,
)

ZONE = "zone"
#: Keys of when each errand last began.
ERRAND = "errand_"
SILENCE_US = 60_000_000

_FLIP_COLUMNS = (
    ("at", "i8"),
    ("worker_id", "i8"),
    ("epoch", "i8"),
    ("seq", "i8"),
    ("n", "i4"),
    ("recorded_at", "i8"),
    ("endpoint_id", "i8"),
    ("camera_id", "i8"),
    ("facet", "u1"),
    ("old", "u1"),
    ("new", "u1"),
    ("reason", "u1"),
    ("rule", "i2"),
    ("prev_at", "i8"),
)
_CORRECTION_ROW = np.dtype(
    [
        ("at", "i8"),
        ("endpoint_id", "i8"),
        ("worker_id", "i8"),
        ("epoch", "i8"),
        ("seq", "i8"),
        ("n", "i4"),
        ("recorded_at", "i8"),
        ("camera_id", "i8"),
        ("probe", "u1"),
        ("outcome", "u1"),
        ("reason", "u1"),
        ("stage", "u1"),
        ("status", "i4"),
        ("duration_us", "i8"),
        ("rule", "i2"),
    ]
)
_STATE_ROW = np.dtype(
    [
        ("endpoint_id", "i8"),
        ("facet", "u1"),
        ("state", "u1"),
        ("history", "u1"),
        ("reason", "u1"),
        ("doubt", "u1"),
        ("since", "i8"),
        ("observed_at", "i8"),
        ("seen_at", "i8"),
        ("log_id", "i8"),
    ]
)
_CAMERA_ROW = np.dtype(
    [
        ("camera_id", "i8"),
        ("facet", "u1"),
        ("state", "u1"),
        ("reason", "u1"),
        ("since", "i8"),
        ("flip_at", "i8"),
    ]
)


class Store:
    """The one writer. Used from one thread: the first that writes; any other gets RuntimeError, for it is a bug.

    ``zone``: days of ``camera_days`` begin and end there. ``keys``: needed only to import passwords.
    """

    def __init__(self, engine: Engine, *, zone: ZoneInfo, keys: KeyRing | None = None) -> None:
        self.engine = engine
        self.zone = zone
        self.keys = keys
        self._thread: int | None = None

    def close(self) -> None:
        """Give the connections back. Does not checkpoint."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        me = threading.get_ident()
        self._thread = self._thread or me
        if self._thread != me:
            raise RuntimeError("the store has one writer thread, and this is another")
        with storage_errors(self.engine), self.engine.connect() as plain:
            connection = plain.execution_options(camerahub_writes=True)
            with connection.begin():
                yield connection

    def commit(self, batch: Commit, /) -> bool:
        """Store one batch in one transaction. False = stored before (watermark), nothing done.

        ``batch.now`` must be the ``now`` given to the fold. EnvironmentFault: nothing of it was stored, send it
        again later. Batches of one worker must come in order; an older epoch or seq counts as stored before.
        """
        with self._writing() as connection:
            worker = _advance(connection, batch)
            if worker is None:
                return False
            log_id = _log(connection, worker, batch)
            bulk.append(
                connection, flips, _flip_table(worker, batch, _before(connection, batch.camera_flips))
            )
            bulk.append(connection, corrections, _correction_table(worker, batch))
            bulk.upsert(connection, camera_states, _camera_table(batch.camera_flips))
            bulk.upsert(connection, states, _state_table(batch.states, log_id))
        return True

    def load(self, policies: Sequence[Policy] = ONLINE) -> Snapshot:
        """State of the fleet as of the last commit. Reads only: any thread may call it."""
        with reading(self.engine) as connection:
            return load(connection, policies)

    def checkpoint(self, now: int, /) -> int:
        """Fold the evidence log into ``camera_days`` and ``sightings``, and delete it. Returns results folded.

        Any number of checkpoints at any time ends the same. ConfigError when the zone is not the one in which
        days were counted before. ``now`` counts as a sign of life.
        """
        total = 0
        while True:
            with self._writing() as connection:
                self._same_zone(connection)
                _set(connection, ALIVE, str(now))
                folded = checkpoint.fold_log(connection, self.zone)
            total += folded
            if not folded:
                return total

    def start(self, now: int, silence_us: int = SILENCE_US) -> int | None:
        """A hub starts. When no sign of life is younger than ``silence_us``, the time since is a gap ``hub_off``
        (its id is returned); gaps a crash left open end now. ConfigError for another zone than before."""
        with self._writing() as connection:
            self._same_zone(connection)
            alive = last_alive(connection)
            later = case((gaps.c.from_at > now, gaps.c.from_at), else_=now)
            connection.execute(update(gaps).where(gaps.c.to_at.is_(None)).values(to_at=later))
            _set(connection, ALIVE, str(now))
            if not alive or now - alive <= silence_us:
                return None
            return _gap(connection, "hub", "all", "hub_off", alive, now, now)

    def heartbeat(self, now: int, /) -> None:
        """The hub lives at ``now`` (µs UTC). Call it every few seconds; a commit says the same."""
        with self._writing() as connection:
            _set(connection, ALIVE, str(now))

    def open_gap(self, worker: str, scope: str, start: int, reason: str) -> int:
        """Nobody looks from ``start`` (µs UTC) on; ``scope`` says at what. The id of the gap."""
        with self._writing() as connection:
            return _gap(connection, worker, scope, reason, start, None, start)

    def close_gap(self, gap: int, end: int) -> None:
        """Somebody looks again from ``end`` on; never before the gap began."""
        with self._writing() as connection:
            start = connection.scalar(select(gaps.c.from_at).where(gaps.c.id == gap))
            if start is None:
                raise KeyError(gap)
            connection.execute(update(gaps).where(gaps.c.id == gap).values(to_at=max(end, start)))

    # --- logins and pauses

    def guard_begin(self) -> guards.Remembered:
        """See ``registry.guards.begin``."""
        with self._writing() as connection:
            return guards.begin(connection)

    def guard_enrol(self, wanted: Sequence[tuple[str, str, str]], now: int) -> list[Key]:
        """See ``registry.guards.enrol``."""
        with self._writing() as connection:
            return guards.enrol(connection, wanted, now)

    def guard_write(self, keys: Sequence[Key], brake: dict[str, int]) -> None:
        """See ``registry.guards.write``: committed when it returns."""
        with self._writing() as connection:
            guards.write(connection, keys, brake)

    def guard_end(self) -> None:
        """See ``registry.guards.end``."""
        with self._writing() as connection:
            guards.end(connection)

    def pause(self, scope: str, value: str, who: str, reason: str, now: int) -> bool:
        """Dial nobody in this scope from ``now`` on. False: it is paused already."""
        with self._writing() as connection:
            return pauses.begin(connection, scope, value, who, reason, now)

    def resume(self, scope: str, value: str, who: str, now: int) -> int:
        """End the pause of this scope (scope "all": every pause); how many ended."""
        with self._writing() as connection:
            return pauses.end(connection, scope, value, who, now)

    def keep_facts(self, rows: NDArray[np.void], /) -> None:
        """Store facts of media, FACTS_DTYPE (N,): the last row of an endpoint replaces what is known of it."""
        if len(rows):
            last = len(rows) - 1 - np.unique(rows["endpoint_id"][::-1], return_index=True)[1]
            with self._writing() as connection:
                bulk.upsert(connection, media_facts, rows[last])

    # --- pictures

    def keep_shots(self, rows: NDArray[np.void], /) -> None:
        """See ``registry.shots.keep``."""
        if len(rows):
            with self._writing() as connection:
                shots.keep(connection, rows)

    def keep_past(self, endpoint: int, at: int, past: bytes) -> None:
        """See ``registry.eyes.keep_past``."""
        with self._writing() as connection:
            eyes.keep_past(connection, endpoint, at, past)

    def set_mask(self, code: str, kind: str, mask: bytes, who: str, now: int) -> bool:
        """See ``registry.eyes.set_mask``."""
        with self._writing() as connection:
            return eyes.set_mask(connection, code, kind, mask, who, now)

    def add_alarm(self, code: str, kind: str, who: str, why: str, now: int) -> int:
        """See ``registry.eyes.add_alarm``."""
        with self._writing() as connection:
            return eyes.add_alarm(connection, code, kind, who, why, now)

    def keep_still(self, endpoint: int, at: int, reason: str, jpeg: bytes, expires_at: int) -> bool:
        """See ``registry.stills.keep``. False without a key: no picture is ever kept unsealed."""
        if self.keys is None:
            return False
        with self._writing() as connection:
            return stills.keep(connection, self.keys, endpoint, at, reason, jpeg, expires_at)

    def expire_stills(self, now: int) -> int:
        """See ``registry.stills.expire``."""
        with self._writing() as connection:
            return stills.expire(connection, now)

    def look_at_still(self, code: str, number: int, who: str, now: int) -> bytes:
        """See ``registry.stills.look``; EnvironmentFault without a key."""
        with self._writing() as connection:
            return stills.look(connection, stills.needed(self.keys), code, number, who, now)

    def forget_looks(self, day: int) -> int:
        """See ``registry.retention.drop_day``."""
        with self._writing() as connection:
            return retention.drop_day(connection, day)

    def forget_claims(self, before: int) -> int:
        """See ``registry.retention.old_lists`` and ``drop_lists``."""
        with self._writing() as connection:
            return retention.drop_lists(connection, retention.old_lists(connection, before))

    # --- what ONVIF told

    def keep_enrolments(
        self, told: Sequence[onvif.Enrolment], failed: Mapping[int, str], who: str, now: int
    ) -> list[onvif.Learned]:
        """See ``registry.onvif.keep`` and ``keep_failures``; all or none. EnvironmentFault: a login, but no key."""
        with self._writing() as connection:
            onvif.keep_failures(connection, failed, now)
            return onvif.keep(connection, self.keys, told, who, now)

    def keep_clocks(self, rows: NDArray[np.void], /) -> None:
        """See ``registry.onvif.keep_clocks``."""
        with self._writing() as connection:
            onvif.keep_clocks(connection, rows)

    # --- figures

    def publish(self, run: Run, marks: Sequence[int], now: int) -> int:
        """Keep a published run and make the marks of the instants ``marks``, ascending; the id of the run."""
        with self._writing() as connection:
            write_marks(connection, run.facet, marks, now)
            return runs.keep(connection, run, now)

    def exempt_at(self, ids: I8, now: int, /) -> tuple[NDArray[np.bool_], int]:
        """See ``registry.exempt.in_force``. Reads only: any thread may call it."""
        with reading(self.engine) as connection:
            return exempt.in_force(connection, now, ids)

    # --- what others say

    def keep_claims(self, told: claims.ClaimList, rows: list[claims.Claim], now: int) -> int:
        """See ``registry.claims.keep``."""
        with self._writing() as connection:
            return claims.keep(connection, told, rows, now)

    # --- exemptions

    def request_exemption(self, asked: exemptions.Request, now: int) -> tuple[int, int]:
        """See ``registry.exemptions.request``."""
        with self._writing() as connection:
            return exemptions.request(connection, asked, now, self.zone)

    def decide_exemptions(
        self, numbers: Sequence[int], approver: str, note: str, now: int, *, approve: bool
    ) -> list[Exemption]:
        """Decide several requests, all or none. See ``registry.exemptions.decide``."""
        with self._writing() as connection:
            return [
                exemptions.decide(connection, one, approver, note, now, approve=approve)
                for one in dict.fromkeys(numbers)
            ]

    def end_exemption(self, number: int, who: str, note: str, now: int) -> Exemption:
        """See ``registry.exemptions.end``."""
        with self._writing() as connection:
            return exemptions.end(connection, number, who, note, now)

    def reseal(self) -> int:
        """Seal every stored password anew under the key that seals now, all or none; how many there were to seal.

        Again: 0. After it, older keys open nothing that is still stored here (backups still need them).
        EnvironmentFault without a key, or when one password does not open: then all stay as they were.
        """
        if self.keys is None:
            raise EnvironmentFault("register.key_needed")
        keys, column = self.keys, credentials.c
        with self._writing() as connection:
            stored = connection.execute(select(column.id, column.secret)).all()
            old = [(number, secret) for number, secret in stored if not keys.sealed_now(secret)]
            anew = [
                (number, {"secret": keys.encrypt(keys.decrypt(secret, number), number)})
                for number, secret in old
            ]
            update_many(connection, credentials, anew)
        return len(anew)

    def import_areas(
        self, rows: Sequence[AreaRow], source: Source, now: int, *, dry_run: bool = False
    ) -> UpsertReport:
        """Add or change areas, all or none. KeyError for a parent neither in ``rows`` nor in the register."""
        with self._writing() as connection, merge.trial(connection, dry_run=dry_run):
            return merge_areas(connection, rows, source, now)

    def import_cameras(
        self,
        rows: Sequence[CameraRow],
        source: Source,
        now: int,
        *,
        devices: Sequence[DeviceRow] = (),
        dry_run: bool = False,
    ) -> UpsertReport:
        """Add or change cameras with their endpoints, credentials, memberships and ``changes``, all or none.

        Codes must be unique in ``rows``. KeyError for an area or device code that is not known: the reader refuses
        such rows before. EnvironmentFault when there are passwords but no key. The same rows twice change nothing.
        ``dry_run``: the same report, nothing stored.
        """
        with self._writing() as connection, merge.trial(connection, dry_run=dry_run):
            return merge.merge_cameras(connection, self.keys, rows, devices, source, now)

    def errands_begun(self) -> dict[str, int]:
        """When each errand last began, µs UTC, by name."""
        query = select(settings.c.key, settings.c.value).where(settings.c.key.startswith(ERRAND))
        with self._writing() as connection:
            return {key.removeprefix(ERRAND): int(value) for key, value in connection.execute(query)}

    def errand_begins(self, name: str, now: int) -> None:
        """Remember it before it is begun."""
        with self._writing() as connection:
            _set(connection, ERRAND + name, str(now))

    def _same_zone(self, connection: Connection) -> None:
        stored = connection.scalar(select(settings.c.value).where(settings.c.key == ZONE))
        if stored is None:
            _set(connection, ZONE, self.zone.key)
        elif stored != self.zone.key:
            raise ConfigError("register.zone_changed", stored=stored, configured=self.zone.key)


def _set(connection: Connection, key: str, value: str) -> None:
    upsert_one(connection, settings, {"key": key, "value": value})


def _gap(
    connection: Connection, worker: str, scope: str, reason: str, start: int, end: int | None, now: int
) -> int:
    values = {
        "worker": worker,
        "scope": scope,
        "from_at": start,
        "to_at": end,
        "reason": reason,
        "recorded_at": now,
    }
    return new_id(connection, gaps, values)


def _advance(connection: Connection, batch: Commit) -> int | None:
    """Move the worker's watermark to this batch; its id, or None when the batch is not newer."""
    query = select(workers.c.id, watermarks.c.epoch, watermarks.c.seq).outerjoin_from(workers, watermarks)
    row = connection.execute(query.where(workers.c.name == batch.worker)).first()
    if row is not None and row[1] is not None and (batch.epoch, batch.seq) <= (row[1], row[2]):
        return None
    worker = row[0] if row else new_id(connection, workers, {"name": batch.worker, "created_at": batch.now})
    mark = {"worker_id": worker, "epoch": batch.epoch, "seq": batch.seq, "at": batch.now}
    upsert_one(connection, watermarks, mark)
    return int(worker)


def _log(connection: Connection, worker: int, batch: Commit) -> int:
    """Append the evidence; id of its row, or of the last row ever when there is none to append."""
    if not len(batch.results):
        newest = connection.scalar(select(func.max(evidence_log.c.id)))
        return int(newest or connection.scalar(select(func.max(sightings.c.log_id))) or 0)
    row = {
        "worker_id": worker,
        "epoch": batch.epoch,
        "seq": batch.seq,
        "at": batch.now,
        "n": len(batch.results),
        "data": evidence.encode(batch.results, batch.now),
    }
    return new_id(connection, evidence_log, row)


def _chain(camera_flips: NDArray[np.void]) -> I8:
    """Camera and facet in one number: what a chain of flips belongs to."""
    key: I8 = camera_flips["camera"] * 256 + camera_flips["facet"]
    return key


def _before(connection: Connection, camera_flips: NDArray[np.void]) -> I8:
    """``at`` of the flip each one follows in its chain: one earlier in the batch, else the last stored, else 0."""
    before = np.zeros(len(camera_flips), dtype=np.int64)
    if not len(before):
        return before
    cameras = np.unique(camera_flips["camera"])
    stored = bulk.among(connection, camera_states, ("camera_id", "facet", "flip_at"), "camera_id", cameras)
    known = stored[0] * 256 + stored[1]
    order = np.argsort(known)
    place, found = places(known[order], _chain(camera_flips))
    before[found] = stored[2][order][place]
    order = np.argsort(_chain(camera_flips), kind="stable")
    key = _chain(camera_flips)[order]
    again = np.flatnonzero(key[1:] == key[:-1])
    before[order[again + 1]] = camera_flips["at"][order[again]]
    return before


def _flip_table(worker: int, batch: Commit, before: I8) -> NDArray[np.void]:
    both = np.concatenate((batch.flips, batch.camera_flips))
    rows = np.zeros(len(both), np.dtype(list(_FLIP_COLUMNS)))
    rows["worker_id"], rows["epoch"], rows["seq"] = worker, batch.epoch, batch.seq
    rows["n"] = np.arange(len(both))
    rows["recorded_at"], rows["rule"] = batch.now, batch.rule
    rows["endpoint_id"], rows["camera_id"] = both["endpoint"], both["camera"]
    rows["prev_at"][len(batch.flips) :] = before
    for name in ("at", "facet", "old", "new", "reason"):
        rows[name] = both[name]
    return rows[np.argsort(rows["at"], kind="stable")]


def _correction_table(worker: int, batch: Commit) -> NDArray[np.void]:
    late = batch.corrections
    rows = np.zeros(len(late), _CORRECTION_ROW)
    rows["worker_id"], rows["epoch"], rows["seq"] = worker, batch.epoch, batch.seq
    rows["n"] = np.arange(len(late))
    rows["recorded_at"], rows["rule"] = batch.now, batch.rule
    rows["endpoint_id"], rows["camera_id"] = late["endpoint"], late["camera"]
    for name in ("at", "probe", "outcome", "reason", "stage", "status", "duration_us"):
        rows[name] = late[name]
    return rows[np.argsort(rows["at"], kind="stable")]


def _camera_table(camera_flips: NDArray[np.void]) -> NDArray[np.void]:
    """The last flip of each camera and facet."""
    key = _chain(camera_flips)
    newest = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]
    last = camera_flips[newest]
    rows = np.zeros(len(last), _CAMERA_ROW)
    rows["camera_id"], rows["state"], rows["since"] = last["camera"], last["new"], last["at"]
    rows["facet"], rows["reason"], rows["flip_at"] = last["facet"], last["reason"], last["at"]
    return rows


def _state_table(changed: NDArray[np.void], log_id: int) -> NDArray[np.void]:
    rows = np.zeros(len(changed), _STATE_ROW)
    rows["endpoint_id"], rows["log_id"] = changed["endpoint"], log_id
    for name in ("facet", "state", "history", "reason", "doubt", "since", "observed_at", "seen_at"):
        rows[name] = changed[name]
    return rows
