"""What ``doctor`` looks at: one function and one line of ``CHECKS`` each; words in ``core/texts/doctor.py``."""

from __future__ import annotations

import ctypes
import errno
import http.client
import json
import os
import resource
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from camerahub.core.errors import EnvironmentFault
from camerahub.core.texts import Text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.config import Settings
    from camerahub.home import Home

Level = Literal["ok", "warn", "fail", "unknown"]
LEVELS: tuple[Level, ...] = get_args(Level)
#: Under this nothing can be written for long; under the other a day's backup or an upgrade may not fit.
FULL_BYTES, LOW_BYTES = 200 << 20, 2 << 30
PATIENCE_S = 3.0
_ANSWER_BYTES = 16 << 20
_DAY_S = 86_400.0
#: What WeasyPrint loads: of Debian's libpango-1.0-0, libpangoft2-1.0-0, libharfbuzz-subset0.
PDF_LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
CODECS = ("h264", "hevc", "mjpeg")
_FONTS = ("cjk", "wqy", "simsun", "simhei", "sourcehan", "uming", "ukai", "droidsansfallback", "msyh")
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")


@dataclass(frozen=True, slots=True)
class Patient:
    """The home and its settings; ``deep``: take the time to read the whole database."""

    context: Context
    home: Home
    settings: Settings
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """``said``: the text ``doctor.<check>.<said>`` with ``fields``, or a text as it is."""

    level: Level
    said: str | Text
    fields: dict[str, Any] = field(default_factory=dict)


def _config(patient: Patient) -> Finding:
    from camerahub.cli.check_config import check_binding

    check_binding(patient.home, patient.settings)
    return Finding("ok", "ok", {"file": patient.home.config_path})


def _home(patient: Patient) -> Finding:
    path = patient.home.path
    found = path.stat()
    fields = {"home": path, "mode": f"{stat.S_IMODE(found.st_mode):04o}"}
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("fail", "unwritable", fields)
    if found.st_uid != os.geteuid():
        return Finding("warn", "owner", fields)
    return Finding("warn", "open", fields) if found.st_mode & 0o077 else Finding("ok", "ok", fields)


def _disk(patient: Patient) -> Finding:
    room = os.statvfs(patient.home.path)
    free, inodes = room.f_bavail * room.f_frsize, room.f_favail
    database = patient.home.path / "camerahub.db"
    needed = max(LOW_BYTES, 2 * database.stat().st_size if database.exists() else 0)
    fields = {"free": f"{free / 1e9:.1f}", "needed": f"{needed / 1e9:.1f}", "home": patient.home.path}
    if free < FULL_BYTES or (room.f_files and inodes < 100):
        return Finding("fail", "full", fields)
    return Finding("warn" if free < needed else "ok", "low" if free < needed else "ok", fields)


def _database(patient: Patient) -> Finding:
    from camerahub.registry import queries

    store = patient.context.open_store()
    try:
        told = queries.status(store.engine)
        sick = _sickness(store.engine, deep=patient.deep)
    finally:
        store.close()
    fields = {"cameras": told.cameras, "mb": f"{told.database_bytes / 1e6:.1f}", "schema": told.schema}
    return Finding("fail", "damaged", {"problem": sick}) if sick else Finding("ok", "ok", fields)


def _sickness(engine: Any, *, deep: bool) -> str:
    """The first thing SQLite finds wrong with its pages, "" when nothing; a server looks after its own."""
    from camerahub.registry.engine import reading

    if engine.dialect.name != "sqlite":
        return ""
    with reading(engine) as connection:
        question = "PRAGMA integrity_check(1)" if deep else "PRAGMA quick_check(1)"
        found = str(connection.exec_driver_sql(question).scalar_one())
    return "" if found == "ok" else found[:200]


def _key(patient: Patient) -> Finding:
    from camerahub.registry import canary

    ring = patient.context.keyring()
    store = patient.context.open_store()
    try:
        fits = canary.fits(store.engine, ring)
    finally:
        store.close()
    fields = {"file": ring.path}
    if fits is None:
        return Finding("unknown", "untold", fields)
    return Finding("ok", "ok", fields) if fits else Finding("fail", "other", fields)


def _zone(patient: Patient) -> Finding:
    now = datetime.fromtimestamp(SystemClock().wall_us() / 1e6, UTC)
    ours, machine = now.astimezone(patient.settings.site.zone), now.astimezone()
    fields = {
        "zone": patient.settings.site.timezone,
        "machine": machine.tzname(),
        "now": f"{ours:%Y-%m-%d %H:%M}",
    }
    same = ours.utcoffset() == machine.utcoffset()
    return Finding("ok" if same else "warn", "ok" if same else "differs", fields)


def _clock(patient: Patient) -> Finding:
    del patient
    synchronised = clock_synchronised()
    if synchronised is None:
        return Finding("unknown", "untold")
    return Finding("ok", "ok") if synchronised else Finding("warn", "adrift")


def clock_synchronised() -> bool | None:
    """What the kernel says of its clock, or chrony where it does not tell the kernel; None: nobody can say."""
    kernel = _kernel_clock()
    if kernel:
        return True
    told = _said("chronyc", "-n", "tracking")
    return "Leap status     : Normal" in told if told else kernel


def _kernel_clock() -> bool | None:
    """adjtimex(2), asking only: STA_UNSYNC is what NTP daemons clear."""
    buffer = (ctypes.c_char * 256)()  # struct timex is 208 bytes; modes = 0 changes nothing
    status_at = 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20
    if ctypes.CDLL(None, use_errno=True).adjtimex(buffer) < 0:
        return None
    status = int.from_bytes(bytes(buffer)[status_at : status_at + 4], "little")
    return not status & 0x40


def _said(*words: str) -> str:
    """What a program of the system prints, "" when it is not there or does not answer."""
    if not (program := shutil.which(words[0])):
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [program, *words[1:]], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _files(patient: Patient) -> Finding:
    from camerahub.probes.table import RESERVED_FILES

    needed = patient.settings.fleet.max_in_flight + RESERVED_FILES
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = hard == resource.RLIM_INFINITY or hard >= needed
    fields = {"limit": "∞" if hard == resource.RLIM_INFINITY else hard, "needed": needed}
    return Finding("ok" if enough else "warn", "ok" if enough else "few", fields)


def _port(patient: Patient) -> Finding:
    web = patient.settings.web
    fields = {"host": web.host, "port": web.port, "pid": patient.home.hub_pid()}
    if fields["pid"]:
        return Finding("ok", "hub", fields)
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            plug.bind((web.host, web.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return Finding("fail", "taken" if taken else "unusable", {**fields, "error": error.strerror})
    return Finding("ok", "ok", fields)


def _certificate(patient: Patient) -> Finding:
    from cryptography import x509

    name = patient.settings.web.tls_cert
    if not name:
        return Finding("ok", "none")
    ends = x509.load_pem_x509_certificate((patient.home.path / name).read_bytes()).not_valid_after_utc
    left = ends - datetime.fromtimestamp(SystemClock().wall_us() / 1e6, UTC)
    fields = {"file": name, "until": f"{ends:%Y-%m-%d}"}
    if left < timedelta(0):
        return Finding("fail", "over", fields)
    return Finding("warn", "soon", fields) if left < timedelta(days=30) else Finding("ok", "ok", fields)


def _decoders(patient: Patient) -> Finding:
    del patient
    try:
        import av
        import cv2
    except ImportError as error:
        return Finding("fail", "missing", {"what": error.name or str(error)})
    lost = [codec for codec in CODECS if codec not in av.codecs_available]
    fields = {"av": av.__version__, "cv2": cv2.__version__}
    return Finding("fail", "missing", {"what": ", ".join(lost)}) if lost else Finding("ok", "ok", fields)


def _fonts(patient: Patient) -> Finding:
    del patient
    listed = _said("fc-list", ":lang=zh", "family").splitlines()
    name = listed[0].split(",")[0] if listed else next(_font_files(), "")
    return Finding("ok", "ok", {"name": name}) if name else Finding("warn", "none")


def _font_files() -> Any:
    for folder in _FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("*.[to]t[fc]"):
            if any(word in path.name.lower().replace("-", "") for word in _FONTS):
                yield path.stem


def _pdf(patient: Patient) -> Finding:
    del patient
    lost = [name for name in PDF_LIBRARIES if find_library(name) is None]
    if find_spec("weasyprint") is None:
        lost.append("weasyprint")
    return Finding("warn", "missing", {"what": ", ".join(lost)}) if lost else Finding("ok", "ok")


def _references(patient: Patient) -> Finding:
    from camerahub.plan import uplinks

    lines = uplinks(patient.settings)
    bare = [line.name for line in lines if not line.references]
    fields = {"lines": len(lines), "bare": ", ".join(bare)}
    return Finding("warn", "none", fields) if bare else Finding("ok", "ok", fields)


def _backup(patient: Patient) -> Finding:
    from camerahub.registry.archive import made

    settings = patient.settings.backup
    if not settings.folder:
        return Finding("warn", "none")
    folder = patient.home.path / settings.folder
    archives = made(folder)
    if not archives:
        return Finding("warn", "empty", {"folder": folder})
    age_s = SystemClock().wall_us() / 1e6 - archives[-1].stat().st_mtime
    fields = {"file": archives[-1], "hours": round(age_s / 3600)}
    if age_s > 2 * (settings.interval_s or _DAY_S):
        return Finding("warn", "old", fields)
    same = folder.stat().st_dev == patient.home.path.stat().st_dev
    return Finding("warn" if same else "ok", "same_disk" if same else "ok", fields)


def _prometheus(patient: Patient) -> Finding:
    address = patient.settings.monitoring.prometheus_url
    if not address:
        return Finding("ok", "none")
    try:
        targets = json.loads(_fetched(address, "/api/v1/targets?state=active"))["data"]["activeTargets"]
        urls = [(str(one["scrapeUrl"]), str(one["health"])) for one in targets]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        return Finding("fail", "silent", {"url": address, "error": type(error).__name__})
    port = f":{patient.settings.web.port}/metrics"
    health = [health for url, health in urls if url.endswith(port)]
    if not health:
        return Finding("warn", "not_scraping", {"url": address, "port": patient.settings.web.port})
    return Finding("ok" if "up" in health else "warn", "ok" if "up" in health else "down", {"url": address})


def _fetched(address: str, path: str) -> bytes:
    """A page of the server the configuration names, and of no other: no proxy, no redirect."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        line: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE_S, context=ssl.create_default_context()
        )
    else:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        line.request("GET", parts.path.rstrip("/") + path)
        answer = line.getresponse()
        if answer.status != 200:
            raise EnvironmentFault("doctor.prometheus.status", url=address, status=answer.status)
        return answer.read(_ANSWER_BYTES)
    finally:
        line.close()


#: name -> check. A new one is a function, a line here, its texts, and a row of the guide.
CHECKS: dict[str, Callable[[Patient], Finding]] = {
    "config": _config,
    "home": _home,
    "disk": _disk,
    "database": _database,
    "key": _key,
    "zone": _zone,
    "clock": _clock,
    "files": _files,
    "port": _port,
    "certificate": _certificate,
    "decoders": _decoders,
    "fonts": _fonts,
    "pdf": _pdf,
    "references": _references,
    "backup": _backup,
    "prometheus": _prometheus,
}
