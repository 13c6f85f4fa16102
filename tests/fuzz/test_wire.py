"""The fuzz oracles without a fuzzer: the kept corpora, and mutations of them from a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.fuzz import oracle, oracle_rtp
from tests.fuzz.seeds import CORPUS, seeds

TARGETS: dict[str, Callable[[bytes], None]] = {"rtsp": oracle.rtsp, "sdp": oracle.sdp, "rtp": oracle_rtp.rtp}
MUTATIONS = 1000


def corpus(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def mutated(data: bytes, other: bytes, dice: random.Random) -> bytes:
    at, length = dice.randrange(len(data) + 1), dice.randrange(16)
    start = dice.randrange(len(other) + 1)
    middle = dice.choice((dice.randbytes(length), other[start : start + 4 * length], b"\r\n", b""))
    return data[:at] + middle + data[at + dice.choice((0, 1, length)) :]


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_holds_the_seeds(target: str) -> None:
    assert set(seeds()[target]) <= set(corpus(target))


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus(target: str) -> None:
    for data in corpus(target):
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_mutations_of_the_corpus(target: str) -> None:
    dice, inputs = random.Random(20260101), corpus(target)
    for _ in range(MUTATIONS):
        data = dice.choice(inputs)[:4096]
        for _ in range(dice.randrange(1, 4)):
            data = mutated(data, dice.choice(inputs), dice)
        TARGETS[target](data)
