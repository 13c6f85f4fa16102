"""A loopback ONVIF double for measurements: time and device information, on every 127.x.y.z address.

It answers at once and checks nothing: what is measured is the client. ``python benchmarks/loopback_onvif.py PORT``
serves until stdin closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import uvloop
from loopback import listener

_START = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>'
)
_END = "</s:Body></s:Envelope>"
_DEVICE = (
    f"{_START}<tds:GetDeviceInformationResponse><tds:Manufacturer>Invented</tds:Manufacturer><tds:Model>X1</tds:Model>"
    "<tds:FirmwareVersion>V1.2 build 3</tds:FirmwareVersion><tds:SerialNumber>SN0001</tds:SerialNumber>"
    f"<tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>{_END}"
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


def _time() -> str:
    now = time.gmtime()
    return (
        f"{_START}<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone><tt:UTCDateTime>"
        f"<tt:Time><tt:Hour>{now.tm_hour}</tt:Hour><tt:Minute>{now.tm_min}</tt:Minute><tt:Second>{now.tm_sec}</tt:Second>"
        f"</tt:Time><tt:Date><tt:Year>{now.tm_year}</tt:Year><tt:Month>{now.tm_mon}</tt:Month><tt:Day>{now.tm_mday}"
        "</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        f"{_END}"
    )


class _Camera(asyncio.Protocol):
    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._data.endswith(b"Envelope>"):
            return
        body = (_time() if b"GetSystemDateAndTime" in self._data else _DEVICE).encode()
        self._data = b""
        self._transport.write(_HEAD % len(body) + body)  # type: ignore[attr-defined]


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_server(_Camera, sock=listener(port, 1024), backlog=1024)
    gone = asyncio.Event()
    loop.add_reader(0, lambda: None if os.read(0, 1) else gone.set())
    await gone.wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
