"""The pages people read: what they show, what they refuse and how, and that looking at evidence is written down."""

from __future__ import annotations

import re
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from html import unescape
from io import BytesIO

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from python_calamine import CalamineWorkbook

from camerahub.core.errors import EnvironmentFault
from camerahub.core.result import REASON_NAMES
from camerahub.core.roll import FACETS, Asked, find
from camerahub.core.texts import CATALOGUE
from camerahub.web import pages, views
from camerahub.web.asking import (
    MOST_CHARACTERS,
    ORDERS,
    PARAMETERS,
    BadParameter,
    asked_of,
    link,
    readable,
    words_of,
)
from camerahub.web.server import Binding, WebServer
from tests.web.shelf import FORMULA, HOSTILE, JPEG, ODD_CODES, FakeShelf, roll_of

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ROLL = roll_of()
Ask = Callable[..., Awaitable[aiohttp.ClientResponse]]


@asynccontextmanager
async def served(shelf: FakeShelf, binding: Binding | None = None) -> AsyncIterator[str]:
    server = WebServer(binding or Binding(), lambda _accept, gzipped: (b"", "text/plain"), list, shelf)
    port = await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.aclose()


@pytest.fixture
def shelf() -> FakeShelf:
    return FakeShelf()


@pytest.fixture
async def ask(shelf: FakeShelf) -> AsyncIterator[Ask]:
    async with served(shelf) as url, aiohttp.ClientSession(headers=BROWSER) as session:

        async def get(path: str, method: str = "GET", **kwargs: object) -> aiohttp.ClientResponse:
            if method == "POST":
                kwargs = {"headers": {"Origin": url}} | kwargs
            return await session.request(method, url + path, **kwargs)  # type: ignore[arg-type]

        yield get


def tree(page: str) -> etree._Element:
    return etree.fromstring(page, etree.HTMLParser())


def words(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


async def test_the_list_shows_area_state_reason_and_since(ask: Ask) -> None:
    page = tree(await (await ask("/cameras?state=down&sort=-since")).text())
    first = page.xpath("//table[@class='list']/tbody/tr")[0]
    cells = [words(cell) for cell in first]
    assert cells[0] == "32058500001310000002"
    assert cells[1] == "+1"
    assert "城厢镇" in cells[2]
    assert "东村" in cells[2]
    assert cells[4:9] == ["离线 down", "无流 down", "未点亮 down", "异常 down", "超时无应答 timeout"]
    assert cells[9] == "2027-01-15 02:00:00 已 14 小时 0 分 for 14 h 0 min"


async def test_counts_stand_above_and_lead_to_their_lists(shelf: FakeShelf, ask: Ask) -> None:
    page = tree(await (await ask("/cameras?township=320585100")).text())
    links = page.xpath("//ul[@class='counts']//a")
    assert len(links) == len(FACETS) * 3
    for one in links:
        number = int(one.find("b").text.replace(",", ""))
        there = tree(await (await ask(unescape(one.get("href")))).text())
        assert words(there.xpath("//p[@class='bar']/strong")[0]).startswith(f"符合条件 {number} 路")


async def test_pages_follow_each_other(ask: Ask) -> None:
    codes: list[str] = []
    path = "/cameras?scope=all"
    for _ in range(10):
        page = tree(await (await ask(path)).text())
        codes += [words(one) for one in page.xpath("//table[@class='list']/tbody/tr/th")]
        following = page.xpath("//nav[@class='pager']/a[@rel='next']/@href")
        if not following:
            break
        path = following[0]
    assert codes == list(ROLL.names.code)
    beyond = tree(await (await ask("/cameras?scope=all&page=999")).text())
    assert "第 3 页, 共 3 页" in words(beyond.xpath("//nav[@class='pager']")[0])


async def test_the_filters_show_what_was_asked(ask: Ask) -> None:
    path = (
        "/cameras?township=320585100&village=320585100201&network=-&facet=lit&state=unknown&scope=all&q=路口"
    )
    page = tree(await (await ask(path + "&reason=blind&sort=-name")).text())
    chosen = {one.getparent().get("name"): one.get("value") for one in page.xpath("//option[@selected]")}
    assert chosen == {
        "township": "320585100", "village": "320585100201", "network": "-", "facet": "lit", "state": "unknown",
        "reason": "blind", "scope": "all",
    }  # fmt: skip
    assert page.xpath("//input[@name='q']/@value") == ["路口"]
    assert page.xpath("//input[@name='sort']/@value") == ["-name"]
    assert page.xpath("//th[@aria-sort]/@aria-sort") == ["descending"]


async def test_what_nobody_looked_at_is_not_called_blind(ask: Ask) -> None:
    page = await (await ask("/cameras?state=unknown")).text()
    assert "尚未检测" in page


@pytest.mark.parametrize(
    "path", ["/", "/cameras", "/cameras/32058500001310000000", "/cameras?q=%3Cscript%3E"]
)
async def test_other_peoples_words_are_only_words(ask: Ask, path: str) -> None:
    answer = await ask(path)
    page = await answer.text()
    assert answer.status == 200
    assert "<script" not in page
    assert "<镇>" not in page
    assert "admin<b>" not in page
    assert "<视频>" not in page


async def test_nothing_comes_from_elsewhere_and_nothing_runs(ask: Ask) -> None:
    for path in ("/", "/cameras", "/cameras/32058500001310000001", "/login", "/cameras?state=x", "/none"):
        answer = await ask(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "same-origin"
        page = tree(await answer.text())
        assert page.xpath("//script | //style | //@style | //iframe | //@onclick") == []
        for address in page.xpath("//@src | //@href | //@action"):
            assert address.startswith(("/", "#")), address
            assert not address.startswith("//")


async def test_languages_headers_and_labels_are_marked(ask: Ask) -> None:
    for path in ("/", "/cameras", "/cameras/32058500001310000002"):
        page = tree(await (await ask(path)).text())
        assert page.get("lang") == "zh-CN"
        assert page.xpath("//th[not(@scope)]") == []
        assert len(page.xpath("//h1")) == 1
        labels = set(page.xpath("//label/@for"))
        assert {one.get("id") for one in page.xpath("//select | //input[not(@type='hidden')]")} == labels
        for one in page.xpath("//*[@class='en'][not(@lang='en')]"):
            raise AssertionError(etree.tostring(one))


WRONG = [
    ("township=999", "township"), ("village=320585100", "village"), ("network=no", "network"),
    ("facet=colour", "facet"),
    ("state=broken", "state"), ("state=DOWN", "state"), ("reason=gremlins", "reason"), ("sort=age", "sort"),
    ("sort=--code", "sort"), ("page=0", "page"), ("page=-1", "page"), ("page=1.5", "page"), ("page=%D9%A3", "page"),
    ("page=99999999999999999999", "page"), ("scope=some", "scope"), ("q=" + "x" * 65, "q"), ("q=%00", "q"),
    ("q=a%0Ab", "q"), ("q=a%E2%80%AEb", "q"),
    ("colour=red", "colour"), ("state=up&state=down", "state"), ("%3Cb%3E=1", "&lt;b&gt;"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "name"), WRONG)
@pytest.mark.parametrize("path", ["/cameras", "/cameras.xlsx"])
async def test_bad_parameters_are_named_with_what_was_expected(
    ask: Ask, path: str, query: str, name: str
) -> None:
    answer = await ask(f"{path}?{query}")
    page = await answer.text()
    assert answer.status == 400
    assert f"请求参数不正确: {name}" in page
    assert f"A parameter is wrong: {name}" in page
    assert "应为" in page
    assert len(page) < 4000


async def test_a_refused_reason_lists_the_closed_list(ask: Ask) -> None:
    page = await (await ask("/cameras?reason=gremlins")).text()
    assert "gremlins" in page
    for reason in REASON_NAMES:
        assert reason in page


class Values(dict[str, list[str]]):
    def getall(self, key: str) -> list[str]:
        return self[key]


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(PARAMETERS), st.text(max_size=3)),
        st.lists(st.text(max_size=70), min_size=1, max_size=2),
        max_size=3,
    )
)
def test_any_query_is_a_question_or_a_named_refusal(given_: dict[str, list[str]]) -> None:
    refused: BadParameter | None = None
    try:
        find(ROLL, asked_of(Values(given_), ROLL.names))
    except BadParameter as bad:
        refused = bad
    if refused is not None:
        assert refused.expected.zh
        assert len(refused.name) <= MOST_CHARACTERS + 1
        assert "\n" not in refused.name


asked_questions = st.builds(
    Asked,
    township=st.sampled_from(["", "320585100", "unassigned"]),
    village=st.sampled_from(["", "320585100201"]),
    network=st.sampled_from([None, "", "雪亮"]),
    facet=st.sampled_from(FACETS),
    state=st.sampled_from(["", "up", "down", "unknown"]),
    reason=st.sampled_from(["", *REASON_NAMES]),
    q=st.text(max_size=MOST_CHARACTERS).map(lambda word: readable(word, "").strip()),
    sort=st.sampled_from(ORDERS),
    page=st.integers(1, 1000),
    everyone=st.booleans(),
)


@given(asked_questions)
def test_links_say_what_they_show(asked: Asked) -> None:
    assert asked_of(Values({name: [word] for name, word in words_of(asked).items()}), ROLL.names) == asked
    assert link(asked, page=asked.page).count("?") <= 1


async def test_the_page_of_one_camera(ask: Ask) -> None:
    page = await (await ask("/cameras/32058500001310000002")).text()
    for part in (
        "走到哪一级", "未通过", "超时无应答", "误报次数", "密码被拒", "2001:db8::7", "不含密码", "城厢派出所", "施工",
        "camerahub dialled 32058500001310000002", "海康威视", "007",
    ):  # fmt: skip
        assert part in page, part
    rungs = tree(page).xpath("//ol[@class='ladder']/li/@class")
    assert rungs == ["passed", "failed", *["unreached"] * 5]
    assert "data:" not in page


@pytest.mark.parametrize("code", ODD_CODES)
async def test_odd_codes_have_a_page_and_a_link_to_it(ask: Ask, code: str) -> None:
    page = tree(await (await ask("/cameras?scope=all&page=3")).text())
    (address,) = [one.get("href") for one in page.xpath("//tbody/tr/th/a") if words(one) == code]
    answer = await ask(address)
    assert answer.status == 200
    assert words(tree(await answer.text()).xpath("//h1/span")[0]) == code


async def test_an_unknown_camera_is_a_page_that_says_so(ask: Ask) -> None:
    answer = await ask("/cameras/nobody")
    assert answer.status == 404
    assert "登记表里没有这个摄像机" in await answer.text()


EVIDENCE = "/cameras/32058500001310000002/evidence"


async def test_evidence_is_shown_to_whoever_says_who_looks(shelf: FakeShelf, ask: Ask) -> None:
    answer = await ask(EVIDENCE, "POST", data={"who": " 警号 <7> ", "number": "12"})
    page = await answer.text()
    assert answer.status == 200
    assert shelf.looks == [("32058500001310000002", 12, "警号 <7>")]
    assert "警号 &lt;7&gt;" in page
    (source,) = tree(page).xpath("//img/@src")
    assert source.startswith("data:image/jpeg;base64,")
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert JPEG not in page.encode()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"number": "12"}, 400), ({"who": "  ", "number": "12"}, 400), ({"who": "x" * 65, "number": "12"}, 400),
        ({"who": "甲\n乙", "number": "12"}, 400), ({"who": "甲"}, 400), ({"who": "甲", "number": "x"}, 400),
        ({"who": "甲", "number": "13"}, 404), ({"who": "甲", "number": "-1"}, 400),
        ({"who": "甲", "number": "9" * 40}, 400),
    ],
)  # fmt: skip
async def test_no_look_without_a_name_and_a_picture(
    shelf: FakeShelf, ask: Ask, form: dict[str, str], status: int
) -> None:
    answer = await ask(EVIDENCE, "POST", data=form)
    assert answer.status == status
    assert "data:image" not in await answer.text()
    assert shelf.looks == []


async def test_evidence_that_went_meanwhile_is_not_found(shelf: FakeShelf, ask: Ask) -> None:
    answer = await ask(EVIDENCE, "POST", data={"who": "甲", "number": "11"})
    assert answer.status == 404
    assert "可能已到期删除" in await answer.text()


async def test_a_name_may_hold_the_wide_blank_of_chinese_input(shelf: FakeShelf, ask: Ask) -> None:
    assert (await ask(EVIDENCE, "POST", data={"who": "　张　三 ", "number": "12"})).status == 200
    assert shelf.looks == [("32058500001310000002", 12, "张　三")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    ],
)  # fmt: skip
async def test_forms_of_others_do_nothing(shelf: FakeShelf, ask: Ask, headers: dict[str, str]) -> None:
    answer = await ask(EVIDENCE, "POST", data={"who": "甲", "number": "12"}, headers=headers)
    assert answer.status == 403
    assert shelf.looks == []


async def test_evidence_is_no_address(ask: Ask) -> None:
    assert (await ask(EVIDENCE)).status == 405
    assert (await ask(EVIDENCE, "POST", json={"who": "甲", "number": 12})).status == 400
    assert (await ask(EVIDENCE, "POST", data={"who": "甲" * 20_000, "number": "12"})).status in (400, 413)


async def test_nothing_else_is_written_to(ask: Ask) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/cameras", "/cameras/32058500001310000002", "/cameras.xlsx"):
            assert (await ask(path, method)).status in (404, 405)


async def test_the_table_has_every_line_and_every_cell_is_text(ask: Ask) -> None:
    answer = await ask("/cameras.xlsx?scope=all&facet=lit")
    body = await answer.read()
    assert answer.status == 200
    assert re.fullmatch(
        r'attachment; filename="cameras-\d{8}-\d{6}\.xlsx"', answer.headers["Content-Disposition"]
    )
    with zipfile.ZipFile(BytesIO(body)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert set(re.findall(r'<c r="\w+"(?: s="\d+")? t="(\w+)"', sheet)) == {"inlineStr"}
    assert not re.search(r'<c r="\w+"(?: s="\d+")?>', sheet)
    book = CalamineWorkbook.from_filelike(BytesIO(body))
    assert book.sheet_names == ["清单", "说明"]
    rows = book.get_sheet_by_name("清单").to_python()
    assert [row[0] for row in rows[1:]] == list(ROLL.names.code)
    assert [row[1] for row in rows[1:]] == list(ROLL.names.name)
    assert {HOSTILE, FORMULA} <= {row[1] for row in rows}
    told = dict(zip(rows[0], rows[1], strict=True))
    assert told["点亮 lit"] == "未知 unknown"
    assert told["原因代码 reason code"] == "blind"
    assert told["乡镇代码 township code"] == "320585"
    about = book.get_sheet_by_name("说明").to_python()
    assert ["行数 rows", str(len(ROLL))] in about
    assert any("facet=lit" in cell for row in about for cell in row)


@pytest.mark.parametrize("query", ["q=nobody-has-this-name", "state=down&facet=media"])
async def test_the_table_is_the_list(ask: Ask, query: str) -> None:
    body = await (await ask(f"/cameras.xlsx?{query}")).read()
    rows = CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_name("清单").to_python()
    page = tree(await (await ask(f"/cameras?{query}")).text())
    codes = [words(one) for one in page.xpath("//table[@class='list']/tbody/tr/th")]
    assert [row[0] for row in rows[1:]] == codes


async def test_a_table_that_cannot_be_made_is_said(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "pack", lambda _book: b"not a book\n")
    answer = await ask("/cameras.xlsx")
    assert answer.status == 503
    assert "表格未能生成" in await answer.text()


async def test_a_hub_that_is_not_ready_says_so_in_the_page(shelf: FakeShelf, ask: Ask) -> None:
    shelf.fault = EnvironmentFault("pages.not_ready")
    for path in ("/", "/cameras", "/cameras.xlsx"):
        answer = await ask(path)
        assert answer.status == 503
        assert "清单尚未就绪" in await answer.text()


async def test_too_many_at_once_are_told_to_come_again(
    shelf: FakeShelf, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_WAITING", 0)
    answer = await ask("/cameras")
    assert answer.status == 503
    assert "请求太多" in await answer.text()


async def test_the_style_is_kept_by_browsers_and_changes_its_address(ask: Ask) -> None:
    page = tree(await (await ask("/cameras")).text())
    (address,) = page.xpath("//link[@rel='stylesheet']/@href")
    answer = await ask(address)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "max-age" in answer.headers["Cache-Control"]
    style = await answer.text()
    assert "url(" not in style
    assert "@import" not in style
    assert (await ask("/icon.svg")).headers["Content-Type"].startswith("image/svg+xml")


def test_durations_are_told_in_two_parts() -> None:
    minute = 60_000_000
    told = [
        views.lasting(minute * 10_000_000 - minute * n, minute * 10_000_000)
        for n in (0, 59, 60, 1439, 1440, 4000)
    ]
    assert [one.en for one in told if one] == [
        "for 0 min", "for 59 min", "for 1 h 0 min", "for 23 h 59 min", "for 1 d 0 h", "for 2 d 18 h",
    ]  # fmt: skip
    assert views.lasting(0, minute) is None
    assert views.lasting(2 * minute, minute) is None


def test_every_text_of_the_pages_is_used() -> None:
    sources = "".join(
        path.read_text("utf-8")
        for folder in (views._HERE, views._HERE.parent)
        for path in [*folder.glob("*.py"), *folder.glob("templates/*.html")]
    )
    dynamic = (
        "pages.facet_",
        "pages.rung_",
        "pages.verdict_",
        "pages.card_",
        "pages.bad_",
        "pages.any_",
        "pages.scope_",
        "pages.status_",
    )
    keys = [key for key in CATALOGUE if key.startswith("pages.") and not key.startswith(dynamic)]
    unused = [key for key in keys if f'"{key}"' not in sources and f'_label("{key[6:]}")' not in sources]
    assert unused == []


def test_the_style_asks_nothing_newer_than_chrome_80() -> None:
    style = (views._HERE / "static" / "style.css").read_text("utf-8")
    # caniuse: :is 88, :where 88, :has 105, :focus-visible 86, aspect-ratio 88, inset 87, layers 99, containers 105
    newer = r":is\(|:where\(|:has\(|:focus-visible|aspect-ratio|inset\s*:|@layer|@container|light-dark|[^-]gap\s*:"
    assert re.findall(newer, style) == []
