"""The county on paper: the register as somebody would hand it in, the areas, the truth, lists of targets."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from camerahub.core.errors import ConfigError
from camerahub.farm.county import County
from camerahub.farm.kinds import KINDS, NO_ADDRESS, truth
from camerahub.farm.makers import MAKERS
from camerahub.farm.model import Camera
from camerahub.farm.onvif import SOAP_LOGINS
from camerahub.farm.soap import identity

PROBES = ("tcp", "options", "rtsp", "media", "picture")
AREA_COLUMNS = ("code", "name", "level", "parent")
REGISTER_COLUMNS = (
    "code",
    "name",
    "area_code",
    "network",
    "source",
    "rtsp_url",
    "rtsp_sub_url",
    "onvif_url",
    "snapshot_url",
    "username",
    "password",
    "vendor",
    "model",
    "point_class",
    "maintainer",
    "status",
    "device",
)
TARGET_FORMS = ("host", "url", "login")


def write_areas(county: County, path: Path) -> None:
    """CSV code,name,level,parent; parents first."""
    _write_csv(path, AREA_COLUMNS, county.areas)


def write_register(county: County, path: Path) -> None:
    """CSV of profile ``native`` (UTF-8 with BOM). Holds passwords, as real registers do: the file gets mode 0600."""
    _write_csv(path, REGISTER_COLUMNS, (_register_row(county, camera) for camera in county.cameras), 0o600)


def _register_row(county: County, camera: Camera) -> tuple[str, ...]:
    return (
        camera.code,
        camera.name,
        camera.area_code,
        camera.network,
        camera.source,
        county.url(camera),
        county.url(camera, camera.sub_path),
        county.onvif_url(camera),
        county.snapshot_url(camera),
        camera.username,
        camera.password,
        MAKERS[camera.maker].vendor,
        camera.model,
        camera.point_class,
        camera.maintainer,
        camera.status,
        camera.device,
    )


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]], mode: int = 0o644) -> None:
    path.touch(mode)
    path.chmod(mode)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def truth_rows(county: County) -> Iterator[dict[str, Any]]:
    """One row a camera: what an honest hub must say.

    ``online``, ``media``, ``lit``, ``picture`` up, down or unknown; ``onvif``: what its service says of itself, None
    where the register knows none or nobody answers; ``probes``: per probe the expected outcome and reason, and all
    allowed.
    A dismantled camera has ``expected`` false and must stand in no denominator; nothing else is claimed of it.
    """
    for camera in county.cameras:
        told = truth(camera) if camera.expected else NO_ADDRESS
        yield {
            "code": camera.code,
            "name": camera.name,
            "area_code": camera.area_code,
            "township": camera.township,
            "network": camera.network,
            "kind": camera.kind if camera.host else "no_address",
            "address": f"{camera.host}:{county.port(camera)}" if camera.host else "",
            "device": camera.device,
            "expected": camera.expected,
            "online": told.online,
            "media": told.flowing,
            "lit": told.lit,
            "picture": told.intact,
            "onvif": _onvif(county, camera),
            "reasons": list(told.options),
            "probes": _probes(camera) if camera.expected else {},
        }


def _onvif(county: County, camera: Camera) -> dict[str, object] | None:
    """``offset_s``: seconds its clock is ahead, None when it began in 1970; ``login``: how it lets callers in."""
    kind = KINDS[camera.kind]
    if not county.onvif_url(camera) or kind.port != "serve" or kind.accept or kind.raw:
        return None
    offset = None if kind.skew is None else kind.skew(camera)
    login = SOAP_LOGINS[camera.maker] if camera.username else ()
    return identity(camera)._asdict() | {"offset_s": offset, "login": list(login)}


def _probes(camera: Camera) -> dict[str, dict[str, object]]:
    told = truth(camera)
    reasons: dict[str, tuple[str, ...]] = {probe: getattr(told, probe) for probe in PROBES}
    if told.snapshot:
        reasons["snapshot"] = told.snapshot
    return {
        probe: {"outcome": told.outcome(probe), "reason": allowed[0], "allowed": list(allowed)}
        for probe, allowed in reasons.items()
    }


def write_truth(county: County, path: Path) -> None:
    """``truth_rows`` as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in truth_rows(county):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def targets(county: County, form: str = "host") -> list[str]:
    """Lines for ``sweep --targets``: ``host`` = address:port, ``url`` = rtsp://…, ``login`` = with user and password.

    Cameras without an address and dismantled ones are left out. Raises ConfigError for another ``form``.
    """
    if form not in TARGET_FORMS:
        raise ConfigError("farm.bad_form", form=form, forms=", ".join(TARGET_FORMS))
    return [_target(county, camera, form) for camera in county.cameras if camera.host and camera.expected]


def _target(county: County, camera: Camera, form: str) -> str:
    if form == "host":
        return f"{camera.host}:{county.port(camera)}"
    url = county.url(camera)
    if form == "url" or not camera.username:
        return url
    login = f"{quote(camera.username, safe='')}:{quote(camera.password, safe='')}@"
    return url.replace("://", f"://{login}", 1)


def write_targets(county: County, path: Path, form: str = "host") -> None:
    """``targets`` one a line; with logins the file gets mode 0600."""
    mode = 0o600 if form == "login" else 0o644
    path.touch(mode)
    path.chmod(mode)
    path.write_text("\n".join(targets(county, form)) + "\n", encoding="utf-8")
