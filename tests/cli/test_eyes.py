"""`mask`, `false-alarm` and `evidence`: what people say of pictures, and who looked at which."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from camerahub.cli.evidence import command as evidence
from camerahub.cli.false_alarm import command as false_alarm
from camerahub.cli.mask import command as mask
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.masks import of_rect, packed
from camerahub.registry import eyes
from camerahub.registry.secrets import KeyRing
from camerahub.services.clock import SystemClock
from tests.cli.figures_home import FiguresHome

CODE = "32058500001310000000"
JPEG = b"\xff\xd8\xff" + b"picture" * 100


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FiguresHome]:
    place = FiguresHome(tmp_path)
    place.home.config_path.write_text("", "utf-8")
    KeyRing.create(place.home.path / "camerahub.key")
    yield place
    place.close()


def masks(home: FiguresHome) -> dict[str, bytes]:
    return eyes.masks(home.hub.store.engine, CODE)


def test_rectangles_are_masked_shown_and_cleared(home: FiguresHome) -> None:
    result = home.run(mask, CODE, "--rect", "0,0,50,50", "--rect", "50,50,50,50", "--by", "甲")
    assert result.exception is None
    wanted = packed(of_rect(0, 0, 50, 50) | of_rect(50, 50, 50, 50))
    assert masks(home) == {"ignored": wanted}
    lines = home.run(mask, CODE).stdout.splitlines()
    assert (lines[0], lines[-1]) == ("+" * 32 + "." * 32, "." * 32 + "+" * 32)
    assert home.lines(mask, CODE) == [{"code": CODE, "ignored": 0.5, "private": 0.0}]
    home.run(mask, CODE, "--rect", "0,0,10,10", "--private", "--by", "甲")
    home.run(mask, CODE, "--clear", "--by", "甲")
    assert set(masks(home)) == {"private"}


def test_a_region_of_interest_masks_the_rest(home: FiguresHome, tmp_path: Path) -> None:
    image = np.zeros((360, 640), np.uint8)
    image[:, 320:] = 255
    cv2.imwrite(str(tmp_path / "part.png"), image)
    assert home.run(mask, CODE, str(tmp_path / "part.png"), "--only", "--by", "甲").exception is None
    assert masks(home) == {"ignored": packed(of_rect(0, 0, 50, 100))}


@pytest.mark.parametrize(
    "words",
    [
        ["--rect", "90,0,20,10"],
        ["--rect", "moon"],
        ["--rect", "0,0,1,1", "--clear"],
        ["--rect", "0,0,1,1", "--only", "--private"],
        ["--only"],
        ["{folder}/none.png"],
        ["{folder}/text.png"],
        ["{folder}/small.png"],
    ],
)
def test_what_is_no_mask_is_named(home: FiguresHome, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "text.png").write_text("no picture")
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((8, 8), np.uint8))
    error = home.run(mask, CODE, *(word.format(folder=tmp_path) for word in words)).exception
    assert isinstance(error, ConfigError | EnvironmentFault)
    assert masks(home) == {}


def test_a_false_alarm_is_kept_with_name_and_reason_and_listed(home: FiguresHome) -> None:
    said = home.run(false_alarm, CODE, "blur", "--by", "外场甲", "--why", "雨天").stdout
    assert "0.67" in said
    for _ in range(2):
        said = home.run(false_alarm, CODE, "blur", "--by", "外场甲", "--why", "雨天").stdout
    assert "不再报" in said
    listed = home.lines(false_alarm, CODE)
    assert [(one["kind"], one["by"], one["why"]) for one in listed] == [("blur", "外场甲", "雨天")] * 3
    assert "清晰度异常 blur" in home.run(false_alarm, CODE).stdout


@pytest.mark.parametrize(
    "words",
    [
        [CODE, "blur"],
        [CODE, "blur", "--by", "甲"],
        [CODE, "dirt", "--by", "甲", "--why", "x"],
        ["99", "blur", "--by", "甲", "--why", "x"],
        ["99"],
    ],
)
def test_an_alarm_without_name_reason_kind_or_camera_is_refused(home: FiguresHome, words: list[str]) -> None:
    assert isinstance(home.run(false_alarm, *words).exception, ConfigError)
    assert eyes.alarms(home.hub.store.engine, CODE) == []


def kept(home: FiguresHome) -> None:
    now = SystemClock().wall_us()
    store = home.register.store()
    store.keys = KeyRing.load(home.home.path / "camerahub.key")
    with store.engine.connect() as connection:
        (road,) = connection.exec_driver_sql(
            f"SELECT e.id FROM endpoints e JOIN cameras c ON c.id = e.camera_id WHERE c.code = '{CODE}'"
        ).scalars()
    store.keep_still(road, now - 2, "blur", JPEG, now + 86_400_000_000)
    store.keep_still(road, now - 1, "ok", JPEG + b"!", now + 86_400_000_000)


def test_evidence_is_listed_and_taken_by_name_only(home: FiguresHome, tmp_path: Path) -> None:
    kept(home)
    listed = home.lines(evidence, CODE)
    assert [one["reason"] for one in listed] == ["blur", "ok"]
    out = tmp_path / "out.jpg"
    assert isinstance(home.run(evidence, CODE, "--out", str(out)).exception, ConfigError)
    assert not out.exists()
    assert home.run(evidence, CODE, "--out", str(out), "--by", "甲").exception is None
    assert out.read_bytes() == JPEG + b"!"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = home.run(evidence, CODE, "--out", str(out), "--by", "甲").exception
    assert isinstance(again, EnvironmentFault)
    first = tmp_path / "first.jpg"
    number = str(listed[0]["number"])
    assert home.run(evidence, CODE, "--out", str(first), "--number", number, "--by", "乙").exception is None
    assert first.read_bytes() == JPEG
    with home.hub.store.engine.connect() as connection:
        looks = connection.exec_driver_sql("SELECT who FROM still_reads ORDER BY id").scalars()
        assert list(looks) == ["甲", "乙"]


def test_there_may_be_no_evidence(home: FiguresHome, tmp_path: Path) -> None:
    assert home.lines(evidence, CODE) == []
    error = home.run(evidence, CODE, "--out", str(tmp_path / "x.jpg"), "--by", "甲").exception
    assert isinstance(error, ConfigError)
