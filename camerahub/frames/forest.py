"""A learned judgement as plain arrays: small trees over the measures, evaluated by numpy for a whole batch at once.

It exists so that nothing but numpy is needed where pictures are judged, and so that a judgement can be explained: a
tree asks four questions at most, each of one measure, and its answer is added to the score of one kind.
``benchmarks/eye/learn.py`` writes ``forest.npz``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camerahub.frames.sketch import Floats

#: What a measure that is not defined answers: below every threshold.
UNDEFINED = np.float32(-1e4)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """T complete trees of depth D. ``measures``: names of the columns; ``kinds``: ``healthy`` first.

    ``asked`` (T, 2^D - 1): column of each question, ``than`` its threshold: greater goes right. ``answers`` (T, 2^D):
    what is added to the score of kind ``about`` (T,). ``start`` (kinds,): the scores before any tree.
    """

    measures: tuple[str, ...]
    kinds: tuple[str, ...]
    asked: NDArray[np.intp]
    than: Floats
    answers: Floats
    about: NDArray[np.intp]
    start: Floats

    def scores(self, values: Floats) -> Floats:
        """(N, kinds): log-odds of each kind, up to a constant, of values (N, columns) without NaN."""
        trees, questions = self.asked.shape
        row = np.arange(len(values))[:, None] * values.shape[1]
        first = np.arange(trees) * questions
        node = np.zeros((len(values), trees), np.intp)
        while True:
            at = node + first
            node = 2 * node + 1 + (values.take(self.asked.take(at) + row) > self.than.take(at))
            if node[0, 0] >= questions:
                break
        leaf = node - questions + np.arange(trees) * (questions + 1)
        return np.asarray(self.start + self.answers.take(leaf) @ self._kind_of_tree(), np.float32)

    def _kind_of_tree(self) -> Floats:
        return np.asarray(self.about[:, None] == np.arange(len(self.kinds)), np.float32)


def loaded(path: Path) -> Forest:
    """The forest that ``learn.py`` wrote. KeyError or ValueError when the file is not one."""
    with np.load(path, allow_pickle=False) as raw:
        return Forest(
            tuple(raw["measures"].tolist()),
            tuple(raw["kinds"].tolist()),
            raw["asked"].astype(np.intp),
            raw["than"],
            raw["answers"].astype(np.float32),
            raw["about"].astype(np.intp),
            raw["start"],
        )


def columns(measures: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    """(N, columns): the named measures side by side, ``UNDEFINED`` for NaN. KeyError for a measure that is missing."""
    values = np.stack([measures[name] for name in names], axis=1).astype(np.float32)
    return np.where(np.isnan(values), UNDEFINED, values)
