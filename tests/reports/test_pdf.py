"""Paper: what stands on it, and clear words where it cannot be made. How it looks: ``acceptance/test_real_reports``."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camerahub.core.errors import EXIT_ENVIRONMENT, EnvironmentFault
from camerahub.core.report import Cell
from camerahub.reports import pdf
from tests.reports.made import ROWS, report, table

ZONE = ZoneInfo("Asia/Shanghai")


def test_every_word_is_escaped() -> None:
    page = pdf.html(report(), ZONE)
    assert "<script>" not in page
    assert "a b &lt;script&gt;&amp;amp;" in page
    assert "http" not in page.replace("=HYPERLINK(&quot;http://192.0.2.1", "")


def test_what_stands_on_it() -> None:
    page = pdf.html(report(), ZONE)
    for word in (
        "99.99%",
        "97.35%",
        "0.01%",
        "+1.23↑",
        "-20.00↓",
        "1,204",
        "2026-11-24 00:00",
        "未达标",
        "规则 1",
    ):
        assert word in page, word
    assert "28,896" not in page  # a column for sheets only
    assert "ab" * 32 in page
    assert "camerahub rates --by township" in page
    assert "初报" in page
    assert "2026-11-25 08:00:00" in page


def test_long_tables_are_cut_and_say_so() -> None:
    many: tuple[tuple[Cell, ...], ...] = ROWS * pdf.PAPER_ROWS
    page = pdf.html(report(tables=(table(many),)), ZONE)
    assert page.count("石桥镇") == pdf.PAPER_ROWS // len(ROWS)
    assert f"共 {len(many)} 行" in page


def test_english_beside_it() -> None:
    assert "Townships, ranked" in pdf.html(report(), ZONE, english=True)
    assert "Townships, ranked" not in pdf.html(report(), ZONE)


def fault() -> EnvironmentFault:
    with pytest.raises(EnvironmentFault) as caught:
        pdf.paper(report(), ZONE)
    assert caught.value.exit_code == EXIT_ENVIRONMENT
    return caught.value


def raising(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    real = builtins.__import__

    def load(name: str, *more: Any, **words: Any) -> ModuleType:
        if name == "weasyprint":
            raise error
        return real(name, *more, **words)

    monkeypatch.setattr(builtins, "__import__", load)


def test_what_is_missing_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as one:
        raising(one, ImportError("no module"))
        assert "camerahub[report]" in fault().text.zh
    with monkeypatch.context() as one:
        raising(one, OSError("cannot load library 'libpango-1.0-0'"))
        assert "libpango-1.0-0" in fault().text.en
    monkeypatch.setitem(sys.modules, "weasyprint", ModuleType("weasyprint"))
    (tmp_path / "fc-list").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "fc-list").chmod(0o755)
    for folder in (tmp_path, tmp_path / "nobody"):  # fontconfig knows no such font; there is no fontconfig
        monkeypatch.setenv("PATH", str(folder))
        assert "fonts-noto-cjk" in fault().text.zh


def test_nothing_is_fetched() -> None:
    with pytest.raises(ValueError, match="fetches nothing"):
        pdf._refuse("file:///etc/hostname")
