"""A checked row against what is known: area, address, credential, what stays as it is -> a row for the store.

Must not know files; never writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from camerahub.core.address import Address, AddressError, parse_address
from camerahub.core.area import UNASSIGNED
from camerahub.registry.rows import CameraRow, DeviceRow, EndpointRow
from camerahub.registry.tablefile.check import Draft
from camerahub.registry.tablefile.known import Known, KnownEndpoint, Places
from camerahub.registry.tablefile.profile import CAMERA_TEXTS, STORED_FIELDS
from camerahub.registry.tablefile.verdicts import problem
from camerahub.registry.tablefile.via import Hub
from camerahub.registry.vendors import Vendor, Vendors

RTSP, HTTP = ("rtsp", "rtsps"), ("http", "https")
#: column -> (kind, stream, allowed schemes)
URL_COLUMNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "rtsp_url": ("rtsp", "main", RTSP),
    "rtsp_sub_url": ("rtsp", "sub", RTSP),
    "onvif_url": ("onvif", "main", HTTP),
    "snapshot_url": ("snapshot", "main", HTTP),
}
_EMPTY = Known({}, "", {})
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(slots=True)
class Resolver:
    """Turns drafts into rows for the store; ``header_of`` gives the user's word for a field."""

    places: Places
    vendors: Vendors
    header_of: Callable[[str], str]
    #: What the whole file says of the devices its cameras hang on (``via_devices``).
    settled: Mapping[str, Hub] = field(default_factory=dict)
    devices: dict[str, DeviceRow] = field(default_factory=dict)
    _makers: dict[str, Vendor | None] = field(default_factory=dict)
    _made: dict[tuple[str, int | None], dict[str, str]] = field(default_factory=dict)

    def resolve(self, draft: Draft, known: Known | None) -> CameraRow | None:
        """The row to store, or None when a problem found here (added to the draft) refuses it."""
        area, raw_area = self._area(draft, known)
        roads = self._endpoints(draft, known or _EMPTY)
        if known is None:
            self._zeros(draft)
            if not roads and not draft.refused:
                draft.problems.append(problem("", "no_address"))
        if draft.refused:
            return None
        given = draft.values
        values: dict[str, Any] = {name: given[name] for name in CAMERA_TEXTS if name in given}
        if not values.get("status", True):
            del values["status"]  # an empty one stays what it is; every other empty cell clears
        self._place(draft, known or _EMPTY, values)
        before = (known or _EMPTY).extra
        extra = merged_extra(draft, before, raw_area)
        if extra != before:
            values["extra"] = _JSON.encode(extra)
        unit = draft.values.get("police_unit", "")
        unit_code = unit if unit in self.places.police else ""
        return CameraRow(draft.code, draft.values["name"], area, values, roads, unit_code)

    def _zeros(self, draft: Draft) -> None:
        other = self.places.zero_codes.get(draft.code)
        if other:
            header = self.header_of("code")
            draft.problems.append(problem(header, "code_zeros_lost", value=draft.code, other=other))

    @staticmethod
    def _place(draft: Draft, known: Known, values: dict[str, Any]) -> None:
        """A table without crs speaks WGS-84: the point we converted ourselves is no news."""
        if draft.place:
            here = (known.columns.get("lon"), known.columns.get("lat"))
            if "crs" not in draft.values and draft.place[:2] == here:
                return
            values["lon"], values["lat"], values["raw_lon"], values["raw_lat"] = draft.place
            values["crs"] = draft.values.get("crs") or "wgs84"
        elif draft.place is None:
            values.update(dict.fromkeys(("lon", "lat", "raw_lon", "raw_lat")))
            values["crs"] = ""

    def _area(self, draft: Draft, known: Known | None) -> tuple[str, str]:
        """(area of the register, the code as given when it is not that one)."""
        value = draft.values.get("area_code", "")
        header = self.header_of("area_code")
        if not value or value == UNASSIGNED:
            if known is not None:
                return known.area_code, known.extra.get("area_code", "")
            draft.problems.append(problem(header, "area_empty"))
            return UNASSIGNED, ""
        if not (value.isascii() and value.isdecimal()):
            names = self.places.by_name.get(value, [])
            if len(names) == 1:
                return names[0], ""
            draft.problems.append(problem(header, "area_bad", value=value))
            return UNASSIGNED, ""
        if not 2 <= len(value) <= 15 or value.startswith("0"):
            draft.problems.append(problem(header, "area_bad", value=value))
            return UNASSIGNED, ""
        if len(draft.code) == 20 and draft.code.isdecimal() and draft.code[:6] != value[:6]:
            header = self.header_of("code")
            draft.problems.append(problem(header, "code_area", prefix=draft.code[:6], area=value[:6]))
        return self._nearest(draft, value)

    def _nearest(self, draft: Draft, value: str) -> tuple[str, str]:
        if value in self.places.areas:
            return value, ""
        # 320585000000 is how some tables write the county itself
        short = next((value[:w] for w in (9, 6) if value[w:].strip("0") == ""), value)
        if len(short) < len(value) and short in self.places.areas:
            return short, value
        above = (value[:width] for width in (12, 9, 6))
        taken = next((code for code in above if code in self.places.areas), UNASSIGNED)
        told = "“未分配” (unassigned)" if taken == UNASSIGNED else taken
        draft.problems.append(problem(self.header_of("area_code"), "area_unknown", value=value, taken=told))
        return taken, value

    def _endpoints(self, draft: Draft, known: Known) -> list[EndpointRow]:
        addresses = self._addresses(draft)
        username, password = self._credential(draft, addresses)
        via, road = draft.values.get("via", ""), "via" if draft.values.get("via") else "direct"
        found = [_endpoint(column, address, road, via) for column, address in addresses.items()]
        if "rtsp_url" not in addresses:
            found += self._built(draft, known, via, road)
        elif via:
            self._device(via)
        if not found and (username or password):
            found = [_as_row(one) for one in known.endpoints]
        for one in found:
            one.username, one.password = username or None, password or None
            one.channel = one.channel or draft.values.get("channel", "")
        return found

    def _addresses(self, draft: Draft) -> dict[str, Address]:
        found: dict[str, Address] = {}
        for column, (_, _, schemes) in URL_COLUMNS.items():
            text = draft.values.get(column, "")
            if not text:
                continue
            try:
                found[column] = parse_address(text, schemes)
            except AddressError as error:
                fields = {"allowed": ", ".join(schemes)} if error.reason == "bad_scheme" else {}
                draft.problems.append(problem(self.header_of(column), error.reason, **fields))
        return found

    def _credential(self, draft: Draft, addresses: dict[str, Address]) -> tuple[str, str]:
        """User and password of the row: the columns first, then what stood in an address."""
        username = draft.values.get("username", "")
        password = draft.values.get("password", "")
        for column, address in addresses.items():
            if address.password:
                draft.problems.append(problem(self.header_of(column), "url_password"))
            username = username or address.username
            password = password or address.password
        if password and not username:
            draft.problems.append(problem(self.header_of("password"), "no_username"))
        return username, password

    def _built(self, draft: Draft, known: Known, via: str, road: str) -> list[EndpointRow]:
        """Addresses from IP and maker, or from the NVR or platform the camera hangs on."""
        values = draft.values
        name = values.get("vendor") or str(known.columns.get("vendor", ""))
        host, port = values.get("ip", ""), int(values.get("port") or 0)
        if via:
            hub = self._device(via)
            if not host:
                host, name, port = hub.host, name or hub.vendor, port or self._port_told(via)
        if not host:
            return self._nowhere(draft, known, via, road)
        if kept := self._unmoved(draft, known, host):
            return kept
        channel = values.get("channel", "")
        if (before := _before(known, host, road)) is not None:
            port, channel = port or before.port, channel or before.channel
            via, road = via or before.via, road if via else before.road
        elif via and not values.get("ip"):
            port = port or hub.port
        return self._streams(draft, name, (host, port), channel, via, road)

    def _nowhere(self, draft: Draft, known: Known, via: str, road: str) -> list[EndpointRow]:
        """A camera of which at most the device is known that it hangs on, and not where that one is."""
        if not via:
            return []
        main = known.endpoint("rtsp")
        if main is None or not main.host:
            draft.problems.append(problem(self.header_of("via"), "via_no_address", value=via))
        channel = draft.values.get("channel") or draft.code
        return [EndpointRow("gb28181", "main", road, "", "", 0, "", channel, via)]

    def _port_told(self, via: str) -> int:
        return self.settled[via].port if via in self.settled else 0

    def _device(self, code: str) -> Hub:
        """Where a device is: as this file says, else as the register knows. What the file says is to be stored."""
        there = Hub(*self.places.devices.get(code, ("", 0, "")))
        told = self.settled.get(code)
        if told is not None:
            port = told.port or (there.port if there.host == told.host else 0)
            there = Hub(told.host, port, told.vendor or there.vendor)
            self.devices[code] = DeviceRow(code, "nvr", host=there.host, port=there.port, vendor=there.vendor)
        elif code not in self.places.devices and code not in self.devices:
            self.devices[code] = DeviceRow(code, "platform")
        return there

    @staticmethod
    def _unmoved(draft: Draft, known: Known, host: str) -> list[EndpointRow]:
        """A stream already known on that IP stays: the table may not know its path, the register does."""
        values, main = draft.values, known.endpoint("rtsp")
        told = any(values.get(name) for name in ("port", "channel", "via"))
        same_maker = values.get("vendor", known.columns.get("vendor")) == known.columns.get("vendor")
        if main is None or told or main.host != host or main.path == "/" or not same_maker:
            return []
        return [_as_row(one) for one in known.endpoints]

    def _streams(
        self, draft: Draft, name: str, at: tuple[str, int], channel: str, via: str, road: str
    ) -> list[EndpointRow]:
        host, port = at
        number = int(channel) if channel and len(channel) <= 4 else None
        if name not in self._makers:
            self._makers[name] = self.vendors.find(name)
        vendor = self._makers[name]
        if vendor is None:
            header = self.header_of("vendor")
            said = problem(header, "vendor_unknown", value=name) if name else problem(header, "vendor_empty")
            draft.problems.append(said)
            return [EndpointRow("rtsp", "main", road, "rtsp", host, port or 554, "/", channel, via)]
        return [
            EndpointRow("rtsp", stream, road, "rtsp", host, port or vendor.rtsp_port, path, channel, via)
            for stream, path in self._paths(vendor, number).items()
        ]

    def _paths(self, vendor: Vendor, channel: int | None) -> dict[str, str]:
        key = (vendor.key, channel)
        if key not in self._made:
            main, sub = vendor.path("main", channel), vendor.path("sub", channel)
            self._made[key] = {"main": main, "sub": sub} if sub and sub != main else {"main": main}
        return self._made[key]


def _before(known: Known, host: str, road: str) -> KnownEndpoint | None:
    """The stream known on that address: what the table does not say of it stays as it is."""
    found = [one for one in known.endpoints if (one.kind, one.stream, one.host) == ("rtsp", "main", host)]
    return next((one for one in found if one.road == road), found[0] if found else None)


def _endpoint(column: str, address: Address, road: str, via: str) -> EndpointRow:
    kind, stream, _ = URL_COLUMNS[column]
    return EndpointRow(kind, stream, road, address.scheme, address.host, address.port, address.path, "", via)


def _as_row(one: KnownEndpoint) -> EndpointRow:
    return EndpointRow(
        one.kind, one.stream, one.road, one.scheme, one.host, one.port, one.path, one.channel, one.via
    )


def merged_extra(draft: Draft, before: dict[str, Any], raw_area: str) -> dict[str, Any]:
    """``extra`` with the columns of this table put in; empty cells take out, absent columns stay."""
    after = dict(before)
    for name, value in draft.values.items():
        if name not in STORED_FIELDS:
            _put(after, name, value)
    _put(after, "area_code", raw_area)
    if draft.kept:
        after["columns"] = {**before.get("columns", {}), **draft.kept}
    return after


def _put(table: dict[str, Any], name: str, value: str) -> None:
    if value:
        table[name] = value
    else:
        table.pop(name, None)
