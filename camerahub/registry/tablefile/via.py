"""Where the devices are on which the cameras of a file hang: settled from all its rows before any address is built.

Why first: the row that says where an NVR is may stand below the rows that only name it. Must not know the register.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from camerahub.registry.tablefile.check import Checker


class Hub(NamedTuple):
    """Address and maker of a device; port 0 and the empty texts = not known."""

    host: str
    port: int
    vendor: str


def via_devices(checker: Checker, rows: Iterable[tuple[int, list[str]]]) -> dict[str, Hub]:
    """Code of a device -> where it is, of every device named in ``via`` beside an ``ip``.

    Rows refused for what is in their cells do not count, nor do those whose stream has an address of its own.
    Where rows contradict each other most win, and of equally many the smallest: order must not matter.
    """
    layout = checker.layout
    at = {column.field: place for place, column in layout.known.items()}
    if not {"code", "via", "ip"} <= at.keys():
        return {}
    told: dict[str, Counter[Hub]] = defaultdict(Counter)
    seen: set[str] = set()
    needed = max(at["via"], at["ip"])
    for row, cells in rows:
        code = cells[at["code"]].strip() if at["code"] < len(cells) else ""
        again = code in seen
        seen.add(code)
        if again or len(cells) <= needed or not cells[at["via"]].strip() or not cells[at["ip"]].strip():
            continue
        draft = checker.row(row, cells)
        value = draft.values
        if not draft.refused and value.get("via") and value.get("ip") and not value.get("rtsp_url"):
            hub = Hub(value["ip"], int(value.get("port") or 0), value.get("vendor", ""))
            told[value["via"]][hub] += 1
    return {via: _agreed(hubs) for via, hubs in told.items()}


def _agreed(hubs: Counter[Hub]) -> Hub:
    host = _most(hubs, 0)
    here = Counter({hub: count for hub, count in hubs.items() if hub.host == host})
    return Hub(host, int(_most(here, 1) or 0), _most(here, 2))


def _most(hubs: Counter[Hub], part: int) -> str:
    """What most say of one part; saying nothing is no voice."""
    votes: Counter[str] = Counter()
    for hub, count in hubs.items():
        if hub[part]:
            votes[str(hub[part])] += count
    return min(votes, key=lambda one: (-votes[one], one), default="")
