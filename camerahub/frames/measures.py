"""What a measure of a picture is: a named number with a unit and a range, defined in words that can be checked."""

from __future__ import annotations

from typing import NamedTuple


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
