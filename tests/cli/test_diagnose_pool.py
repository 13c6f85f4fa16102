"""The pool of ``diagnose``: who is blamed when a child is lost, and that the answers come in order. Real children."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import structlog

from camerahub.cli import diagnose_child_process as child_process
from camerahub.cli import diagnose_pool
from camerahub.cli.diagnose_items import Item
from camerahub.cli.diagnose_pool import Judged, Manner, Pool
from camerahub.core.errors import EnvironmentFault
from tests.cli.diagnosing import black, clip, save

ROOT = str(Path(__file__).resolve().parents[2])
EVIL = (str(Path(__file__).with_name("evil_diagnoser.py")),)


def magic(folder: Path, word: str) -> Item:
    path = folder / f"{word}.jpg"
    path.write_bytes(word.encode().ljust(64, b"\0"))
    return Item("path", path.name, (path,))


def judge(items: list[Item], children: int = 2, entry: tuple[str, ...] = EVIL) -> tuple[list[Judged], Pool]:
    heard: list[Judged] = []

    async def main() -> Pool:
        pool = Pool(items, Manner(), heard.append, children=children, entry=entry)
        assert not await pool.run()
        return pool

    return heard, asyncio.run(main())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ROOT)
    monkeypatch.setattr(diagnose_pool, "ITEM_S", 0.2)
    monkeypatch.setattr(diagnose_pool, "PATIENCE", 5.0)
    monkeypatch.setattr(diagnose_pool, "_TICK_S", 0.05)


def test_only_poison_is_blamed_and_the_order_stays(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", black(192, 144))
    good = [Item("path", f"{n}", (path,)) for n in range(24)]
    evil = {word: magic(tmp_path, word) for word in ("crash", "kind")}
    items = [*good[:5], evil["crash"], *good[5:15], evil["kind"], *good[15:]]
    heard, _ = judge(items)
    assert [one.item for one in heard] == items
    for one in heard:
        expected = "poison" if one.item in evil.values() else ""
        assert one.verdict.problem == expected, one.item.name
        assert (one.problem is not None) == bool(expected)


@pytest.mark.parametrize("word", ["hang", "sleep", "garbage", "file"])
def test_a_child_that_lies_or_hangs_is_lost(tmp_path: Path, word: str) -> None:
    heard, _ = judge([magic(tmp_path, word)])
    assert [one.verdict.problem for one in heard] == ["poison"]


def test_a_child_can_do_nothing_but_compute(tmp_path: Path) -> None:
    heard, _ = judge([magic(tmp_path, "forbidden")])
    assert len(heard[0].verdict.measures) > 8
    assert set(heard[0].verdict.measures.values()) == {0.0}


def test_a_bug_of_ours_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        heard, pool = judge([magic(tmp_path, "bug"), Item("path", "a", (save(tmp_path / "a.jpg", black()),))])
    assert [one.verdict.problem for one in heard] == ["bug", ""]
    assert pool.bugs == 1
    assert logs[0]["traceback"] == "ours"


def test_an_item_of_too_many_bytes_is_not_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose_pool, "MOST_ITEM", 5_000)
    monkeypatch.setattr(diagnose_pool, "MOST_BYTES", 4_000)
    files = [tmp_path / f"{n}.jpg" for n in range(3)]
    for file, size in zip(files, (3_000, 3_000, 4_001), strict=True):
        file.write_bytes(b"\xff\xd8" + bytes(size - 2))
    both = diagnose_pool.load(Item("id", "two", (files[0], files[1])))
    one = diagnose_pool.load(Item("id", "one", (files[2],)))
    for loaded in (both, one):
        assert loaded.problem is not None
        assert loaded.problem.name == "too_large"
        assert loaded.blobs == []


def test_many_slow_clips_and_quick_pictures_come_in_order(tmp_path: Path) -> None:
    film = clip(tmp_path / "a.avi", [black()] * 100, "mjpeg", fps=25)
    path = save(tmp_path / "a.jpg", black(192, 144))
    items = [Item("path", f"{n}", (film if n % 40 == 0 else path,)) for n in range(300)]
    heard, _ = judge(items, entry=child_process.ENTRY)
    assert [one.item for one in heard] == items
    assert {one.verdict.problem for one in heard} == {""}
    assert {one.verdict.pictures for one in heard[::40]} == {8}


def test_children_are_replaced_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose_pool, "RETIRE_ITEMS", 1)
    path = save(tmp_path / "a.jpg", black(192, 144))
    heard, _ = judge([Item("path", "a", (path,))] * 3, children=1)
    assert [one.verdict.verdict for one in heard] == ["fault"] * 3


def test_no_child_at_all_is_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        judge([magic(tmp_path, "crash")], entry=("-c", "raise SystemExit(1)"))
