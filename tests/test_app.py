"""The composition root: what settings become, whom endpoints point at, and a hub whose names and register fail."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from camerahub import app
from camerahub import names as naming
from camerahub.app import Addresses, Hub
from camerahub.cli.context import Context
from camerahub.config import Settings, parse
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.result import Facet
from camerahub.home import Home
from camerahub.names import resolve
from camerahub.plan import (
    BATCH_S,
    MAX_AUTO_PROBERS,
    fleet_policy,
    policies,
    prober_count,
    target_of,
    upkeep,
)
from camerahub.registry import queries
from camerahub.registry.queries import EndpointTarget
from camerahub.registry.rows import Source
from camerahub.services.supervisor import Change, Supervisor
from tests.services.county import Register, camera_row

FULL = EnvironmentFault("register.full", where="camerahub.db", detail="SQLITE_FULL")
ROW = EndpointTarget(7, 3, "C7", "rtsp", "cam.example", 554, "/ch1?a=b", "rtsp", "main", "a", 0, 5)


def settings(**sections: Any) -> Settings:
    return parse(sections, Path("camerahub.toml"))


# --- pure parts


def test_a_target_is_dialled_by_address_and_carries_no_secret_unless_given() -> None:
    target = target_of(ROW, "192.0.2.7")
    assert (target.endpoint, target.host, target.port) == (7, "192.0.2.7", 554)
    assert target.url == "rtsp://192.0.2.7:554/ch1?a=b"
    assert (target.username, target.password) == ("", "")
    known = target_of(ROW, "192.0.2.7", "admin", "planted")
    assert (known.username, known.password) == ("admin", "planted")
    assert "planted" not in repr(known)


def test_an_ipv6_target_is_bracketed_in_its_url_only() -> None:
    target = target_of(ROW, "2001:db8::7")
    assert (target.host, target.url) == ("2001:db8::7", "rtsp://[2001:db8::7]:554/ch1?a=b")


def test_a_target_without_a_scheme_has_no_url() -> None:
    assert target_of(ROW._replace(scheme=""), "192.0.2.7").url == ""


def test_addresses_of_both_families_and_with_tls() -> None:
    assert Addresses("127.0.0.1", 9320, False).url == "http://127.0.0.1:9320"
    assert Addresses("::1", 9320, True).url == "https://[::1]:9320"


def test_policies_are_the_rules_of_the_configuration() -> None:
    policy, *slow = policies(settings(health={"online": {"down_n": 2, "down_m": 4, "stale_s": 90.0}}))
    assert [policy.facet, *(one.facet for one in slow)] == list(Facet)
    assert [(p.down_n, p.down_m, p.up_n, p.up_m, p.stale_us) for p in slow] == [
        (2, 3, 1, 1, 2_700_000_000)
    ] * 3
    assert (policy.down_n, policy.down_m, policy.up_n, policy.up_m) == (2, 4, 2, 2)
    assert policy.stale_us == 90_000_000


def test_backups_go_round_where_a_folder_is_named_and_what_had_its_time_goes_daily() -> None:
    told = {errand.name: errand for errand in upkeep(settings())}
    assert told["backup"].every_s == 0
    assert (told["prune"].words, told["prune"].every_s) == (("prune",), 86_400)
    told = {
        errand.name: errand for errand in upkeep(settings(backup={"folder": "/mnt/b", "interval_s": 3600.0}))
    }
    assert (told["backup"].words, told["backup"].every_s) == (("backup",), 3600)


def test_without_pictures_only_online_is_asked() -> None:
    (policy,) = policies(settings(fleet={"picture_interval_s": 0.0}))
    assert policy.facet is Facet.ONLINE


def test_the_fleet_is_as_gentle_as_configured() -> None:
    given = settings(fleet={"interval_s": 5.0, "deadline_s": 2.0, "device_seats": 3, "max_in_flight": 40})
    policy = fleet_policy(given)
    assert (policy.interval_s, policy.deadline_s, policy.device_seats) == (5.0, 2.0, 3)
    assert (policy.max_in_flight, policy.batch_s) == (40, 0.5)
    assert fleet_policy(Settings()).batch_s == BATCH_S


def test_probers_follow_the_pace_and_the_cores_unless_configured() -> None:
    assert prober_count(settings(fleet={"probers": 7}), 10) == 7
    assert prober_count(Settings(), 0) == 1
    assert prober_count(Settings(), 26_000) == 1
    assert 1 <= prober_count(Settings(), 10_000_000) <= MAX_AUTO_PROBERS


# --- names


async def test_addresses_are_asked_of_nobody_and_names_are_looked_up() -> None:
    hosts = ["192.0.2.1", "2001:db8::1", "localhost", "localhost"]
    found = await resolve(hosts)
    assert found["192.0.2.1"] == "192.0.2.1"
    assert found["2001:db8::1"] == "2001:db8::1"
    assert found["localhost"] in ("127.0.0.1", "::1")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "\udcff", ""])
async def test_a_name_that_is_none_stays_as_it_is(host: str) -> None:
    assert await resolve([host]) == {host: host}


async def test_a_name_keeps_its_last_address_while_the_name_server_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    found = await resolve(["cam.example", "new.example"], {"cam.example": "192.0.2.9"})
    assert found == {"cam.example": "192.0.2.9", "new.example": "new.example"}


async def test_a_name_server_that_is_silent_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of names at once, a bounded time, and the threads of everybody else stay free."""
    answer = threading.Event()

    def silent(host: str, *_: object, **__: object) -> Any:
        if host == "good.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.5", 0))]
        answer.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr(naming, "LOOK_UP_S", 0.3)
    names = ["good.example", *(f"n{n}.example" for n in range(200))]
    began = time.monotonic()
    found = await resolve(names, {"good.example": "192.0.2.4"})
    elsewhere = await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 2)
    answer.set()
    assert time.monotonic() - began < 3
    assert (found["good.example"], found["n7.example"], elsewhere) == ("192.0.2.5", "n7.example", "free")


async def test_it_says_which_names_got_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "_address_of", lambda name: "192.0.2.5" if name == "good.example" else "")
    asked: dict[str, bool] = {}
    await resolve(["good.example", "lost.example", "192.0.2.1"], None, asked)
    assert asked == {"good.example": True, "lost.example": False}


# --- a hub in this process, its probers real


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    home.config_path.write_text("[web]\nport = 0\n[fleet]\nprobers = 1\ndeadline_s = 1.0\n", "utf-8")
    Register(home.path, [camera_row(n, "320585100") for n in range(3)]).close()
    return home


@pytest.fixture
def hub(home: Home) -> Iterator[Hub]:
    """A hub that was not started; it writes down what it would have watched."""
    made = Hub(home, home.settings(), Context(home=home.path).open_store())
    yield made
    made.store.close()


def watched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the number of endpoints at each assignment."""
    sizes: list[int] = []
    monkeypatch.setattr(Supervisor, "follow", lambda _, plan: sizes.append(sum(len(p.share) for p in plan)))
    return sizes


def import_more(hub: Hub) -> None:
    store = Context(home=hub.home.path).open_store()
    store.import_cameras([camera_row(9, "320585100")], Source("test", "more.csv"), 5)
    store.close()


async def test_an_import_is_not_undone_by_names_still_being_looked_up(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = watched(hub, monkeypatch)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow_first(hosts: Any, *_: object) -> dict[str, str]:
        names = list(hosts)
        if not asked.is_set():
            asked.set()
            await answered.wait()
        return {name: name for name in names}

    monkeypatch.setattr(app, "resolve", slow_first)
    looking_up = asyncio.ensure_future(hub._assign())
    await asked.wait()
    import_more(hub)
    reloading = asyncio.ensure_future(hub.reload())
    await asyncio.to_thread(lambda: None)
    answered.set()
    await asyncio.gather(looking_up, reloading)
    assert sizes == [3, 4]


async def test_a_register_that_is_locked_for_a_moment_is_read_again_soon(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = watched(hub, monkeypatch)
    monkeypatch.setattr(app, "RETRY_S", 0.0)
    real, told = queries.targets, asyncio.Event()

    def locked_once(*args: Any, **kwargs: Any) -> Any:
        if not hub.overdue.is_set():
            raise FULL
        return real(*args, **kwargs)

    def tell(_: object, plan: list[Change]) -> None:
        sizes.append(sum(len(change.share) for change in plan))
        told.set()

    monkeypatch.setattr(queries, "targets", locked_once)
    monkeypatch.setattr(Supervisor, "follow", tell)
    keeping = asyncio.ensure_future(hub._assign_often())
    await hub.reload()
    assert sizes == []
    async with asyncio.timeout(10):
        await told.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert sizes == [3]


async def test_problems_tell_of_missing_probers_and_of_the_start(hub: Hub) -> None:
    assert [problem.code for problem in hub.problems()] == ["starting", "probers"]


def test_a_token_file_that_is_empty_is_no_open_door(home: Home) -> None:
    store = Context(home=home.path).open_store()
    for content in (b"", b" \n", b"\xff\xfe"):
        (home.path / "token").write_bytes(content)
        with pytest.raises(EnvironmentFault) as caught:
            Hub(home, settings(web={"port": 0, "token_file": "token"}), store)
        assert "token" in caught.value.text.en
    store.close()


async def test_a_start_that_fails_half_way_leaves_nothing(home: Home) -> None:
    hub = Hub(home, home.settings(), Context(home=home.path).open_store())
    home.socket_path.mkdir()
    with pytest.raises(EnvironmentFault):
        await hub.start()
    assert not hub.supervisor.pids
    assert hub.web.port is None


async def test_a_stop_that_meets_an_error_stops_the_rest_all_the_same(home: Home) -> None:
    hub = Hub(home, home.settings(), Context(home=home.path).open_store())
    await hub.start()

    async def broken() -> None:
        raise OSError("no more")

    closing, hub.door.aclose = hub.door.aclose, broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no more"):
        await hub.aclose()
    assert not hub.supervisor.pids
    assert hub.web.port is None
    await closing()


async def test_a_command_waits_for_conversations_even_in_the_first_second(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await hub._assign()
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await hub.hold([1], True)
    await hub.hold([1], False)
    assert slept == [1.0]


def test_an_interval_longer_than_what_makes_stale_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        settings(fleet={"interval_s": 300.0})
    assert "stale_s" in caught.value.text.en
    settings(fleet={"interval_s": 300.0}, health={"online": {"stale_s": 900.0}})


async def test_a_name_server_that_is_away_is_a_gap_a_figure_and_nobodys_fault(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Context(home=hub.home.path).open_store()
    row = camera_row(7, "320585100")
    row.endpoints[0] = replace(row.endpoints[0], host="cam.example")
    store.import_cameras([row], Source("test", "named.csv"), 5)
    store.close()
    there = True
    monkeypatch.setattr(naming, "_address_of", lambda _name: "192.0.2.77" if there else "")
    await hub.ingest.start()
    hub._sources()
    for there in (True, False, False):  # noqa: B007 - the name server hears of it
        await hub._assign()
        (host,) = {s for s in hub._hosts.values() if s == "192.0.2.77"}
        assert host, "the camera keeps the address it had"
    (gap,) = queries.gaps_between(hub.store.engine, 0, 2**62)
    assert (gap.worker, gap.scope, gap.to_at, gap.reason) == ("hub", "names", None, "names")
    assert hub.board.sources.names() == 1
    there = True
    await hub._assign()
    (gap,) = queries.gaps_between(hub.store.engine, 0, 2**62)
    assert gap.to_at is not None
    assert hub.board.sources.names() == 0
    await hub.ingest.aclose()


async def test_lines_without_references_are_warned_of_once_and_shown(hub: Hub) -> None:
    with structlog.testing.capture_logs() as logs:
        hub._sources()
    (said,) = [line for line in logs if line["event"] == "uplink_without_references"]
    assert (said["uplink"], said["log_level"]) == ("default", "warning")
    assert "[[uplinks]]" in said["zh"]
    assert "[[uplinks]]" in said["en"]
    assert hub.board.sources.references() == {"default": 0}
