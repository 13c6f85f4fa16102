"""What the world does wrong is said in one clear sentence, and nothing is lost."""

from __future__ import annotations

import multiprocessing
import os
import resource
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.registry import engine as engine_module
from camerahub.registry.engine import open_engine, parse_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from tests.contract.fleet import Hub, fill, same_states

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path}/hub.db"
    upgrade(address)
    return address


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_engine(url), zone=SHANGHAI, keys=KeyRing.create(tmp_path / "key"))
    yield opened
    opened.close()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(EnvironmentFault) as caught:
        act()
    assert caught.value.exit_code == 4
    return caught.value.key


def test_missing_database(tmp_path: Path) -> None:
    assert refused(lambda: open_engine(f"sqlite:///{tmp_path}/none.db")) == "register.missing"
    assert refused(lambda: upgrade(f"sqlite:///{tmp_path}/no/folder.db")) == "register.missing"
    assert list(tmp_path.iterdir()) == [], "looking must not create"


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_bytes(b"this is a spreadsheet" * 100)
    assert refused(lambda: open_engine(f"sqlite:///{tmp_path}/hub.db")) == "register.not_database"
    assert refused(lambda: upgrade(f"sqlite:///{tmp_path}/hub.db")) == "register.not_database"


@pytest.mark.parametrize("address", ["", "hub.db", "mysql://h/d", "sqlite://", "postgresql", "://:secret@x"])
def test_an_address_that_is_none_is_not_quoted(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(address)
    assert "secret" not in str(caught.value)


def test_locked_by_another(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.heartbeat(1)
    monkeypatch.setattr(engine_module, "BUSY_MS", 50)
    impatient = Store(open_engine(store.engine.url), zone=SHANGHAI)
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert refused(lambda: impatient.heartbeat(2)) == "register.locked"
    other.execute("ROLLBACK")
    other.close()
    impatient.heartbeat(3)
    impatient.close()


def _commit_until_refused(store: Store, hub: Hub) -> tuple[str, object]:
    rng = np.random.default_rng(1)
    for _ in range(2000):
        hub.now += 1_000_000
        batch = hub.take(hub.results(rng))
        try:
            store.commit(batch)
        except EnvironmentFault as fault:
            return fault.key, batch
    raise AssertionError("never full")


def test_a_full_disk_loses_nothing_and_goes_on(store: Store) -> None:
    fill(store, 200)
    hub = Hub(store.load())
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 40}")
    key, batch = _commit_until_refused(store, hub)
    assert key == "register.full"
    before = store.load().watermarks["w1"][1]
    assert before == hub.seq - 1
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert store.commit(batch)  # type: ignore[arg-type]
    assert same_states(store.load().states, hub.states)


def _small_files(url: str, key: str, answer: multiprocessing.connection.Connection) -> None:
    """In a process of its own: files may not grow beyond what is there, as on a disk with a quota."""
    store = Store(open_engine(url), zone=SHANGHAI, keys=KeyRing.load(Path(key)))
    hub = Hub(store.load())
    size = (Path(store.engine.url.database or "")).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, hard))
    told, batch = _commit_until_refused(store, hub)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    again = store.commit(batch)  # type: ignore[arg-type]
    answer.send((told, again, same_states(store.load().states, hub.states), hub.seq))
    store.close()


def test_a_file_that_may_not_grow_loses_nothing(store: Store, url: str, tmp_path: Path) -> None:
    fill(store, 200)
    store.close()
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_small_files, args=(url, str(tmp_path / "key"), there))
    child.start()
    there.close()
    assert here.poll(60)
    told, again, same, seq = here.recv()
    child.join(30)
    assert told in ("register.full", "register.io")
    assert (again, same) == (True, True)
    assert store.load().watermarks["w1"][1] == seq


def _as_nobody(url: str, answer: multiprocessing.connection.Connection) -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        open_engine(url)
        answer.send("opened")
    except EnvironmentFault as fault:
        answer.send(fault.key)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_read_only_home_is_said_at_once(url: str, tmp_path: Path, what: str) -> None:
    database = tmp_path / "hub.db"
    for parent in [tmp_path, *list(tmp_path.parents)[:3]]:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    database.chmod(0o444 if what == "file" else 0o666)
    tmp_path.chmod(0o777 if what == "file" else 0o555)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_as_nobody, args=(url, there))
    child.start()
    assert here.poll(60)
    assert here.recv() == "register.readonly"
    child.join(30)
    tmp_path.chmod(0o755)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(EnvironmentFault) as caught:
            open_engine(f"postgresql://hub@127.0.0.1:{port}/cams", password="planted-secret")
    assert caught.value.key == "register.unreachable"
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "planted-secret" not in f"{chain!s}{chain!r}"
        chain = chain.__cause__ or chain.__context__
    assert f"127.0.0.1:{port}/cams" in str(caught.value)
