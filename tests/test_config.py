"""Every mistake in camerahub.toml has a file here and its exact message."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from camerahub.assets import config_asset
from camerahub.config import Settings, keys, load
from camerahub.core.errors import EXIT_ENVIRONMENT, EXIT_USAGE, ConfigError, EnvironmentFault

INVALID = Path(__file__).parent / "data" / "invalid"

MISTAKES = {
    "unknown-key": "unknown key fleet.intervall_s; nearest valid key: fleet.interval_s",
    "unknown-section": "unknown key flet; nearest valid key: fleet",
    "wrong-type": "fleet.probers: should be a whole number",
    "out-of-range": "web.port: should be 65535 or less",
    "deadline-longer-than-interval": "fleet.deadline_s: deadline_s must not be longer than interval_s",
    "timezone": "site.timezone: not an IANA time zone such as Asia/Shanghai",
    "password-in-url": "database.url: a password stands in the address: move it to database.password_file",
    "bad-url": "database.url: expected sqlite:///FILE or postgresql://user@host:port/name",
    "stale-between-looks": "health.online.stale_s must be at least 335: fleet.interval_s, its jitter",
    "n-above-m": "health.online.down_m: must be at least down_n",
    "syntax": "is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 7)",
    "encoding": "is not UTF-8 text (byte 15)",
}


def test_every_invalid_file_is_expected() -> None:
    assert sorted(MISTAKES) == sorted(path.stem for path in INVALID.glob("*.toml"))


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake(name: str) -> None:
    path = INVALID / f"{name}.toml"
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert MISTAKES[name] in caught.value.text.en
    assert str(path) in caught.value.text.zh
    assert caught.value.exit_code == EXIT_USAGE
    assert "planted-secret" not in str(caught.value)


def test_the_chinese_lines_are_chinese(tmp_path: Path) -> None:
    path = tmp_path / "camerahub.toml"
    path.write_text(
        '[web]\nhost = 1\n[fleet]\nprobers = "x"\njitter = nan\ninterval_s = "y"\nconfirm_s = 0.0\n'
        '[logs]\nlevel = "loud"\n[site]\ntimezone = "Mars"\n',
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load(path)
    zh = caught.value.text.zh
    assert "should" not in zh
    assert "值不合要求" not in zh
    assert "fleet.probers: 应为整数" in zh
    assert "logs.level: 可用的值: 'debug'" in zh


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "camerahub.toml"
    path.write_text("[fleet]\nprobers = -1\ninterval_s = 0.0\nspeed = 1\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    for key in ("fleet.probers", "fleet.interval_s", "fleet.speed"):
        assert key in caught.value.text.zh


def test_the_shipped_example_is_complete_and_holds_the_defaults() -> None:
    path = config_asset("camerahub.toml")
    assert load(path) == Settings()
    text = path.read_text("utf-8")
    for key in keys():
        name = key.rsplit(".", 1)[-1]
        assert (
            re.search(rf"^(# )?(\[?\[{re.escape(key)}\]\]?|{re.escape(name)} = )", text, re.MULTILINE)
            or f"[{key}." in text
        ), key


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "camerahub.toml")
    assert "init" in caught.value.text.en


def test_a_folder_in_its_place_is_an_environment_fault(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        load(tmp_path)
    assert caught.value.exit_code == EXIT_ENVIRONMENT


def test_windows_notepad_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "camerahub.toml"
    path.write_bytes(b"\xef\xbb\xbf[site]" + os.linesep.encode() + b'name = "A"\n')
    assert load(path).site.name == "A"
