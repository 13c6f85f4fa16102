"""What a measure of a picture is: a named number with a unit and a range, defined in words that can be checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Measure(NamedTuple):
    """One named number.

    ``low`` and ``high``: the range it can take, ``unit`` its unit; ``nan`` says when it is NaN ("never" for most);
    ``source`` where the idea comes from.
    """

    unit: str
    low: float
    high: float
    nan: str
    what: str
    source: str


class Table(Mapping[str, NDArray[np.float32]]):
    """Measures of N pictures: ``rows`` float32 (N, names), each column also (N,) by its name."""

    __slots__ = ("names", "rows")

    def __init__(self, names: tuple[str, ...], rows: NDArray[np.float32]) -> None:
        self.names, self.rows = names, rows

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.rows[:, _at(self.names)[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def places(self, names: tuple[str, ...]) -> NDArray[np.intp]:
        """Columns of the named measures, in that order. KeyError for a measure that is missing."""
        return _places(self.names, names)


@lru_cache(maxsize=4)
def _at(names: tuple[str, ...]) -> dict[str, int]:
    return {name: at for at, name in enumerate(names)}


@lru_cache(maxsize=8)
def _places(every: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.intp]:
    at = _at(every)
    return np.array([at[name] for name in names], np.intp)
