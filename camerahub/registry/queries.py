"""Reads of the register. SIGNATURES FIRST: bodies follow in the next commits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Area:
    """A node of an area tree."""

    id: int
    tree: str
    code: str
    name: str
    level: str
    parent_code: str


@dataclass(frozen=True, slots=True)
class FacetState:
    """Public answer: ``state`` up/down/unknown, times µs UTC, 0 = never."""

    state: str
    since: int
    reason: str
    observed_at: int


@dataclass(frozen=True, slots=True)
class CameraState:
    """One line of the camera list."""

    id: int
    code: str
    name: str
    area_code: str
    network: str
    status: str
    expected: bool
    facets: dict[str, FacetState]


@dataclass(frozen=True, slots=True)
class EndpointTarget:
    """Whom to dial; the secret is opened with ``secret_of``. host/port/path as imported."""

    endpoint: int
    camera: int
    code: str
    scheme: str
    host: str
    port: int
    path: str
    kind: str
    device_id: int
    credential_id: int


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential as stored: open it with KeyRing.decrypt(secret, id)."""

    id: int
    username: str
    secret: str


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """Counts for ``status``; times µs UTC or 0."""

    cameras: int
    expected: int
    endpoints: int
    areas: int
    last_commit: int
    last_alive: int
    log_results: int
    flips: int
    open_gaps: int
    database_bytes: int
    schema: str


def areas(engine: Engine, *, tree: str = "civil") -> list[Area]:
    """All areas of a tree, ordered by code."""
    raise NotImplementedError


def cameras(
    engine: Engine,
    *,
    area: str | None = None,
    facet: str = "online",
    state: str | None = None,
    reason: str | None = None,
    since: int | None = None,
    now: int | None = None,
) -> list[CameraState]:
    """The list behind every number, ordered by code; live (evidence log replayed)."""
    raise NotImplementedError


def camera(engine: Engine, code: str) -> CameraState | None:
    """One camera by its code or its keyboard number (键盘编号)."""
    raise NotImplementedError


def targets(engine: Engine, *, probed: bool = True, camera_code: str | None = None) -> list[EndpointTarget]:
    """Endpoints to dial, ascending id: the probed ones, or all roads of one camera."""
    raise NotImplementedError


def secrets(engine: Engine, ids: Iterable[int] | None = None) -> dict[int, Secret]:
    """Credentials by id; all of them for None."""
    raise NotImplementedError


def known_codes(engine: Engine) -> set[str]:
    """Codes of all cameras."""
    raise NotImplementedError


def status(engine: Engine) -> StatusFigures:
    """What ``status`` prints."""
    raise NotImplementedError
