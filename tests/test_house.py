"""Rules of the house that no linter knows: sizes, the catalogue, and what may never be a dependency."""

from __future__ import annotations

import ast
import re
import statistics
import string
import tomllib
from pathlib import Path

import pytest

from camerahub.core.texts import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "camerahub").rglob("*.py"))
RECOGNITION = (
    "face",
    "facenet",
    "insightface",
    "dlib",
    "deepface",
    "plate",
    "reid",
    "ultralytics",
    "mediapipe",
    "openvino",
    "torch",
)


def function_lengths() -> dict[str, int]:
    lengths: dict[str, int] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = node.body[0] if ast.get_docstring(node) else None
                skip = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
                name = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                lengths[name] = (node.end_lineno or 0) - node.lineno + 1 - skip
    return lengths


def test_functions_stay_small() -> None:
    lengths = function_lengths()
    assert {name: n for name, n in lengths.items() if n > 80} == {}
    assert statistics.median(lengths.values()) <= 8
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 40


def test_files_stay_small() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in sizes.items() if n > 600} == {}


def test_every_file_says_why_it_exists() -> None:
    mute = [
        str(p.relative_to(ROOT))
        for p in SOURCES
        if p.stat().st_size and not ast.get_docstring(ast.parse(p.read_text("utf-8")))
    ]
    assert mute == []


@pytest.mark.parametrize("room", ["core", "frames", "wire", "registry"])
def test_public_functions_are_explained(room: str) -> None:
    mute = []
    for path in sorted((ROOT / "camerahub" / room).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        owners: list[ast.Module | ast.ClassDef] = [
            tree,
            *(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_"),
        ]
        for owner in owners:
            for node in owner.body:
                public = (
                    isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                    and node.name[0] != "_"
                )
                if public and not ast.get_docstring(node):  # type: ignore[arg-type]
                    mute.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")  # type: ignore[union-attr]
    assert mute == []


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_say_the_same(key: str) -> None:
    zh, en = CATALOGUE[key]
    assert zh.strip()
    assert en.strip()
    if key not in ("config.invalid", "probe.bad_target"):  # carry what is said elsewhere, in each language
        assert fields(zh) == fields(en)


def test_no_recognition_ever() -> None:
    lock = (ROOT / "requirements" / "dev.lock").read_text("utf-8")
    names = re.findall(r"^([a-z0-9_.-]+)==", lock, re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if any(word in name for word in RECOGNITION)] == []


def test_the_lock_names_no_address_and_hashes_everything() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        text = lock.read_text("utf-8")
        assert not re.search(r"https?://", text)
        pins = re.findall(r"^[a-z0-9_.-]+==\S+.*\\$", text, re.MULTILINE)
        assert pins
        assert len(pins) == len(re.findall(r"^[a-z0-9]\S*==", text, re.MULTILINE))


def test_every_dependency_is_pinned_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (ROOT / "requirements" / "dev.lock").read_text("utf-8")
    for line in wanted:
        name = re.split(r"[\[<>=; ]", line)[0]
        assert re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE), name
