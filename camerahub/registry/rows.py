"""Rows that enter the register in bulk (import, area files) and what became of them.

The reader of table files makes them, the store takes them; neither knows the other's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["added", "changed", "unchanged"]

#: Optional columns of ``cameras`` that ``CameraRow.values`` may carry; texts but the four numbers.
CAMERA_FIELDS = (
    "network",
    "source",
    "site",
    "pole",
    "lon",
    "lat",
    "crs",
    "raw_lon",
    "raw_lat",
    "vendor",
    "model",
    "point_class",
    "maintainer",
    "installed_on",
    "status",
    "device",
    "switch",
    "onu",
    "power",
    "keyboard_no",
    "extra",
)


@dataclass(slots=True)
class AreaRow:
    """One area. ``parent_code`` "" = top of its tree; parents may stand anywhere in the same call or the register."""

    code: str
    name: str
    level: str
    parent_code: str = ""
    tree: str = "civil"


@dataclass(slots=True)
class DeviceRow:
    """One device (kind ipc, nvr, platform, switch, onu, power or pole); ``parent_code`` "" = none."""

    code: str
    kind: str
    name: str = ""
    parent_code: str = ""
    host: str = ""
    port: int = 0
    vendor: str = ""
    model: str = ""


@dataclass(slots=True)
class EndpointRow:
    """One road to a camera, without its secret in ``path``.

    (camera, kind, stream, road) names it: the same name again changes it. ``username``/``password`` None or "" =
    leave as they are; ``via`` the code of a device known to the register or given in the same call.
    """

    kind: str = "rtsp"
    stream: str = "main"
    road: str = "direct"
    scheme: str = "rtsp"
    host: str = ""
    port: int = 554
    path: str = ""
    channel: str = ""
    via: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class CameraRow:
    """One camera. ``values`` holds columns of ``CAMERA_FIELDS``; one that is absent stays as it is, "" clears it.

    ``endpoints`` absent from the row stay as they are. ``unit_code`` the police tree, "" = leave.
    """

    code: str
    name: str
    area_code: str
    values: dict[str, str | float | None] = field(default_factory=dict)
    endpoints: list[EndpointRow] = field(default_factory=list)
    unit_code: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from, for ``imports`` and ``changes``. ``refused`` and ``rows`` count what the reader saw."""

    who: str
    file: str
    profile: str = ""
    sha256: str = ""
    rows: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """What became of the rows, in their order; ``changes`` counts the rows written to ``changes``."""

    verdicts: list[Verdict]
    import_id: int | None
    changes: int

    def count(self, verdict: Verdict) -> int:
        """How many rows got this verdict."""
        return self.verdicts.count(verdict)
