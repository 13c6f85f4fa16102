"""A real hub whose register knows its cameras by name, and the name server is taken away: nobody dies of it."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camerahub.farm.handle import start_county
from tests.acceptance.county import FAST, Hub, Office, until, wait
from tests.acceptance.named_hub import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HUB = ("-m", "tests.acceptance.named_hub")


class Server:
    """The name server; see ``named_hub``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.says("up")

    def says(self, how: str) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(how)
        fresh.rename(self.path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("names") / "server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAME_SERVER", str(made.path))
        yield made


@pytest.fixture(scope="module")
def place(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("named")
    with start_county(cameras=40, townships=2, mix={"healthy": 6, "wrong_password": 1, "silent": 1}) as farm:
        farm.write(folder)
        table = folder / "register.csv"
        table.write_text(
            re.sub(
                r"://(\d+)\.(\d+)\.(\d+)\.(\d+):",
                r"://c-\1-\2-\3-\4.county.invalid:",
                table.read_text("utf-8"),
            ),
            "utf-8",
        )
        made = Office(folder / "home", farm)
        made.ok("init")
        (made.home / "camerahub.toml").write_text(FAST, "utf-8")
        made.ok("import-areas", str(folder / "areas.csv"))
        made.ok("import", str(table))
        yield made


def rows(place: Office, query: str) -> list[Any]:
    with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database:
        return database.execute(query).fetchall()


def down_flips(place: Office) -> int:
    return int(rows(place, "SELECT count(*) FROM flips WHERE endpoint_id = 0 AND new = 2")[0][0])


def gaps(place: Office) -> list[Any]:
    return rows(place, "SELECT worker, scope, to_at FROM gaps WHERE reason = 'names' ORDER BY from_at")


def unanswered(hub: Hub) -> int:
    found = re.search(r"^camerahub_names_unanswered (\S+)$", hub.get("/metrics"), re.M)
    assert found is not None
    return round(float(found[1]))


def wanted(place: Office) -> dict[str, str]:
    return {code: str(row["online"]) for code, row in place.truth().items()}


def test_a_name_server_that_goes_away_kills_nobody(place: Office, server: Server) -> None:
    names = {host for (host,) in rows(place, "SELECT host FROM endpoints")}
    assert names
    assert all(NAME.fullmatch(host) for host in names)
    with place.hub(HUB) as hub:
        until(lambda: place.online() == wanted(place), 60)
        before = down_flips(place)
        assert (unanswered(hub), gaps(place)) == (0, [])
        server.says("silent")
        until(lambda: unanswered(hub) == len(names), 20)
        until(lambda: [end for *_, end in gaps(place)] == [None], 10)
        wait(6)  # three rounds and their confirmations
        assert place.online() == wanted(place)  # looked at, at the addresses they had
        server.says("up")
        until(lambda: unanswered(hub) == 0, 20)
        until(lambda: None not in {end for *_, end in gaps(place)}, 10)
        assert {(worker, scope) for worker, scope, _ in gaps(place)} == {("hub", "names")}
        assert down_flips(place) == before


def test_a_hub_that_starts_without_one_knows_nothing_and_says_so(place: Office, server: Server) -> None:
    before = down_flips(place)
    server.says("away")
    with place.hub(HUB) as hub:
        until(lambda: unanswered(hub) > 0, 20)
        until(lambda: [end for *_, end in gaps(place)][-1:] == [None], 10)
        wait(6)
        assert down_flips(place) == before
        server.says("up")
        until(lambda: unanswered(hub) == 0, 20)
        until(lambda: place.online() == wanted(place), 30)
        assert down_flips(place) == before
        until(lambda: None not in {end for *_, end in gaps(place)}, 10)


def test_one_name_that_is_not_answered_is_no_gap(place: Office, server: Server) -> None:
    """The server answers for the others: the name is wrong, and one camera is not looked at."""
    before = len(gaps(place))
    assert os.environ["NAME_SERVER"] == str(server.path)
    with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database:
        database.execute(
            "UPDATE endpoints SET host = 'wrong.invalid' WHERE id = (SELECT min(id) FROM endpoints)"
        )
        database.commit()
    with place.hub(HUB) as hub:
        until(lambda: unanswered(hub) == 1, 20)
        assert len(gaps(place)) == before
