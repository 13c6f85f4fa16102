"""A strict little ONVIF camera: a request's bytes in, a response's bytes out. It checks what real ones check.

Tokens are checked against its own clock, which may be wrong, and are never accepted twice; HTTP Digest is computed
anew. It counts failed logins, as cameras do that lock out.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

USER, PASSWORD = "admin", "Right&One<1>"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
NS = (
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"'
)
TOLERANCE_S = 5
OPEN = ("GetSystemDateAndTime",)
NONCE = "0123456789abcdef"


def enveloped(body: str, *, soap: str = SOAP_12, prefix: str = "SOAP-ENV") -> bytes:
    """An answer as gSOAP writes it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}:Envelope xmlns:{prefix}="{soap}" {NS}>'
        f"<{prefix}:Header></{prefix}:Header><{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>"
    ).encode()


def fault(subcode: str, code: str = "Sender", text: str = "said so") -> bytes:
    """A SOAP 1.2 fault."""
    return enveloped(
        f"<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:{code}</SOAP-ENV:Value><SOAP-ENV:Subcode>"
        f"<SOAP-ENV:Value>{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason>"
        f'<SOAP-ENV:Text xml:lang="en">{text}</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>'
    )


def http(status: int, body: bytes, *headers: str, framing: str = "length") -> bytes:
    """A response; ``framing`` "length", "chunked" or "close"."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/soap+xml; charset=utf-8", *headers]
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def time_body(moment: datetime, zone: str = "CST-8") -> str:
    """GetSystemDateAndTimeResponse for ``moment``, UTC."""
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        f"<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>{zone}</tt:TZ></tt:TimeZone><tt:UTCDateTime>"
        f"<tt:Time><tt:Hour>{moment.hour}</tt:Hour><tt:Minute>{moment.minute}</tt:Minute><tt:Second>{moment.second}"
        f"</tt:Second></tt:Time><tt:Date><tt:Year>{moment.year}</tt:Year><tt:Month>{moment.month}</tt:Month><tt:Day>"
        f"{moment.day}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


DEVICE_BODY = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Invented</tds:Manufacturer><tds:Model>东门 X1</tds:Model>"
    "<tds:FirmwareVersion>V1.2 build 3</tds:FirmwareVersion><tds:SerialNumber>SN0001</tds:SerialNumber>"
    "<tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>"
)


def profile(token: str, codec: str, width: int, height: int) -> str:
    """One profile as most makers write it."""
    return (
        f'<trt:Profiles fixed="true" token="{token}"><tt:Name>name of {token}</tt:Name>'
        '<tt:VideoSourceConfiguration token="VSC"><tt:Name>x</tt:Name><tt:SourceToken>VS1</tt:SourceToken>'
        '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="VEC"><tt:Name>y</tt:Name>'
        f"<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        "</tt:Resolution><tt:Quality>3</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


@dataclass
class Double:
    """``login`` "token", "digest" (HTTP only), "either", "basic" or "open"; ``skew_s`` its clock against ``now``.

    ``host`` what it believes its address to be. ``other`` replaces the answer of a call: name -> whole response.
    """

    login: str = "token"
    skew_s: int = 0
    now: Callable[[], int] = lambda: 1_800_000_000_000
    host: str = "192.0.2.10"
    framing: str = "length"
    guarded_time: bool = False
    other: dict[str, bytes] = field(default_factory=dict)
    profiles: tuple[tuple[str, str, int, int], ...] = (("P1", "H264", 1920, 1080), ("P&2", "JPEG", 704, 576))
    failures: int = 0
    heard: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    _nonces: set[bytes] = field(default_factory=set)
    _counts: set[str] = field(default_factory=set)

    def clock_s(self) -> int:
        return self.now() // 1000 + self.skew_s

    def answer(self, request: bytes) -> bytes:
        """The response to one whole request."""
        head, _, body = request.partition(b"\r\n\r\n")
        words = body.decode()
        found = re.search(r"<s:Body><o:(\w+) ", words)
        assert found, words
        name = found[1]
        self.heard.append(name)
        self.paths.append(head.split(b" ")[1].decode())
        self.requests.append(request)
        if name in self.other:
            return self.other[name]
        guarded = name not in OPEN or self.guarded_time
        if guarded and (refusal := self._refusal(head.decode("latin-1"), words)) is not None:
            return refusal
        return http(200, enveloped(self._body(name, words)), framing=self.framing)

    def _refusal(self, head: str, words: str) -> bytes | None:
        if self.login == "open":
            return None
        if self.login in ("token", "either") and "UsernameToken>" in words:
            if self._token_is_good(words):
                return None
            self.failures += 1
            return http(400, fault("ter:NotAuthorized"))
        authorization = re.search(r"\r\nAuthorization: (.*?)(?:\r\n|\Z)", head)
        if authorization and self._header_is_good(authorization[1]):
            return None
        self.failures += authorization is not None
        challenge = f'WWW-Authenticate: Digest realm="cam", nonce="{NONCE}", qop="auth", algorithm=MD5'
        if self.login == "basic":
            challenge = 'WWW-Authenticate: Basic realm="cam"'
        if self.login == "token":
            return http(400, fault("ter:NotAuthorized"))
        return http(401, b"", challenge)

    def _token_is_good(self, words: str) -> bool:
        user = re.search(r"<w:Username>(.*?)</w:Username>", words)
        secret = re.search(r"#PasswordDigest\">(.*?)</w:Password>", words)
        nonce64 = re.search(r"#Base64Binary\">(.*?)</w:Nonce>", words)
        created = re.search(r"<u:Created>(.*?)</u:Created>", words)
        if not (user and secret and nonce64 and created) or user[1] != USER:
            return False
        nonce = base64.b64decode(nonce64[1])
        said = datetime.strptime(created[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        if nonce in self._nonces or abs(said - self.clock_s()) > TOLERANCE_S:
            return False
        self._nonces.add(nonce)
        right = hashlib.sha1(nonce + created[1].encode() + PASSWORD.encode()).digest()
        return base64.b64decode(secret[1]) == right

    def _header_is_good(self, value: str) -> bool:
        if value.startswith("Basic "):
            return self.login == "basic" and base64.b64decode(value[6:]) == f"{USER}:{PASSWORD}".encode()
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', value))
        if told["nonce"] != NONCE or told["nc"] in self._counts or told["uri"] != self.paths[-1]:
            return False
        self._counts.add(told["nc"])

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, asked = md5(f"{USER}:cam:{PASSWORD}"), md5(f"POST:{told['uri']}")
        middle = f"{told['nc']}:{told['cnonce']}:auth"
        return told["response"] == md5(f"{secret}:{NONCE}:{middle}:{asked}") and told["username"] == USER

    def _body(self, name: str, words: str) -> str:
        if name == "GetSystemDateAndTime":
            return time_body(datetime.fromtimestamp(self.clock_s(), UTC))
        if name == "GetDeviceInformation":
            return DEVICE_BODY
        if name == "GetServices":
            listed = (("device", "/onvif/device_service"), ("media", "/onvif/Media?x=1&amp;y"))
            told = "".join(
                f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{which}/wsdl</tds:Namespace>"
                f"<tds:XAddr>http://{self.host}{path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major>"
                "<tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
                for which, path in listed
            )
            return f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>"
        if name == "GetCapabilities":
            return (
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>"
                f"http://{self.host}/onvif/Media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>"
            )
        if name == "GetProfiles":
            told = "".join(profile(t.replace("&", "&amp;"), *rest) for t, *rest in self.profiles)  # type: ignore[arg-type]
            return f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"
        token = re.search(r"<o:ProfileToken>(.*?)</o:ProfileToken>", words)
        assert token
        at = (
            f"rtsp://{self.host}:554/live/{token[1]}"
            if name == "GetStreamUri"
            else f"http://{self.host}/pic?p={token[1]}"
        )
        return f"<trt:{name}Response><trt:MediaUri><tt:Uri>{at}</tt:Uri></trt:MediaUri></trt:{name}Response>"
