"""Logs: JSON lines, masked, and nothing set up by an import."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from camerahub.telemetry.logs import mask_text, redact, set_up

SECRET = "Planted-7f3a"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(
    "text",
    [
        f"rtsp://admin:{SECRET}@192.0.2.1/ch1",
        f"rtsp://admin:a/{SECRET}#@x@192.0.2.1:554/ch1",
        f"dial admin:{SECRET}@192.0.2.1 failed",
        f"GET /snap?user=admin&password={SECRET}&c=1",
        f'Authorization: Digest username="admin", response="{SECRET}"',
        f"token: {SECRET}",
    ],
)
def test_no_way_to_write_a_password_gets_through(text: str) -> None:
    assert SECRET not in mask_text(text)


@pytest.mark.parametrize(
    "text", ["rtsp://192.0.2.1:554/ch1", "12:30:45 ok", "a@b", "camerahub_up 1", "界面 3:4"]
)
def test_harmless_text_stays(text: str) -> None:
    assert mask_text(text) == text


def test_secrets_are_masked_at_any_depth() -> None:
    nested = {
        "a": [{"password": SECRET}, f"rtsp://u:{SECRET}@h/"],
        "口令": SECRET,
        "token_file": SECRET,
        "n": 3,
    }
    said = redact(
        None, "info", {"event": "x", "data": nested, "Authorization": SECRET, "blob": SECRET.encode()}
    )
    assert said["data"]["n"] == 3
    assert SECRET not in json.dumps(said["data"])
    assert said["Authorization"] == "***"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=4))
def test_whatever_the_password_in_an_address_it_is_masked(password: str) -> None:
    text = (
        mask_text(f"rtsp://user:{SECRET}{password.replace(chr(34), '').replace(chr(39), '')}@192.0.2.1/x")
        if not set(password) & set("<>")
        else ""
    )
    assert SECRET not in text


def test_json_lines_with_the_traceback_masked() -> None:
    out = io.StringIO()
    set_up(stream=out)
    try:
        raise ValueError(f"rtsp://admin:{SECRET}@192.0.2.1/")
    except ValueError:
        structlog.get_logger().exception("broken", camera="32058510001310000001")
    said = json.loads(out.getvalue())
    assert (said["event"], said["level"], said["camera"]) == ("broken", "error", "32058510001310000001")
    assert "ValueError" in said["exception"]
    assert SECRET not in out.getvalue()
    assert said["at"].endswith("Z")


def test_the_console_is_for_people_and_masked_too() -> None:
    out = io.StringIO()
    set_up(console=True, stream=out)
    structlog.get_logger().warning("离线", url=f"rtsp://a:{SECRET}@h/")
    assert "离线" in out.getvalue()
    assert SECRET not in out.getvalue()


def test_warnings_of_libraries_come_as_json_and_masked() -> None:
    out = io.StringIO()
    set_up(stream=out)
    logging.getLogger("some.package").warning("cannot reach rtsp://a:%s@h/", SECRET)
    logging.getLogger("some.package").info("quiet")
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["level"] == "warning"
    assert SECRET not in lines[0]


def test_debug_is_silent_unless_asked_for() -> None:
    out = io.StringIO()
    set_up(stream=out)
    structlog.get_logger().debug("x")
    assert out.getvalue() == ""
    set_up(stream=out, level="debug")
    structlog.get_logger().debug("x")
    assert json.loads(out.getvalue())["event"] == "x"


def test_importing_sets_nothing_up() -> None:
    code = (
        "import logging, structlog, camerahub.telemetry.logs, camerahub.web.server, camerahub.services.ingest\n"
        "assert not logging.getLogger().handlers and not structlog.is_configured()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
