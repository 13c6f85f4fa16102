"""Who may write: alone as the hub's stand-in, beside a hub by its leave, beside nobody who does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camerahub.cli.context import Context
from camerahub.cli.line import line_to_hub
from camerahub.cli.main import run
from camerahub.cli.sweep_register import _commit
from camerahub.core.batch import pack
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.result import Outcome, ProbeResult
from camerahub.registry import queries
from camerahub.services.clock import SystemClock
from camerahub.web.control import ControlDoor
from tests.services.county import Register, camera_row


@pytest.fixture
def context(tmp_path: Path) -> Context:
    folder = tmp_path / "home"
    assert run(["--home", str(folder), "init"]) == EXIT_OK
    return Context(home=folder)


class Pen:
    """A hub of which only the pen is real."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def reload(self) -> None:
        self.said.append("reload")

    async def exclusively(self, work: Callable[[], object]) -> None:
        self.said.append("lent")
        await asyncio.to_thread(work)
        self.said.append("back")

    async def hold(self, endpoints: list[int] | None, held: bool) -> None:
        del endpoints, held

    async def take(self, worker: str, epoch: int, seq: int, rows: bytes) -> None:
        del worker, epoch, seq, rows


def test_no_home_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        Context().home_folder()


def test_alone_it_writes_as_the_hub_would(context: Context) -> None:
    home = context.home_folder()
    with context.writing_store(keys=True) as store:
        assert home.hub_pid() is not None
        store.heartbeat(5)
        with pytest.raises(EnvironmentFault), context.writing_store():
            pass
    assert home.hub_pid() is None


def test_alone_it_gives_the_lock_back_after_an_error(context: Context) -> None:
    with pytest.raises(RuntimeError), context.writing_store():
        raise RuntimeError
    assert context.home_folder().hub_pid() is None


def test_beside_a_lock_whose_holder_does_not_answer(context: Context) -> None:
    home = context.home_folder()
    with home.lock():
        with pytest.raises(EnvironmentFault) as caught, context.writing_store():
            pass
        assert caught.value.key == "config.hub_silent"
        assert str(home.path) in caught.value.text.zh


async def with_a_hub(context: Context, work: Callable[[], Any]) -> tuple[Pen, Any]:
    """``work`` in a thread beside a hub that lends its pen; what it returned or raised."""
    pen = Pen()
    door = ControlDoor(context.home_folder().socket_path, pen)
    with context.home_folder().lock():
        await door.start()
        try:
            async with asyncio.timeout(20):
                (done,) = await asyncio.gather(asyncio.to_thread(work), return_exceptions=True)
                if isinstance(done, BaseException):
                    while "back" not in pen.said:  # noqa: ASYNC110 - the hub hears of a hang-up by itself
                        await asyncio.sleep(0)
        finally:
            await door.aclose()
    return pen, done


async def test_beside_a_hub_it_borrows_the_pen(context: Context) -> None:
    said: list[str] = []

    def write() -> list[str]:
        with context.writing_store() as store:
            store.heartbeat(7)
        return said

    pen, done = await with_a_hub(context, write)
    assert done is said
    assert pen.said == ["lent", "back", "reload"]


async def test_beside_a_hub_an_error_gives_the_pen_back(context: Context) -> None:
    def fail() -> None:
        with context.writing_store():
            raise RuntimeError("while writing")

    pen, done = await with_a_hub(context, fail)
    assert isinstance(done, RuntimeError)
    assert pen.said[:2] == ["lent", "back"]


async def test_a_line_is_hung_up_though_an_error_still_refers_to_it(context: Context) -> None:
    """A traceback keeps the frames, and they the file: the pen must come back all the same."""

    def fail() -> None:
        with line_to_hub(context.home_folder()) as line:
            line.ask(do="pen")
            raise RuntimeError("while writing")

    pen, done = await with_a_hub(context, fail)
    assert done.__traceback__ is not None
    assert "back" in pen.said


def test_a_round_after_the_clock_was_set_back_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(home=tmp_path / "home")
    context.home_folder().create()
    register = Register(context.home_folder().path, [camera_row(0, "320585100")])
    (road,) = queries.targets(register.store().engine)
    register.close()
    now = SystemClock().wall_us()

    def sweep(at: int) -> None:
        monkeypatch.setattr(SystemClock, "wall_us", lambda _: at)
        result = ProbeResult(road.endpoint, "options", Outcome.OK, "ok", 2, at - 1000, 0.001, 200)
        store = context.open_store()
        _commit(context, store, pack([result]))
        store.close()

    def seen() -> int:
        store = context.open_store()
        newest = int(store.load().states.seen_at.max())
        store.close()
        return newest

    sweep(now)
    assert seen() == now - 1000
    marks = context.open_store().load().watermarks["sweep"]
    sweep(now - 3_600_000_000)
    assert context.open_store().load().watermarks["sweep"] > marks
