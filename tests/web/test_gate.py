"""Who may see the pages: a token for programs, a form for people, nobody from elsewhere, and slow guessing."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.web.gate import IDLE_S, MOST_ADDRESSES, MOST_SESSIONS, MOST_WRONG, WRONG_S, Attempts, Sessions
from camerahub.web.server import Binding, _onward
from tests.web.shelf import FakeShelf
from tests.web.test_pages import served
from tests.web.test_server import make_certificate

TOKEN = "Planted-令牌-7"
BROWSER = {"Accept": "text/html"}


@dataclass
class Person:
    """A browser: keeps cookies, sends forms from the page it is on."""

    session: aiohttp.ClientSession
    url: str
    trust: ssl.SSLContext | None = None

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await self.session.get(
            self.url + path, headers=BROWSER | headers, ssl=self.trust or True, allow_redirects=False
        )

    async def post(self, path: str, origin: str = "", **form: str) -> aiohttp.ClientResponse:
        headers = BROWSER | {"Origin": origin or self.url}
        return await self.session.post(
            self.url + path, data=form, headers=headers, ssl=self.trust or True, allow_redirects=False
        )

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


@asynccontextmanager
async def person(binding: Binding, trust: ssl.SSLContext | None = None) -> AsyncIterator[Person]:
    async with served(FakeShelf(), binding) as url:
        url = url.replace("http:", "https:") if trust else url
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Person(session, url, trust)


async def test_a_person_logs_in_where_he_wanted_to_go_and_out_again() -> None:
    async with person(Binding(token=TOKEN)) as someone:
        asked = await someone.get("/cameras?state=down")
        page = await asked.text()
        assert asked.status == 401
        assert 'name="next" value="/cameras?state=down"' in page
        assert "32058500001310000000" not in page
        wrong = await someone.post("/login", token="guess", next="/cameras?state=down")
        assert wrong.status == 401
        again = await wrong.text()
        assert "令牌不正确" in again
        assert 'name="next" value="/cameras?state=down"' in again
        assert someone.cookies == {}
        right = await someone.post("/login", token=f" {TOKEN}\n", next="/cameras?state=down")
        assert (right.status, right.headers["Location"]) == (303, "/cameras?state=down")
        there = await someone.get("/cameras?state=down")
        assert there.status == 200
        assert "退出登录" in await there.text()
        kept = dict(someone.cookies)
        left = await someone.post("/logout")
        assert (left.status, left.headers["Location"]) == (303, "/login")
        assert (await someone.get("/cameras")).status == 401
        # the session is gone at our side, too
        stale = "; ".join(f"{name}={value}" for name, value in kept.items())
        assert (await someone.get("/cameras", Cookie=stale)).status == 401


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(tmp_path: Path) -> None:
    cert = make_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    trust.check_hostname = False
    binding = Binding(tls_cert=str(cert), tls_key=str(cert.with_name("k.pem")), token=TOKEN)
    async with person(binding, trust) as someone:
        answer = await someone.post("/login", token=TOKEN, next="/")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-camerahub=")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert "Max-Age" not in cookie
        assert "Domain" not in cookie
        assert (await someone.get("/cameras")).status == 200


async def test_the_token_is_taken_from_no_address() -> None:
    async with person(Binding(token=TOKEN)) as someone:
        for path in (f"/cameras?token={TOKEN}", f"/login?token={TOKEN}", f"/metrics?token={TOKEN}"):
            answer = await someone.get(path)
            assert answer.status in (200, 401)
            assert "摄像机清单" not in await answer.text()
        assert someone.cookies == {}


async def test_programs_send_the_token_and_get_json_when_they_do_not() -> None:
    async with person(Binding(token=TOKEN)) as someone:
        for path in ("/metrics", "/readyz", "/cameras", "/"):
            async with someone.session.get(someone.url + path) as answer:
                assert answer.status == 401
                assert (await answer.json())["error"] == "not_allowed"
            headers = {"Authorization": f"Bearer {TOKEN}".encode().decode("latin-1")}
            async with someone.session.get(someone.url + path, headers=headers) as answer:
                assert answer.status in (200, 401)
        assert (await someone.get("/healthz")).status == 200
        assert (await someone.get("/style.css")).status == 200


@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_forms_of_others_log_nobody_in_or_out(path: str) -> None:
    async with person(Binding(token=TOKEN)) as someone:
        await someone.post("/login", token=TOKEN, next="/")
        for origin in ("https://evil.example", "null"):
            assert (await someone.post(path, origin=origin, token=TOKEN)).status == 403
        assert (await someone.get("/cameras")).status == 200


async def test_a_link_from_a_dashboard_is_followed_once_more_from_here() -> None:
    async with person(Binding(token=TOKEN)) as someone:
        answer = await someone.get("/cameras?state=down&q=<b>", **{"Sec-Fetch-Site": "cross-site"})
        page = await answer.text()
        assert answer.status == 200
        assert re.search(r'http-equiv="refresh" content="0; url=/cameras\?state=down&amp;q=', page)
        assert "<b>" not in page
        # from here it is not elsewhere any more, so it ends at the form
        assert (await someone.get("/cameras", **{"Sec-Fetch-Site": "same-origin"})).status == 401


async def test_guessing_is_slow() -> None:
    async with person(Binding(token=TOKEN)) as someone:
        told = [(await someone.post("/login", token=f"guess {n}")).status for n in range(MOST_WRONG + 2)]
        assert told == [401] * MOST_WRONG + [429, 429]
        late = await someone.post("/login", token=TOKEN)
        assert late.status == 429
        assert "一分钟后" in await late.text()


async def test_without_a_token_nobody_logs_in() -> None:
    async with person(Binding()) as someone:
        for answer in (await someone.get("/login"), await someone.post("/login", token="x")):
            assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert "退出登录" not in await (await someone.get("/cameras")).text()


@given(st.text(max_size=20))
def test_nobody_is_led_away(path: str) -> None:
    told = _onward(path)
    assert told.startswith("/")
    assert not told.startswith("//")
    assert told.isascii()
    assert "\\" not in told
    assert told.isprintable()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "javascript:1", "", "/ä"]
)
def test_what_leads_away_leads_home(path: str) -> None:
    assert _onward(path) == "/"


def test_sessions_end_idle_and_are_bounded() -> None:
    sessions = Sessions()
    one = sessions.open(0.0)
    assert sessions.known(one, IDLE_S)
    assert sessions.known(one, 2 * IDLE_S)
    assert not sessions.known(one, 3 * IDLE_S + 1)
    assert not sessions.known(one, 3 * IDLE_S + 1)
    many = [sessions.open(float(n)) for n in range(MOST_SESSIONS + 5)]
    assert len(sessions) == MOST_SESSIONS
    assert not sessions.known(many[4], 400.0)
    assert sessions.known(many[5], 400.0)
    assert len(set(many)) == len(many)
    assert not sessions.known("", 400.0)
    assert not sessions.known("\udcff", 400.0)


def test_attempts_are_forgotten_after_a_minute_and_bounded() -> None:
    attempts = Attempts()
    for _ in range(MOST_WRONG):
        assert not attempts.too_many("192.0.2.1", 0.0)
        attempts.wrong("192.0.2.1", 0.0)
    assert attempts.too_many("192.0.2.1", WRONG_S)
    assert not attempts.too_many("192.0.2.2", WRONG_S)
    assert not attempts.too_many("192.0.2.1", WRONG_S + 1)
    for n in range(MOST_ADDRESSES + 3):
        attempts.wrong(f"host {n}", 0.0)
    assert len(attempts._wrong) == MOST_ADDRESSES
