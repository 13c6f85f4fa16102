"""Expressions that several panels share. Only families of ``camerahub.telemetry.families`` are named (a test looks).

A rate is always a sum over a sum, never a mean of means. Unknown counts against the raw rate.
"""

from __future__ import annotations

#: Cameras of the county and networks chosen above the panels. A township's code begins with its county's.
PLACE = 'township=~"$county.*"'
HERE = f'{PLACE},network=~"$network"'


def cameras(state: str, facet: str = "online", by: str = "", where: str = HERE) -> str:
    """Cameras in a state (up, down, unknown) of a facet; ``by``: labels to keep."""
    return f'{_sum(by)}(camerahub_cameras_{state}{{facet="{facet}",{where}}})'


def expected(by: str = "", where: str = HERE) -> str:
    """Cameras that must count (E)."""
    return f"{_sum(by)}(camerahub_cameras_expected{{{where}}})"


def raw(facet: str = "online", by: str = "", where: str = HERE) -> str:
    """U / E, the headline."""
    return f"{cameras('up', facet, by, where)} / {expected(by, where)}"


def looked_at(facet: str = "online", by: str = "", where: str = HERE) -> str:
    """检测率: (U + D) / E."""
    return f"1 - {cameras('unknown', facet, by, where)} / {expected(by, where)}"


def named(expr: str) -> str:
    """The same, each township with its ``name``. One that has no name keeps its place, named by its code."""
    return (
        f"({expr}) * on (township) group_left (name) max by (township, name) (camerahub_area_info)"
        f' or on (township) label_replace({expr}, "name", "未划乡镇 $1", "township", "(.*)")'
    )


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
