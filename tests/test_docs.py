"""The pages say what the tables say: a new kind without its line in the docs fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camerahub.cli.doctor_checks import CHECKS
from camerahub.cli.main import COMMANDS, HIDDEN
from camerahub.core.blindness import DOUBTFUL, LOCAL
from camerahub.core.result import PROBE_KINDS, REASONS
from camerahub.frames.checks import LIT_CHECKS, MEASURES
from camerahub.probes.table import PROBES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "guide").rglob("*.md")),
]


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), target


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - HIDDEN))
def test_readme_names_every_command(name: str) -> None:
    assert re.search(rf"`{name}[` ]", page("README.md"))


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_every_check_of_the_doctor_has_its_row(name: str, tongue: str) -> None:
    assert f"| `{name}` |" in page(f"docs/guide/{tongue}/trouble.md")


def test_the_guide_says_the_same_in_both_languages() -> None:
    """The same pages, and in each the same headings, tables and commands."""
    pages = [
        sorted(path.name for path in (ROOT / "docs" / "guide" / tongue).iterdir()) for tongue in ("zh", "en")
    ]
    assert pages[0] == pages[1]
    for name in pages[0]:
        zh, en = (page(f"docs/guide/{tongue}/{name}") for tongue in ("zh", "en"))
        for mark in ("## ", "| ", "    camerahub ", "    sudo "):
            counts = [sum(line.startswith(mark) for line in text.splitlines()) for text in (zh, en)]
            assert counts[0] == counts[1], (name, mark)


@pytest.mark.parametrize("name", PROBES)
def test_every_probe_has_its_row(name: str) -> None:
    assert name in PROBE_KINDS
    assert f"`{name}`" in page("docs/probes.md")


def test_probes_and_kinds_are_the_same_list() -> None:
    assert list(PROBES) == list(PROBE_KINDS)


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_is_explained(name: str) -> None:
    assert f"`{name}`" in page("docs/probes.md") + page("docs/health.md")


@pytest.mark.parametrize("name", [*MEASURES, *LIT_CHECKS])
def test_every_measure_and_check_has_its_row(name: str) -> None:
    assert re.search(rf"^\| `{name}`", page("docs/pictures.md"), re.MULTILINE)


def test_the_makefile_has_the_targets_of_the_readme() -> None:
    makefile = page("Makefile")
    for target in set(re.findall(r"(?:`|    )make ([a-z-]+)", page("README.md") + page("CONTRIBUTING.md"))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("name", sorted({*DOUBTFUL, *LOCAL, *LOCAL.values()}))
def test_what_waits_and_what_blinds_is_explained(name: str) -> None:
    assert f"`{name}`" in page("docs/honest.md")
