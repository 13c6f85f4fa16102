"""Cameras by their code, read at once: for lists that name thousands of them."""

from __future__ import annotations

from sqlalchemy import Connection, select

from camerahub.registry.bulk import fetch
from camerahub.registry.tables import cameras


def camera_ids(connection: Connection) -> dict[str, int]:
    """Code -> id of every camera."""
    return {row[0]: row[1] for row in fetch(connection, select(cameras.c.code, cameras.c.id))}
