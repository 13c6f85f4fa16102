"""Reports opened by programs nobody here wrote: LibreOffice reads sheets, poppler paper, fontconfig tells of fonts."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.figures_home import FiguresHome
from tests.cli.test_report import day_of, lived
from tests.services.county import NETWORKS, camera_row

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
#: Beside the fonts of figures and Latin letters, which may be others.
CHINESE = re.compile(r"Noto.*CJK|WenQuanYi|WQY|Droid|Source.?Han", re.IGNORECASE)


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, timeout=200, env=os.environ | environment, check=False
    )


def camerahub(home: FiguresHome, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "camerahub", "--home", home.home.path, *words, **environment)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FiguresHome]:
    codes = ("320585100", "320585100001", "320585101", "320585")
    rows = [camera_row(n, codes[n % 4], NETWORKS[n % 3], maintainer="电信分公司") for n in range(12)]
    home = FiguresHome(tmp_path_factory.mktemp("real"), rows)
    asyncio.run(lived(home))
    yield home
    home.close()


@pytest.fixture(scope="module")
def made(past: FiguresHome, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a daily report by suffix."""
    out = tmp_path_factory.mktemp("out")
    told = camerahub(past, "report", "daily", "--date", day_of(past), "--out", out, "--json")
    assert told.returncode == 0, told.stderr
    files = json.loads(told.stdout.splitlines()[-1])["report"]["files"]
    return {Path(name).suffix: Path(name) for name in files}


def text_of(path: Path) -> str:
    return run("pdftotext", "-layout", path, "-").stdout


def test_paper_has_its_fonts_with_it(made: dict[str, Path]) -> None:
    lines = run("pdffonts", made[".pdf"]).stdout.splitlines()[2:]
    assert any(CHINESE.search(line) for line in lines), lines
    for line in lines:
        embedded, subset, unicode_map = line.split()[-5:-2]
        assert (embedded, subset, unicode_map) == ("yes", "yes", "yes"), line


def test_paper_can_be_read_and_says_what_it_is(made: dict[str, Path], past: FiguresHome) -> None:
    words = text_of(made[".pdf"])
    for word in (
        "视频监控运行日报",
        day_of(past),
        "沙溪镇",
        "电信分公司",
        "超时无应答",
        "签发",
        "输入摘要",
        "规则 1",
        "报备清单",
    ):
        assert word in words, word
    info = dict(line.split(":", 1) for line in run("pdfinfo", made[".pdf"]).stdout.splitlines())
    pages = int(info["Pages"])
    assert f"第{pages}页/共{pages}页" in "".join(words.split())
    assert info["Page size"].strip().endswith("(A4)")


def test_nothing_hangs_over_the_edge(made: dict[str, Path]) -> None:
    boxes = run("pdftotext", "-bbox", made[".pdf"], "-").stdout
    for page in boxes.split("<page ")[1:]:
        width = float(re.search(r'width="([\d.]+)"', page)[1])  # type: ignore[index]
        rights = [float(word) for word in re.findall(r'<word [^>]*xMax="([\d.]+)"', page)]
        assert rights
        assert max(rights) < width - 20


def test_libreoffice_opens_the_sheets(made: dict[str, Path], tmp_path: Path) -> None:
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    told = run("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, made[".xlsx"])
    assert told.returncode == 0, told.stderr
    words = text_of(tmp_path / made[".xlsx"].with_suffix(".pdf").name)
    for word in ("视频监控运行日报", "沙溪镇", "乡镇 (街道) 排名", "超时无应答", "第 1 页"):
        assert word in words, word
    assert "#" not in words.replace("###", "#")  # a column too narrow shows ###
    assert "%" in words


def test_without_a_chinese_font_nothing_is_written(past: FiguresHome, tmp_path: Path) -> None:
    empty, out = tmp_path / "fonts.conf", tmp_path / "out"
    (tmp_path / "none").mkdir()
    empty.write_text(
        f"<fontconfig><dir>{tmp_path}/none</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    words = ("report", "daily", "--date", day_of(past), "--out", out)
    told = camerahub(past, *words, "--format", "pdf", FONTCONFIG_FILE=str(empty))
    assert told.returncode == 4
    assert "fonts-noto-cjk" in told.stderr
    assert not out.exists()
    told = camerahub(past, *words, FONTCONFIG_FILE=str(empty))
    assert told.returncode == 3  # the sheets are made, the paper is not
    assert [path.suffix for path in out.iterdir()] == [".xlsx"]


def test_the_list_before_a_sampling_day_on_paper(past: FiguresHome, tmp_path: Path) -> None:
    told = camerahub(past, "report", "precheck", "--out", tmp_path, "--format", "pdf", "--english")
    assert told.returncode == 0, told.stderr
    (path,) = tmp_path.iterdir()
    words = text_of(path)
    assert "迎检前自查清单" in words
    assert "What to look at" in words
