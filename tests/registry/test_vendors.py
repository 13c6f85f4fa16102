from __future__ import annotations

from pathlib import Path

import pytest

from camerahub.core.address import parse_address
from camerahub.core.errors import ConfigError
from camerahub.registry.vendors import load_vendors, shipped_vendors

GOOD = '[x]\nzh = "甲"\nen = "X"\ncertainty = "seen"\nmain = "/{channel}"\nsub = "/{channel0}"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("海康", "hikvision"),
        ("浙江大华技术股份有限公司", "dahua"),
        ("HIKVISION DS-2CD", "hikvision"),
        ("1", "hikvision"),
        ("ＴＰ－ＬＩＮＫ", "tplink"),
        ("天地伟业", "tiandy"),
    ],
)
def test_makers_by_what_people_write(text: str, key: str) -> None:
    vendor = shipped_vendors().find(text)
    assert vendor is not None
    assert vendor.key == key


@pytest.mark.parametrize("text", ["", "无名", "maxmedia", "12345"])
def test_no_maker(text: str) -> None:
    assert shipped_vendors().find(text) is None


@pytest.mark.parametrize("key", list(shipped_vendors().by_key))
def test_every_template_makes_an_address(key: str) -> None:
    vendor = shipped_vendors().by_key[key]
    for stream in ("main", "sub"):
        for channel in (None, 1, 32):
            found = parse_address(f"rtsp://192.0.2.1:{vendor.rtsp_port}{vendor.path(stream, channel)}")
            assert (found.username, found.password) == ("", "")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("nonsense", "vendors_unreadable"),
        (GOOD + 'colour = "red"\n', "vendors_bad"),
        (GOOD.replace("/{channel}", "/{password.__class__}"), "vendors_bad"),
        (GOOD.replace("/{channel}", "{channel}"), "vendors_bad"),
        (GOOD.replace("/{channel}", "/{nobody}"), "vendors_bad"),
        (GOOD.replace("seen", "sure"), "vendors_bad"),
        (GOOD + "rtsp_port = 0\n", "vendors_bad"),
        (GOOD + 'rtsp_port = "554"\n', "vendors_bad"),
        (GOOD.replace('zh = "甲"\n', ""), "vendors_bad"),
        ("x = 1\n", "vendors_bad"),
        (GOOD + GOOD.replace("[x]", "[y]"), "vendors_twice"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "vendors.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_vendors(path)
    assert caught.value.key == f"tablefile.{key}"
    assert str(path) in caught.value.text.zh
