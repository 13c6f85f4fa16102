"""The envelopes a camera answers ONVIF calls with: text from plain values (ONVIF Core 8.3, Media 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

from camerahub.farm.model import Camera

_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:ter="http://www.onvif.org/ver10/error"'
)


class Identity(NamedTuple):
    """What a device says it is."""

    maker: str
    model: str
    firmware: str
    serial: str


def identity(camera: Camera) -> Identity:
    """The identity of the device of ``camera``: the same for all its channels."""
    seed = hashlib.md5(camera.address.encode(), usedforsecurity=False).hexdigest()
    firmware = f"V{1 + int(seed[0], 16) % 5}.{int(seed[1], 16)}.{int(seed[2:4], 16)}"
    return Identity(camera.maker.upper(), camera.model, firmware, f"{camera.model}-{seed[4:14].upper()}")


def envelope(body: str) -> bytes:
    """A SOAP 1.2 envelope around ``body``."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope {_SPACES}><s:Body>{body}</s:Body></s:Envelope>'
    )
    return text.encode()


def fault(subcode: str, reason: str) -> bytes:
    """A fault of the sender with an ONVIF subcode (Core 5.8.2)."""
    return envelope(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>"
        f"<s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
    )


def date_and_time(now: float) -> str:
    """``now``: seconds since 1970 on the device's own clock, told as UTC and as China's time."""
    utc = datetime.fromtimestamp(now, UTC)
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
        "<tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        "<tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>"
        f"<tt:UTCDateTime>{_moment(utc)}</tt:UTCDateTime>"
        f"<tt:LocalDateTime>{_moment(utc + timedelta(hours=8))}</tt:LocalDateTime>"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def _moment(at: datetime) -> str:
    return (
        f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
        f"<tt:Second>{at.second}</tt:Second></tt:Time>"
        f"<tt:Date><tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date>"
    )


def information(camera: Camera) -> str:
    """Who made the device."""
    who = identity(camera)
    return (
        f"<tds:GetDeviceInformationResponse><tds:Manufacturer>{who.maker}</tds:Manufacturer>"
        f"<tds:Model>{escape(who.model)}</tds:Model><tds:FirmwareVersion>{who.firmware}</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{escape(who.serial)}</tds:SerialNumber><tds:HardwareId>1.0</tds:HardwareId>"
        "</tds:GetDeviceInformationResponse>"
    )


def capabilities(base: str, device: str, media: str) -> str:
    """Where the device and the media service are."""
    return (
        "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        f"<tt:Device><tt:XAddr>{base}{device}</tt:XAddr></tt:Device>"
        f"<tt:Media><tt:XAddr>{base}{media}</tt:XAddr><tt:StreamingCapabilities>"
        "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
        "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )


def services(base: str, device: str, media: str) -> str:
    """The same, as newer clients ask for it."""
    rows = (("device", device), ("media", media))
    told = "".join(
        f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
        f"<tds:XAddr>{base}{path}</tds:XAddr>"
        "<tds:Version><tt:Major>2</tt:Major><tt:Minor>42</tt:Minor></tds:Version></tds:Service>"
        for name, path in rows
    )
    return f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>"


def profiles(channels: Sequence[Camera]) -> str:
    """A main and a sub profile for every channel, tokens ``ch1_main``, ``ch1_sub``, …"""
    told = "".join(
        _profile(number, name, size)
        for number, _ in enumerate(channels, 1)
        for name, size in (("main", (1920, 1080)), ("sub", (704, 576)))
    )
    return f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"


def _profile(number: int, name: str, size: tuple[int, int]) -> str:
    return (
        f'<trt:Profiles token="ch{number}_{name}" fixed="true"><tt:Name>channel {number} {name}</tt:Name>'
        f'<tt:VideoSourceConfiguration token="sc{number}"><tt:Name>sc{number}</tt:Name><tt:UseCount>2</tt:UseCount>'
        f'<tt:SourceToken>source{number}</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/>'
        f'</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="ec{number}_{name}">'
        f"<tt:Name>ec{number}_{name}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{size[0]}</tt:Width><tt:Height>{size[1]}</tt:Height></tt:Resolution>"
        "<tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>"
        "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def video_sources(channels: int) -> str:
    """One source a channel."""
    told = "".join(
        f'<trt:VideoSources token="source{number}"><tt:Framerate>25</tt:Framerate><tt:Resolution>'
        "<tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution></trt:VideoSources>"
        for number in range(1, channels + 1)
    )
    return f"<trt:GetVideoSourcesResponse>{told}</trt:GetVideoSourcesResponse>"


def media_uri(call: str, uri: str) -> str:
    """An address that holds as long as the device does not change."""
    return (
        f"<trt:{call}Response><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
        f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{call}Response>"
    )
