"""The seven ONVIF calls of the hot road: requests as bytes, answers as frozen values.

Sources: ONVIF Core (device service: GetSystemDateAndTime, GetDeviceInformation, GetCapabilities, GetServices) and
ONVIF Media (GetProfiles, GetStreamUri, GetSnapshotUri). Elements are found by local name, whatever their prefixes.
Parsers take the HTTP body and give the value or a ``Fault``, and raise ``OnvifError`` for anything else; texts are at
most 256 characters, services at most 64, profiles at most 512. This file knows no sockets and no clock.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from camerahub.wire.http import http_request
from camerahub.wire.onvif_clock import DeviceTime
from camerahub.wire.soap import (
    Fault,
    OnvifError,
    answer_of,
    attribute,
    child,
    children,
    envelope,
    escape,
    number_of,
    text_of,
)
from camerahub.wire.url import MAX_URL, HttpUrl

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

T = TypeVar("T")

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
DEVICE_PATH = "/onvif/device_service"

MAX_SERVICES = 64
MAX_PROFILES = 512


class Call(NamedTuple):
    """One operation: its name, the namespace of its service, and its elements as XML."""

    name: str
    service: str
    arguments: str = ""


GET_TIME = Call("GetSystemDateAndTime", DEVICE)
GET_DEVICE = Call("GetDeviceInformation", DEVICE)
GET_SERVICES = Call("GetServices", DEVICE, "<o:IncludeCapability>false</o:IncludeCapability>")
GET_CAPABILITIES = Call("GetCapabilities", DEVICE, "<o:Category>All</o:Category>")
GET_PROFILES = Call("GetProfiles", MEDIA)


def get_stream_uri(token: str) -> Call:
    """Where the stream of the profile ``token`` is, for RTP over RTSP."""
    setup = (
        f'<o:StreamSetup><t:Stream xmlns:t="{SCHEMA}">RTP-Unicast</t:Stream>'
        f'<t:Transport xmlns:t="{SCHEMA}"><t:Protocol>RTSP</t:Protocol></t:Transport></o:StreamSetup>'
    )
    return Call("GetStreamUri", MEDIA, f"{setup}<o:ProfileToken>{escape(token)}</o:ProfileToken>")


def get_snapshot_uri(token: str) -> Call:
    """Where a single picture of the profile ``token`` is."""
    return Call("GetSnapshotUri", MEDIA, f"<o:ProfileToken>{escape(token)}</o:ProfileToken>")


def onvif_request(url: HttpUrl, call: Call, *, security: str = "", authorization: str = "") -> bytes:
    """The bytes of one call to ``url``; ``security`` a WS-Security header as XML, ``authorization`` an HTTP one."""
    body = f'<o:{call.name} xmlns:o="{call.service}">{call.arguments}</o:{call.name}>'
    media_type = f'application/soap+xml; charset=utf-8; action="{call.service}/{call.name}"'
    headers = (("Authorization", authorization),) if authorization else ()
    return http_request(url, envelope(body, security), media_type, headers)


# -- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What the camera says it is; "" where it says nothing."""

    maker: str
    model: str
    firmware: str
    serial: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its namespace, its address exactly as told (unchecked: see ``onvif_address``), its version."""

    namespace: str
    address: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One media profile. ``codec`` as told ("H264", "JPEG", …; "" without video); the numbers None where untold.

    ``width`` and ``height`` in pixels, ``fps`` in pictures a second, ``kbps`` in kilobits a second. ``source`` is the
    token of the video source: the channel of a recorder.
    """

    token: str
    name: str
    source: str
    codec: str
    width: int | None
    height: int | None
    fps: int | None
    kbps: int | None


def _reader(name: str, read: Callable[[Element], T]) -> Callable[[bytes, str], T | Fault]:
    def parse(body: bytes, content_type: str = "") -> T | Fault:
        found = answer_of(body, name, content_type)
        return found if isinstance(found, Fault) else read(found)

    return parse


def _time(answer: Element) -> DeviceTime:
    inner = child(answer, "SystemDateAndTime")
    if inner is None:
        raise OnvifError("answer")
    return DeviceTime(
        _utc_ms(inner),
        text_of(inner, "TimeZone", "TZ"),
        text_of(inner, "DateTimeType"),
        text_of(inner, "DaylightSavings").lower() in ("true", "1"),
    )


#: Smallest and largest of year, month, day, hour, minute, second; a leap second is told as 60 or 61.
_RANGES = ((1970, 2199), (1, 12), (1, 31), (0, 23), (0, 59), (0, 61))


def _utc_ms(inner: Element) -> int | None:
    date, time = child(inner, "UTCDateTime", "Date"), child(inner, "UTCDateTime", "Time")
    if date is None or time is None:
        return None
    told = [number_of(date, part) for part in ("Year", "Month", "Day")]
    told += [number_of(time, part) for part in ("Hour", "Minute", "Second")]
    fields = [n for n, (low, high) in zip(told, _RANGES, strict=True) if n is not None and low <= n <= high]
    if len(fields) < len(_RANGES) or fields[2] > calendar.monthrange(fields[0], fields[1])[1]:
        return None
    return calendar.timegm((*fields[:5], min(fields[5], 59))) * 1000


def _device(answer: Element) -> DeviceInfo:
    names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId")
    return DeviceInfo(*(text_of(answer, name) for name in names))


def _services(answer: Element) -> tuple[Service, ...]:
    return tuple(
        Service(text_of(one, "Namespace"), text_of(one, "XAddr", most=MAX_URL + 1), _version(one))
        for one in children(answer, "Service", MAX_SERVICES)
    )


def _version(service: Element) -> str:
    major, minor = (number_of(service, "Version", part) for part in ("Major", "Minor"))
    return "" if major is None or minor is None else f"{major}.{minor:02d}"


#: Child of Capabilities -> namespace of the service.
_CAPABILITIES = {
    "Device": DEVICE,
    "Media": MEDIA,
    "Events": "http://www.onvif.org/ver10/events/wsdl",
    "Imaging": "http://www.onvif.org/ver20/imaging/wsdl",
    "PTZ": "http://www.onvif.org/ver20/ptz/wsdl",
    "Analytics": "http://www.onvif.org/ver20/analytics/wsdl",
}


def _capabilities(answer: Element) -> tuple[Service, ...]:
    told = child(answer, "Capabilities")
    if told is None:
        raise OnvifError("answer")
    found = (
        Service(ns, text_of(told, name, "XAddr", most=MAX_URL + 1)) for name, ns in _CAPABILITIES.items()
    )
    return tuple(service for service in found if service.address)


def _profiles(answer: Element) -> tuple[Profile, ...]:
    found = (_profile(one) for one in children(answer, "Profiles", MAX_PROFILES))
    return tuple(profile for profile in found if profile.token)


def _profile(one: Element) -> Profile:
    video = child(one, "VideoEncoderConfiguration")
    name, source = text_of(one, "Name"), text_of(one, "VideoSourceConfiguration", "SourceToken")
    token = attribute(one, "token")
    if video is None:
        return Profile(token, name, source, "", None, None, None, None)
    return Profile(
        token,
        name,
        source,
        text_of(video, "Encoding"),
        number_of(video, "Resolution", "Width"),
        number_of(video, "Resolution", "Height"),
        number_of(video, "RateControl", "FrameRateLimit"),
        number_of(video, "RateControl", "BitrateLimit"),
    )


def _media_uri(answer: Element) -> str:
    uri = text_of(answer, "MediaUri", "Uri", most=MAX_URL + 1)
    if not uri:
        raise OnvifError("answer")
    return uri


#: Each takes an HTTP body and its Content-Type, gives the value or a ``Fault``, raises ``OnvifError``.
parse_time = _reader("GetSystemDateAndTimeResponse", _time)
parse_device = _reader("GetDeviceInformationResponse", _device)
parse_services = _reader("GetServicesResponse", _services)
parse_capabilities = _reader("GetCapabilitiesResponse", _capabilities)
parse_profiles = _reader("GetProfilesResponse", _profiles)
parse_stream_uri = _reader("GetStreamUriResponse", _media_uri)
parse_snapshot_uri = _reader("GetSnapshotUriResponse", _media_uri)
