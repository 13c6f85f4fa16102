"""Every mistake in camerahub.toml has a file here and its exact message."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from camerahub.assets import config_asset
from camerahub.config import Settings, keys, load
from camerahub.core.errors import EXIT_ENVIRONMENT, EXIT_USAGE, ConfigError, EnvironmentFault
from camerahub.core.uplinks import Reference, Uplink

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
    "reference-by-name": "uplinks.0.references: reference 2: expected tcp://IP:PORT or rtsp://IP[:554], IP addresses",
    "reference-with-password": "uplinks.0.references: reference 1: expected tcp://IP:PORT",
    "reference-slower-than-its-turn": "fleet.reference_deadline_s: reference_deadline_s must not be longer",
    "subnet-with-host-bits": "uplinks.0.subnets: 10.20.0.1/16 is not a subnet such as 10.20.0.0/16",
    "subnet-twice": "uplinks: subnet 10.20.0.0/16 stands twice: a subnet belongs to one uplink",
    "uplink-named-twice": "uplinks: two uplinks are named east: rename one",
    "uplink-name": "uplinks.0.name: an uplink is named with a-z, 0-9",
    "uplink-default-with-subnets": "uplinks.0.subnets: the uplink named default takes all other addresses",
    "uplinks-for-the-rest": "uplinks: an uplink without subnets takes all other addresses, so there can be one",
    "uplink-needs-more-than-it-has": "uplinks.0.need: need must not be larger than the number of references",
    "uplink-nameless": "uplinks.0.name: is missing",
    "uplink-unknown-key": "unknown key uplinks.0.reference; nearest valid key: uplinks.references",
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


def test_uplinks_as_a_prober_knows_them(tmp_path: Path) -> None:
    """The commented example of the shipped file, with its # removed, is one that is taken."""
    text = config_asset("camerahub.toml").read_text("utf-8")
    example = text[text.index("# [[uplinks]]") :]
    path = tmp_path / "camerahub.toml"
    path.write_text(re.sub(r"^# (?=\[\[|[a-z]+ = )", "", example, flags=re.MULTILINE), "utf-8")
    (line,) = load(path).uplinks
    assert line.uplink() == Uplink(
        "east",
        ("10.20.0.0/16",),
        (Reference("tcp", "10.20.0.1", 80), Reference("options", "10.20.0.10", 554)),
        1,
    )
