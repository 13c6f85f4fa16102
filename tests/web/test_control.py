"""The hub's own door over a real socket: who is granted what, and that it comes back whoever dies."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from camerahub.core.errors import EnvironmentFault
from camerahub.core.guard_rows import Grant, Held
from camerahub.core.lending import Loan, Slip, Told
from camerahub.web.control import ControlDoor, reachable

FULL = EnvironmentFault("register.full", where="camerahub.db", detail="SQLITE_FULL")


class Script:
    """``Controls`` that write down what they are asked; ``pen`` is a real thread, as in the hub."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.news = asyncio.Condition()
        self.refuse: Exception | None = None
        self.busy = [2, 0]
        self.abandoned = asyncio.Event()

    async def note(self, *what: object) -> None:
        async with self.news:
            self.said.append(what)
            self.news.notify_all()

    async def until(self, *what: object) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: what in self.said)

    async def reload(self) -> None:
        await self.note("reload")
        if self.refuse:
            raise self.refuse

    async def exclusively(self, work: Callable[[], object]) -> None:
        await self.note("pen")
        await asyncio.to_thread(work)
        await self.note("pen back")

    async def hold(self, endpoints: list[int] | None, held: bool) -> None:
        await self.note("hold" if held else "free", endpoints and tuple(endpoints))

    async def take(self, worker: str, epoch: int, seq: int, rows: bytes) -> None:
        if self.refuse:
            raise self.refuse
        await self.note("take", worker, seq, rows)

    async def find(self, rows: bytes) -> None:
        await self.note("find", rows)

    async def lend(self, endpoint: int | None) -> Loan:
        await self.note("lend", endpoint)
        return Loan({7: Slip(7, 3), 8: Slip(8, 0, "locked", "day", 5)}, {1: 7, 2: 8}, {"v": 2})

    async def take_back(self, loan: Loan, told: list[Told] | None, passed: int) -> None:
        await self.note("back", told, passed)

    async def brake(self, scope: str, value: str, who: str, reason: str, paused: bool) -> int:
        await self.note("brake", scope, value, who, reason, paused)
        return 7

    async def borrow_login(self, host: str, user: str, version: str) -> Grant | Held:
        await self.note("borrow", host, user, version)
        return Held("locked", "day", 99) if version == "bad" else Grant(5, 77)

    def give_back_login(self, number: int, permit: int, reason: str, sent: bool) -> None:
        self.said.append(("back", number, permit, reason, sent))

    def abandon_logins(self, numbers: list[int]) -> None:
        self.said.append(("abandoned", numbers))
        self.abandoned.set()

    def check_logins(self, endpoints: list[int] | None) -> None:
        self.said.append(("check", endpoints))

    def logins_busy(self, endpoints: list[int] | None) -> int:
        self.said.append(("busy", endpoints))
        return self.busy.pop(0)


class Caller:
    """A command at the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, line: object) -> None:
        text = line if isinstance(line, bytes) else json.dumps(line).encode()
        self.writer.write(text + b"\n")
        await self.writer.drain()

    async def hear(self) -> Any:
        async with asyncio.timeout(10):
            line = await self.reader.readline()
        return json.loads(line) if line else None

    async def ask(self, line: object) -> Any:
        await self.say(line)
        return await self.hear()

    def die(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Caller]:
    with reachable(path) as name:
        reader, writer = await asyncio.open_unix_connection(name)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def script(tmp_path: Path) -> AsyncIterator[Script]:
    made = Script()
    door = ControlDoor(tmp_path / "hub.sock", made)
    await door.start()
    yield made
    async with asyncio.timeout(10):
        await door.aclose()
    assert not (tmp_path / "hub.sock").exists()


async def test_only_the_owner_may_knock(script: Script, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "hub.sock").stat().st_mode) == 0o600


async def test_the_pen_is_held_until_it_is_given_back_and_the_register_read_anew(
    script: Script, tmp_path: Path
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "pen"}) == {"granted": True}
        assert script.said == [("pen",)]
        assert await caller.ask(b"done") == {"done": True}
    assert script.said == [("pen",), ("pen back",), ("reload",)]


async def test_a_dead_caller_gives_the_pen_back(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "pen"})
        caller.die()
        await script.until("reload")
    assert script.said[:2] == [("pen",), ("pen back",)]


async def test_a_register_that_cannot_be_read_anew_is_said_to_the_caller(
    script: Script, tmp_path: Path
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "pen"})
        script.refuse = FULL
        answer = await caller.ask(b"done")
    assert FULL.text.en in answer["error"]
    assert FULL.text.zh in answer["error"]


async def test_a_pause_and_its_end_reach_the_hub(script: Script, tmp_path: Path) -> None:
    for do, paused in (("pause", True), ("resume", False)):
        asked = {"do": do, "scope": "area", "value": "320585100", "who": "zhang", "reason": "演练"}
        async with calling(tmp_path / "hub.sock") as caller:
            assert await caller.ask(asked) == {"changed": 7}
        assert script.said[-1] == ("brake", "area", "320585100", "zhang", "演练", paused)
    async with calling(tmp_path / "hub.sock") as caller:
        assert "error" in await caller.ask({"do": "pause", "scope": "area"})


async def test_a_check_of_logins_says_how_many_are_to_come(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "credentials", "endpoints": [4, 5]}) == {"busy": 2}
        assert await caller.hear() == {"busy": 0}
    assert script.said == [("check", [4, 5]), ("busy", [4, 5]), ("busy", [4, 5])]


async def test_a_hub_that_stops_takes_the_pen_and_the_cameras_back(tmp_path: Path) -> None:
    script = Script()
    door = ControlDoor(tmp_path / "hub.sock", script)
    await door.start()
    async with calling(tmp_path / "hub.sock") as writing, calling(tmp_path / "hub.sock") as dialling:
        assert await writing.ask({"do": "pen"}) == {"granted": True}
        assert await dialling.ask({"do": "camera", "endpoints": [4]}) == {"granted": True}
        async with asyncio.timeout(10):
            await door.aclose()
        assert await writing.hear() is None
        assert await dialling.hear() is None
    assert {("pen back",), ("free", (4,))} <= set(script.said)


async def test_a_camera_is_left_alone_until_the_caller_hangs_up(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "camera", "endpoints": [7, 8]}) == {"granted": True}
        assert script.said == [("hold", (7, 8))]
        caller.die()
        await script.until("free", (7, 8))


async def test_two_callers_at_one_camera_take_turns(script: Script, tmp_path: Path) -> None:
    """Were both granted, two would talk to it at once, and who ends first would let the hub in as well."""
    path = tmp_path / "hub.sock"
    async with calling(path) as first, calling(path) as second, calling(path) as other:
        assert await first.ask({"do": "camera", "endpoints": [7]}) == {"granted": True}
        await second.say({"do": "camera", "endpoints": [6, 7]})
        assert await other.ask({"do": "camera", "endpoints": [9]}) == {"granted": True}
        assert script.said == [("hold", (7,)), ("hold", (9,))]
        first.die()
        assert await second.hear() == {"granted": True}
        assert script.said[2:] == [("free", (7,)), ("hold", (6, 7))]


async def test_a_round_waits_for_the_camera_somebody_climbs_and_the_next_round_for_it(
    script: Script, tmp_path: Path
) -> None:
    path = tmp_path / "hub.sock"
    async with calling(path) as climbing, calling(path) as round_one, calling(path) as round_two:
        assert await climbing.ask({"do": "camera", "endpoints": [7]}) == {"granted": True}
        await round_one.say({"do": "sweep"})
        climbing.die()
        assert await round_one.hear() == {"granted": True}
        await round_two.say({"do": "sweep"})
        assert await round_one.ask(b"done") == {"done": True}
        assert await round_two.hear() == {"granted": True}
        round_two.die()
        await script.until("free", None)
    assert script.said[:5] == [("hold", (7,)), ("free", (7,)), ("hold", None), ("free", None), ("hold", None)]


async def test_a_round_brings_its_results_in_numbered_batches(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "sweep"}) == {"granted": True}
        for seq in (1, 2):
            rows = base64.b64encode(bytes([seq]) * 28).decode()
            assert await caller.ask({"rows": rows}) == {"taken": seq}
        assert await caller.ask(b"done") == {"done": True}
    taken = [("take", "sweep", seq, bytes([seq]) * 28) for seq in (1, 2)]
    assert script.said == [("hold", None), *taken, ("free", None)]


@pytest.mark.parametrize("line", [b"{", b'{"rows": 3}', b'{"rows": "not base64!"}', b"[]", b"{}"])
async def test_results_that_are_none_end_the_round_and_free_the_cameras(
    script: Script, tmp_path: Path, line: bytes
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "sweep"})
        assert "error" in await caller.ask(line)
        await script.until("free", None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[1]",
        b"{}",
        b'{"do": "dial", "host": "192.0.2.1"}',
        b'{"do": ["pen"]}',
        b'{"do": "camera", "endpoints": "all"}',
        b'{"do": "camera", "endpoints": null}',
        b"[" * 60_000,
        b"x" * 100_000,
    ],
    ids=lambda line: line[:20].decode("latin-1") + f"({len(line)})",
)
async def test_requests_that_are_none_are_refused_and_the_door_stays_open(
    script: Script, tmp_path: Path, line: bytes
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert "error" in await caller.ask(line)
        assert await caller.hear() is None
    assert script.said == []
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "pen"}) == {"granted": True}


async def test_an_environment_that_fails_and_a_bug_are_answered(script: Script, tmp_path: Path) -> None:
    for error in (FULL, RuntimeError("planted-secret")):
        script.refuse = error
        async with calling(tmp_path / "hub.sock") as caller:
            await caller.ask({"do": "sweep"})
            answer = await caller.ask({"rows": ""})
            assert "error" in answer
            assert "planted-secret" not in answer["error"]


async def test_a_home_deeper_than_the_kernel_takes_a_name(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    path = deep / "hub.sock"
    assert len(os.fsencode(path)) > 107
    door = ControlDoor(path, Script())
    path.touch()  # what a murdered hub leaves
    await door.start()
    async with calling(path) as caller:
        assert await caller.ask({"do": "pen"}) == {"granted": True}
    await door.aclose()
    assert not path.exists()


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    door = ControlDoor(tmp_path / "gone" / "hub.sock", Script())
    with pytest.raises(EnvironmentFault) as caught:
        await door.start()
    assert "gone" in caught.value.text.en
    await door.aclose()


async def test_logins_are_lent_and_told_of(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        assert await caller.ask({"do": "logins"}) == {"granted": True}
        assert await caller.ask({"borrow": ["10.0.0.1", "admin", "bad"]}) == {"held": "day", "until": 99}
        assert await caller.ask({"borrow": ["10.0.0.1", "admin", "good"]}) == {"number": 5}
        assert await caller.ask({"ended": [5, "auth", True]}) == {"taken": True}
        assert await caller.ask(b"done") == {"done": True}
    assert script.said[2:] == [("back", 5, 77, "auth", True), ("abandoned", [])]


async def test_a_dead_caller_leaves_its_login_in_doubt(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "logins"})
        await caller.ask({"borrow": ["10.0.0.1", "admin", "good"]})
        caller.die()
        async with asyncio.timeout(10):
            await script.abandoned.wait()
    assert script.said[-1] == ("abandoned", [5])


async def test_a_login_that_was_not_lent_cannot_be_told_of(script: Script, tmp_path: Path) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "logins"})
        assert "error" in await caller.ask({"ended": [6, "ok", True]})


async def test_a_round_borrows_the_logins_and_they_are_back_before_anybody_else_dials(
    script: Script, tmp_path: Path
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        granted = await caller.ask({"do": "sweep", "login": True})
        loan = Loan.of_rows(granted["slips"], granted["keys"], granted["rooms"])
        assert (loan.keys, loan.rooms) == ({1: 7, 2: 8}, {"v": 2})
        assert loan.lent == [Slip(7, 3)]
        await caller.ask({"facts": base64.b64encode(b"facts").decode()})
        await caller.ask({"logins": [[7, "ok", True], [7, "auth", True]]})
        await caller.ask({"passed": 4})
        assert await caller.ask(b"done") == {"done": True}
    assert script.said == [
        ("hold", None),
        ("lend", None),
        ("find", b"facts"),
        ("back", [Told(7, "ok", True), Told(7, "auth", True)], 4),
        ("free", None),
    ]


async def test_of_a_borrower_that_dies_nobody_hears_what_came_of_the_logins(
    script: Script, tmp_path: Path
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "camera", "endpoints": [5], "login": True})
        await caller.ask({"logins": [[7, "ok", True]]})
    await script.until("back", None, 0)
    assert script.said == [("lend", 5), ("hold", (5,)), ("free", (5,)), ("back", None, 0)]


@pytest.mark.parametrize("logins", [[[9, "ok", True]], [[8, "ok", True]], [[7, "no such", True]]])
async def test_logins_that_were_not_lent_are_not_believed(
    script: Script, tmp_path: Path, logins: Any
) -> None:
    async with calling(tmp_path / "hub.sock") as caller:
        await caller.ask({"do": "sweep", "login": True})
        assert "error" in await caller.ask({"logins": logins})
    await script.until("back", None, 0)
    await script.until("free", None)
