"""What is made of figures: 环比, ranking with its arithmetic, 达标. Compared as fractions, never as rounded numbers.

Source of the habits: rankings of townships (名次, 较上期), pass or fail against a target (技防镇、技防村达标).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from camerahub.core.area import Tree
from camerahub.core.rates import Parts

#: What can be ranked and compared with a target -> (numerator, denominator) of its parts.
MEASURES = ("raw", "measured", "upper", "adjusted", "detection")


def fraction(parts: Parts, measure: str = "raw") -> Fraction | None:
    """The rate ``measure`` as it is, None where there was nothing to count. KeyError for another."""
    top, whole = {
        "raw": (parts.up, parts.expected),
        "measured": (parts.up, parts.up + parts.down),
        "upper": (parts.up + parts.unknown, parts.expected),
        "adjusted": (parts.up - parts.exempt_up, parts.expected - parts.exempt),
        "detection": (parts.up + parts.down, parts.expected),
    }[measure]
    return Fraction(top, whole) if whole else None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a ranking: ``rank`` 1 is best, equals share one; ``of`` how many were ranked."""

    rank: int
    of: int


def ranking(found: Mapping[str, Parts], measure: str = "raw") -> dict[str, Place]:
    """Places by ``measure``, greatest first; who has nothing to count has no place."""
    rates = {name: rate for name, parts in found.items() if (rate := fraction(parts, measure)) is not None}
    order = sorted(rates.values(), reverse=True)
    first: dict[Fraction, int] = {}
    for place, rate in enumerate(order, 1):
        first.setdefault(rate, place)
    return {name: Place(first[rate], len(order)) for name, rate in rates.items()}


def passed(parts: Parts, target: Fraction, measure: str = "raw") -> bool | None:
    """达标: whether the rate reaches ``target``; None where there was nothing to count."""
    rate = fraction(parts, measure)
    return None if rate is None else rate >= target


def villages_passed(
    by_village: Mapping[str, Parts], tree: Tree, level: str, target: Fraction
) -> dict[str, tuple[int, int]]:
    """达标村: of each area of ``level`` its villages that reach ``target``, and all that count, by its code."""
    found: dict[str, tuple[int, int]] = {}
    for code, parts in by_village.items():
        met = passed(parts, target) if tree.levels.get(code) == "village" else None
        if met is not None:
            above = tree.at(level, code)
            good, counted = found.get(above, (0, 0))
            found[above] = good + met, counted + 1
    return found


def change(now: Parts, before: Parts, measure: str = "raw") -> float | None:
    """环比: by how much the rate grew, to 6 digits; None when one of both had nothing to count."""
    one, other = fraction(now, measure), fraction(before, measure)
    return None if one is None or other is None else round(float(one - other), 6)


def target_of(word: str) -> Fraction:
    """A target as people write it: ``0.98``, ``98%``, ``98``. ValueError outside 0..1."""
    plain = word.strip()
    value = Fraction(plain.removesuffix("%"))
    if plain.endswith("%") or value > 1:
        value /= 100
    if not 0 < value <= 1:
        raise ValueError(word)
    return value
