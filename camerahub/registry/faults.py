"""The one place where errors of drivers become sentences a person can act on.

Above the register nobody sees SQLAlchemy, sqlite3 or psycopg: what the world did wrong (disk, lock, server, rights)
is an EnvironmentFault; what the program did wrong (constraint, SQL) stays as it is and is a bug.
Must not know: what was being read or written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from camerahub.core.errors import EnvironmentFault

#: Primary result codes of SQLite -> message.
SQLITE_FAULTS = {
    sqlite3.SQLITE_FULL: "register.full",
    sqlite3.SQLITE_BUSY: "register.locked",
    sqlite3.SQLITE_LOCKED: "register.locked",
    sqlite3.SQLITE_PROTOCOL: "register.locked",
    sqlite3.SQLITE_READONLY: "register.readonly",
    sqlite3.SQLITE_PERM: "register.no_permission",
    sqlite3.SQLITE_AUTH: "register.no_permission",
    sqlite3.SQLITE_CANTOPEN: "register.no_permission",
    sqlite3.SQLITE_NOTADB: "register.not_database",
    sqlite3.SQLITE_CORRUPT: "register.corrupt",
    sqlite3.SQLITE_IOERR: "register.io",
}

#: SQLSTATE or its class -> message; the longest match wins.
SQLSTATE_FAULTS = {
    "53100": "register.full",
    "53": "register.server",
    "08": "register.unreachable",
    "28": "register.refused",
    "3D": "register.missing",
    "42501": "register.no_permission",
    "42P01": "register.no_schema",
    "25006": "register.readonly",
    "55P03": "register.locked",
    "40": "register.locked",
    "57": "register.server",
    "58": "register.server",
    "XX001": "register.corrupt",
    "XX002": "register.corrupt",
}

_LOGIN_REFUSED = ("authentication failed", "no password supplied", "no pg_hba.conf", 'role "')


def where(url: URL) -> str:
    """Name of a database for people: the file, or server and database. Never a password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"


@contextmanager
def storage_errors(engine: Engine) -> Iterator[None]:
    """Turn what the world did wrong into EnvironmentFault; anything else passes as the bug it is."""
    try:
        yield
    except DBAPIError as error:
        fault = fault_of(error.orig, where(engine.url))
        if fault is None:
            raise
        raise fault from error
    except Exception as error:
        # COPY and the like talk to the driver past SQLAlchemy
        fault = fault_of(error, where(engine.url))
        if fault is None:
            raise
        raise fault from error


def fault_of(error: BaseException | None, place: str) -> EnvironmentFault | None:
    """The fault a driver error stands for, None for a bug."""
    if isinstance(error, sqlite3.Error):
        return _sqlite_fault(error, place)
    if error is None or type(error).__module__.partition(".")[0] != "psycopg":
        return None
    return _postgres_fault(error, place)


def _sqlite_fault(error: sqlite3.Error, place: str) -> EnvironmentFault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such table"):
        return EnvironmentFault("register.no_schema", where=place)
    key = SQLITE_FAULTS.get((code or 0) & 0xFF)
    if key is None:
        return None
    return EnvironmentFault(key, where=place, detail=getattr(error, "sqlite_errorname", ""))


def _postgres_fault(error: BaseException, place: str) -> EnvironmentFault | None:
    state: str | None = getattr(error, "sqlstate", None)
    if state is None:
        # no answer of a server at all: nobody there, or the line broke
        lost = type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        return EnvironmentFault(_login_key(error), where=place) if lost else None
    for length in (5, 2):
        key = SQLSTATE_FAULTS.get(state[:length])
        if key is not None:
            return EnvironmentFault(key, where=place, detail=state)
    return None


def _login_key(error: BaseException) -> str:
    """libpq tells no SQLSTATE of a failed login; the text of the server is all there is."""
    said = str(error)
    if any(word in said for word in _LOGIN_REFUSED):
        return "register.refused"
    return "register.missing" if "database" in said and "does not exist" in said else "register.unreachable"
