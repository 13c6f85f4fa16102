"""The corpora of table files again, and quick mutations of them, without a fuzzer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import containers, oracle_files

TARGETS = {"rows": oracle_files.rows, "xlsx": oracle_files.table}


def corpus(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((Path(__file__).parent / "corpus" / target).iterdir())]


def flip(dice: random.Random) -> containers.Mutate:
    def change(data: bytes, max_size: int) -> bytes:
        made = bytearray(data[:max_size] or b"\0")
        for _ in range(dice.randint(1, 4)):
            made[dice.randrange(len(made))] = dice.randrange(256)
        return bytes(made)

    return change


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_corpus(target: str) -> None:
    inputs = corpus(target)
    assert inputs
    for data in inputs:
        TARGETS[target](data)


def test_mutated_rows() -> None:
    dice = random.Random(20260101)
    inputs = corpus("rows")
    for _ in range(1500):
        oracle_files.rows(flip(dice)(dice.choice(inputs), 2048))


def test_mutated_containers() -> None:
    dice = random.Random(20260101)
    inputs = corpus("xlsx")
    for _ in range(150):
        oracle_files.table(containers.mutate(dice.choice(inputs), 1 << 16, dice, flip(dice)))
