"""The hub's own door: a Unix socket in the home folder, for the commands of this machine's user.

Commands that change the register or dial cameras come here while a hub runs, so that there is one writer and one who
knows which cameras are being dialled. One request a connection, one JSON object a line. What is granted (the pen, a
camera) is held until the other side hangs up, so that a command that dies gives it back. The mode of the home folder
(0700) is the access control.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from camerahub.core.errors import EnvironmentFault
from camerahub.core.guard_rows import Grant, Held
from camerahub.core.lending import Loan, Told
from camerahub.core.result import REASONS
from camerahub.services.tasks import spawn

log = structlog.get_logger()
_MAX_LINE = 64 * 1024


class Controls(Protocol):
    """What a running hub lets itself be asked."""

    async def reload(self) -> None:
        """Take the changed register."""

    async def exclusively(self, work: Callable[[], object]) -> None:
        """Run ``work`` in the writer thread, between two commits."""

    async def hold(self, endpoints: list[int] | None, held: bool) -> None:
        """Leave these cameras (None: all) to somebody else, once no conversation is open; or take them back."""

    async def take(self, worker: str, epoch: int, seq: int, rows: bytes) -> None:
        """Fold and commit one batch of results somebody else brings."""

    async def find(self, rows: bytes) -> None:
        """Keep facts of media somebody else brings; ValueError when they are none."""

    async def lend(self, endpoint: int | None) -> Loan:
        """Leave all logins, or the one of this endpoint, to somebody else."""

    async def take_back(self, loan: Loan, told: list[Told] | None, passed: int) -> None:
        """What came of them; None: nobody will tell."""

    async def brake(self, scope: str, value: str, who: str, reason: str, paused: bool) -> int:
        """Begin or end a pause for good; how many endpoints it concerns (begin: -1 = it is paused already)."""

    def check_logins(self, endpoints: list[int] | None) -> None:
        """Try the logins of these endpoints (None: all) as soon as the rule allows."""

    def logins_busy(self, endpoints: list[int] | None) -> int:
        """How many of them are being tried or wait for their turn."""

    async def borrow_login(self, host: str, user: str, version: str) -> Grant | Held:
        """One login for a command that dials by itself."""

    def give_back_login(self, number: int, permit: int, reason: str, sent: bool) -> None:
        """What came of it."""

    def abandon_logins(self, numbers: list[int]) -> None:
        """Nobody will tell what came of these."""


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for the socket ``path`` that fits the 107 bytes of the kernel, however deep the home lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class _Turns:
    """Who dials what: never two at one camera; who comes later waits. ``None`` is every camera."""

    def __init__(self) -> None:
        self._taken: list[frozenset[int] | None] = []
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def take(self, wanted: frozenset[int] | None) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: self._free(wanted))
            self._taken.append(wanted)
        try:
            yield
        finally:
            self._taken.remove(wanted)
            async with self._changed:
                self._changed.notify_all()

    def _free(self, wanted: frozenset[int] | None) -> bool:
        if wanted is None:
            return not self._taken
        return all(taken is not None and wanted.isdisjoint(taken) for taken in self._taken)


@dataclass(slots=True)
class _Returned:
    """What a borrower has told so far; ``whole``: that it was everything."""

    loan: Loan | None
    told: list[Told] = field(default_factory=list)
    passed: int = 0
    whole: bool = False

    def offer(self) -> dict[str, object]:
        """What the borrower is told of the loan."""
        return self.loan.rows() if self.loan is not None else {}

    def take(self, brought: dict[str, Any]) -> None:
        """One line of the borrower. KeyError for a login that was not lent."""
        if not brought.keys() & {"rows", "facts", "logins", "passed"}:
            raise ValueError("nothing brought")
        for key, reason, sent in brought.get("logins", ()):
            if self.loan is None or self.loan.slips[key].reason or reason not in REASONS:
                raise ValueError("no such login")
            self.told.append(Told(key, reason, bool(sent)))
        self.passed += int(brought.get("passed", 0))


class ControlDoor:
    """Listens on ``path`` while the hub runs."""

    def __init__(self, path: Path, controls: Controls) -> None:
        self._path, self._controls = path, controls
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()
        self._turns = _Turns()

    async def start(self) -> None:
        """Listen. EnvironmentFault when the socket cannot be made."""
        try:
            self._path.unlink(missing_ok=True)
            with reachable(self._path) as name:
                self._server = await asyncio.start_unix_server(self._met, name, limit=_MAX_LINE)
            self._path.chmod(0o600)
        except OSError as error:
            raise EnvironmentFault(
                "config.home_unwritable", home=self._path.parent, error=error.strerror
            ) from error

    async def aclose(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for caller in list(self._callers):
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = spawn(self._call(reader, writer), "control")
        self._callers.add(caller)
        caller.add_done_callback(self._callers.discard)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except ConnectionError as error:
            log.warning("control_hung_up", error=type(error).__name__)
        except EnvironmentFault as fault:
            log.warning("control_failed", key=fault.key)
            await _refuse(writer, f"{fault.text.zh} / {fault.text.en}")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("control_refused", error=type(error).__name__)
            await _refuse(writer, f"not understood: {type(error).__name__}")
        except Exception as bug:
            log.exception("control_bug")
            await _refuse(writer, type(bug).__name__)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline() or b"{}")
        answer = self._answers().get(str(asked.get("do")) if isinstance(asked, dict) else "")
        if answer is None:
            return await _say(writer, error="unknown request")
        return await answer(asked, reader, writer)

    def _answers(
        self,
    ) -> dict[str, Callable[[Any, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]]:
        return {
            "pen": self._pen,
            "camera": self._camera,
            "sweep": self._sweep,
            "pause": self._pause,
            "resume": self._pause,
            "credentials": self._credentials,
            "logins": self._logins,
        }

    async def _pen(self, _asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The right to write: the hub's writer waits until the caller says ``done`` or hangs up."""
        granted, given_back = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(granted.set)
            given_back.wait()

        holding = asyncio.ensure_future(self._controls.exclusively(wait))
        holding.add_done_callback(lambda _: granted.set())
        try:
            await granted.wait()
            if not holding.done():
                await _say(writer, granted=True)
                await reader.readline()
        finally:
            given_back.set()
            await holding
        await self._controls.reload()
        await _say(writer, done=True)

    async def _camera(self, asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Some endpoints, left alone by the fleet until the caller hangs up."""
        endpoints = [int(endpoint) for endpoint in asked.get("endpoints", [])]
        borrower = endpoints[0] if asked.get("login") and len(endpoints) == 1 else 0
        async with self._lent(borrower) as returned, self._held(endpoints):
            await _say(writer, granted=True, **returned.offer())
            await self._hear_out(reader, writer, returned)
        if returned.whole:
            await _say(writer, done=True)

    async def _sweep(self, asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All cameras; the caller dials them once and brings the results, which are committed like any others.
        ``login``: it borrows the logins for it."""
        async with self._held(None), self._lent(None if asked.get("login") else 0) as returned:
            await _say(writer, granted=True, **returned.offer())
            await self._hear_out(reader, writer, returned)
        await _say(writer, done=True)

    async def _hear_out(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, returned: _Returned
    ) -> None:
        """What the caller brings, each answered when it is kept, until it says ``done`` or hangs up."""
        epoch, seq = time.time_ns() // 1000, 0
        while (line := await reader.readline()) not in (b"", b"done\n"):
            seq += 1
            brought = json.loads(line)
            if "rows" in brought:
                rows = base64.b64decode(brought["rows"], validate=True)
                await self._controls.take("sweep", epoch, seq, rows)
            if "facts" in brought:
                await self._controls.find(base64.b64decode(brought["facts"], validate=True))
            returned.take(brought)
            await _say(writer, taken=seq)
        returned.whole = line != b""

    @contextlib.asynccontextmanager
    async def _lent(self, endpoint: int | None) -> AsyncIterator[_Returned]:
        """The logins of an endpoint (None: all, 0: none). They are back before anybody else dials."""
        loan = await self._controls.lend(endpoint) if endpoint != 0 else None
        returned = _Returned(loan)
        try:
            yield returned
        finally:
            if loan is not None:
                told = returned.told if returned.whole else None
                await self._controls.take_back(loan, told, returned.passed)

    async def _pause(self, asked: Any, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The brake of people: kept in the register, obeyed by the probers when this is answered."""
        words = [str(asked[name]) for name in ("scope", "value", "who", "reason")]
        scope, value, who, reason = words
        changed = await self._controls.brake(scope, value, who, reason, asked["do"] == "pause")
        await _say(writer, changed=changed)

    async def _credentials(
        self, asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Try logins now, and say how many are still to come, a line a second, until none is or the caller leaves."""
        named = asked.get("endpoints")
        endpoints = None if named is None else [int(endpoint) for endpoint in named]
        self._controls.check_logins(endpoints)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            busy = 1
            while busy:
                await asyncio.wait([gone], timeout=1.0)
                if gone.done():
                    return
                busy = self._controls.logins_busy(endpoints)
                await _say(writer, busy=busy)
        finally:
            gone.cancel()

    async def _logins(self, _asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Logins of a command that dials by itself: each borrowed from the guard, and told of; what is still out when
        the caller hangs up counts as a login nobody told of."""
        out: dict[int, int] = {}
        await _say(writer, granted=True)
        try:
            while (line := await reader.readline()) not in (b"", b"done\n"):
                said = json.loads(line)
                if "borrow" in said:
                    host, user, version = (str(word) for word in said["borrow"])
                    await self._lend(writer, out, await self._controls.borrow_login(host, user, version))
                    continue
                number, reason, sent = said["ended"]
                permit = out.pop(int(number))
                self._controls.give_back_login(int(number), permit, str(reason), bool(sent))
                await _say(writer, taken=True)
        finally:
            self._controls.abandon_logins(list(out))
        await _say(writer, done=True)

    @staticmethod
    async def _lend(writer: asyncio.StreamWriter, out: dict[int, int], lent: Grant | Held) -> None:
        if isinstance(lent, Held):
            await _say(writer, held=lent.cause, until=lent.until)
            return
        out[lent.number] = lent.permit
        await _say(writer, number=lent.number)

    @contextlib.asynccontextmanager
    async def _held(self, endpoints: list[int] | None) -> AsyncIterator[None]:
        async with self._turns.take(None if endpoints is None else frozenset(endpoints)):
            try:
                await self._controls.hold(endpoints, True)
                yield
            finally:
                await self._controls.hold(endpoints, False)


async def _say(writer: asyncio.StreamWriter, **answer: object) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, why: str) -> None:
    with contextlib.suppress(ConnectionError):
        await _say(writer, error=why)
