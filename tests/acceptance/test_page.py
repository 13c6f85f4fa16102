"""The list page of a whole hub over a virtual county: the same cameras in the same states as the command line tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from urllib.request import urlopen

import pytest
from python_calamine import CalamineWorkbook

from tests.acceptance.county import Office, office, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("county"), cameras=60, townships=3) as made:
        yield made


def codes(page: str) -> set[str]:
    return set(re.findall(r'<th scope="row"><a href="/cameras/(\d+)"', page))


def test_the_page_shows_what_the_command_line_tells(place: Office) -> None:
    with place.hub() as hub:
        wanted = {code: row["online"] for code, row in place.truth().items()}
        until(lambda: place.online() == wanted, 60)
        down = {code for code, state in wanted.items() if state == "down"}
        assert down
        until(lambda: codes(hub.get("/cameras?state=down")) == down, 20)
        with urlopen(hub.url + "/cameras.xlsx", timeout=60) as answer:
            book = CalamineWorkbook.from_filelike(BytesIO(answer.read()))
        rows = book.get_sheet_by_name("清单").to_python()
        states = {str(row[0]): str(row[6]).partition(" ")[2] for row in rows[1:]}
        assert states == wanted
        one = min(down)
        page = hub.get(f"/cameras/{one}")
        assert "未通过" in page
        assert "options" in page
        assert "/cameras?township=" in hub.get("/")
