"""The pages in a real Chromium: read by rules of accessibility, walked by keyboard, zoomed, without any script.

Debian's chromium through Playwright; axe-core comes with its wheel. The server runs in the loop of the test, on
loopback, over the shelf of the page tests (hostile names, every state).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from camerahub.web.server import Binding
from tests.web.shelf import FakeShelf
from tests.web.test_pages import served
from tests.web.test_server import make_certificate

pytestmark = [pytest.mark.real, pytest.mark.slow]

TOKEN = "Planted-8"
PATIENCE_MS = 15_000
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
CAMERA = "/cameras/32058500001310000002"
PATHS = (
    "/",
    "/cameras",
    "/cameras?facet=lit&state=down&reason=timeout&sort=-since",
    CAMERA,
    "/cameras?state=broken",
)
#: Two old monitors, and both at 200 %: half as many CSS pixels.
SIZES = ((1366, 768, 1.0), (1024, 768, 1.0), (683, 384, 2.0), (512, 384, 2.0))


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        started = await play.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        try:
            yield started
        finally:
            await started.close()


def watched(page: Page, url: str) -> list[str]:
    """What goes wrong on a page, or leaves for elsewhere, from now on."""
    said: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((url, "data:image/jpeg")):
            said.append(request.url)

    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", asked)
    return said


async def test_rules_of_accessibility_hold_and_nothing_is_wider_than_the_screen() -> None:
    async with served(FakeShelf()) as url, browser() as chromium:
        for width, height, scale in SIZES:
            page = await chromium.new_page(
                viewport={"width": width, "height": height}, device_scale_factor=scale
            )
            said = watched(page, url)
            for path in PATHS:
                await page.goto(url + path)
                if (scale == 1.0 and width > 1024) or path == "/cameras":
                    found = (await Axe().run(page)).response["violations"]
                    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], path
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert [line for line in said if "status of 400" not in line] == []
            await page.close()


async def test_the_list_is_used_by_keyboard_alone_without_a_script() -> None:
    async with served(FakeShelf()) as url, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=False)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        said = watched(page, url)
        await page.goto(url + "/cameras")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")  # the skip link
        assert page.url.endswith("#main")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").get_attribute("id") == "township"
        for _ in ("太仓市", "城厢镇"):
            await page.keyboard.press("ArrowDown")
        for wanted in ("network", "facet", "state"):
            await page.keyboard.press("Tab")
            assert await page.locator(":focus").get_attribute("id") == wanted
        for _ in ("正常", "异常"):
            await page.keyboard.press("ArrowDown")
        for wanted in ("reason", "scope", "q"):
            await page.keyboard.press("Tab")
            assert await page.locator(":focus").get_attribute("id") == wanted
        await page.keyboard.type("路口")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("state=down"))
        assert "township=320585100" in page.url
        states = await page.locator("td.state.here").all_inner_texts()
        assert states
        assert all("离线" in state for state in states)
        await page.locator("thead a", has_text="自何时").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("sort=since"))
        assert await page.locator("th[aria-sort=ascending]").count() == 1
        assert said == []


async def test_what_has_the_focus_is_seen() -> None:
    async with served(FakeShelf()) as url, browser() as chromium:
        page = await chromium.new_page()
        seen = set()
        for path in ("/cameras", CAMERA):
            await page.goto(url + path)
            for _ in range(25):
                await page.keyboard.press("Tab")
                outline = (
                    "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName"
                )
                told = await page.evaluate(outline)
                assert told.startswith("solid") or told == "noneBODY", told
                seen.add(told)
        assert {"solidA", "solidDIV", "solidSELECT", "solidINPUT", "solidBUTTON"} <= seen


async def test_evidence_is_shown_after_a_click_and_written_down() -> None:
    shelf = FakeShelf()
    async with served(shelf) as url, browser() as chromium:
        page = await chromium.new_page()
        said = watched(page, url)
        await page.goto(url + CAMERA)
        assert await page.locator("img").count() == 0
        await page.locator("button[name=number]").first.click()  # nobody said who looks
        assert page.url == url + CAMERA
        assert shelf.looks == []
        await page.fill("#who", "警号 0007")
        await page.locator("button[name=number]").first.click()
        await page.wait_for_url(re.compile("/evidence$"))
        assert shelf.looks == [("32058500001310000002", 12, "警号 0007")]
        assert await page.locator("figure img").count() == 1
        found = (await Axe().run(page)).response["violations"]
        assert [one["id"] for one in found] == []
        assert said == []


@asynccontextmanager
async def dashboard(target: str) -> AsyncIterator[str]:
    """Somebody else's page, with a link to ours."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=f'<a href="{target}">list</a>', content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def log_in(context: BrowserContext, url: str) -> Page:
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(url + "/cameras?facet=lit&q=3205")
    assert (await Axe().run(page)).response["violations"] == []
    await page.fill("#token", "not it")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[role=alert]")
    await page.fill("#token", TOKEN)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("table.list")
    assert page.url == url + "/cameras?facet=lit&q=3205"
    return page


@pytest.mark.parametrize("tls", [False, True], ids=["loopback", "tls"])
async def test_a_person_logs_in_and_comes_back_from_a_dashboard(tls: bool, tmp_path: Path) -> None:
    cert = make_certificate(tmp_path) if tls else None
    binding = Binding(token=TOKEN)
    if cert is not None:
        binding = Binding(tls_cert=str(cert), tls_key=str(cert.with_name("k.pem")), token=TOKEN)
    async with served(FakeShelf(), binding) as url, browser() as chromium:
        url = url.replace("http:", "https:") if tls else url
        context = await chromium.new_context(ignore_https_errors=True)
        page = await log_in(context, url)
        (cookie,) = await context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", tls)
        assert TOKEN not in cookie["value"]
        assert await page.evaluate("document.cookie") == ""
        async with dashboard(url + "/cameras?state=down") as elsewhere:
            await page.goto(elsewhere)
            await page.click("a")
            await page.wait_for_selector("table.list")  # logged in all the same
            assert page.url == url + "/cameras?state=down"
        await page.click("text=退出登录")
        await page.wait_for_selector("#token")
        await page.goto(url + "/cameras")
        assert await page.locator("table.list").count() == 0
        assert await page.locator("#token").count() == 1


async def test_the_table_is_downloaded_under_a_name_with_its_time() -> None:
    async with served(FakeShelf()) as url, browser() as chromium:
        page = await chromium.new_page()
        await page.goto(url + "/cameras?state=down")
        async with page.expect_download() as started:
            await page.click("text=下载 XLSX")
        download = await started.value
        assert re.fullmatch(r"cameras-\d{8}-\d{6}\.xlsx", download.suggested_filename)
        assert download.url == url + "/cameras.xlsx?state=down"
        assert (await download.path()).read_bytes()[:2] == b"PK"
