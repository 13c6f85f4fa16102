"""A learned judgement as plain arrays: small trees over the measures, evaluated by numpy for a whole batch at once.

It exists so that nothing but numpy is needed where pictures are judged, and so that a judgement can be explained: a
tree asks four questions at most, each of one measure, and its answer is added to the score of one kind.
``benchmarks/eye/learn.py`` writes ``forest.npz``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camerahub.frames.measures import Table
from camerahub.frames.sketch import Floats

#: What a measure that is not defined answers: below every threshold.
UNDEFINED = np.float32(-1e4)
#: Pictures whose trees are walked together: what is between them stays in a core's cache.
BLOCK = 4


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
    _kind_of_tree: Floats = field(init=False)

    def __post_init__(self) -> None:
        of_kind = np.asarray(self.about[:, None] == np.arange(len(self.kinds)), np.float32)
        object.__setattr__(self, "_kind_of_tree", of_kind)

    def scores(self, values: Floats) -> Floats:
        """(N, kinds): log-odds of each kind, up to a constant, of values (N, columns) without NaN."""
        blocks = [self._of(values[first : first + BLOCK]) for first in range(0, len(values), BLOCK)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _of(self, values: Floats) -> Floats:
        trees, questions = self.asked.shape
        first = np.arange(trees) * questions
        row = np.arange(len(values))[:, None] * values.shape[1]
        # Of all trees at once, level by level; ``at`` counts the questions of all trees through.
        at = first + (values.take(self.asked[:, 0], axis=1) > self.than[:, 0]) + 1
        down = 1 - first
        for _ in range(questions.bit_length() - 1):
            right = values.take(self.asked.take(at) + row) > self.than.take(at)
            at *= 2
            at += down
            at += right
        at += np.arange(trees) - questions  # a tree has one leaf more than it has questions
        return np.asarray(self.start + self.answers.take(at) @ self._kind_of_tree, np.float32)


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
    if isinstance(measures, Table):
        values = measures.rows[:, measures.places(tuple(names))]
    else:
        values = np.array([measures[name] for name in names], np.float32).T
    values[np.isnan(values)] = UNDEFINED
    return values
