"""The ONVIF oracle without a fuzzer: the kept corpus, and mutations of it from a fixed seed."""

from __future__ import annotations

import random

from tests.fuzz import oracle_onvif

from .test_wire import mutated

MUTATIONS = 3000


def corpus() -> list[bytes]:
    return [path.read_bytes() for path in sorted(oracle_onvif.CORPUS.iterdir())]


def test_the_corpus_holds_the_seeds() -> None:
    assert set(oracle_onvif.seeds()) <= set(corpus())


def test_the_corpus() -> None:
    for data in corpus():
        oracle_onvif.run(data)


def test_mutations_of_the_corpus() -> None:
    dice, inputs = random.Random(20260101), corpus()
    for _ in range(MUTATIONS):
        data = dice.choice(inputs)[:4096]
        for _ in range(dice.randrange(1, 4)):
            data = mutated(data, dice.choice(inputs), dice)
        oracle_onvif.run(data)
