"""``python -m dashboards [--hub URL] [--out DIR]``: write the dashboards as JSON, with the address of one's own hub."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import county, parts, pictures, probes, townships

#: File name -> what makes it.
BOARDS: dict[str, Callable[[], Dashboard]] = {
    "county.json": county.made,
    "townships.json": townships.made,
    "pictures.json": pictures.made,
    "probes.json": probes.made,
}


def rendered(name: str) -> str:
    """The text of one file."""
    made = BOARDS[name]().build()
    for index, panel in enumerate(made.panels or []):
        panel.id_val = index + 1
    return json.dumps(made, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write them all."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--hub", default=parts.HUB, help="address of the hub that links from panels lead to")
    parser.add_argument("--out", default=Path(__file__).parent, type=Path)
    asked = parser.parse_args()
    parts.HUB = asked.hub.rstrip("/")
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in BOARDS:
        (asked.out / name).write_text(rendered(name), "utf-8")


if __name__ == "__main__":
    main()
