"""What cameras say, written from knowledge of the protocol in the style of the makers named; data for tests.

Also the seeds of the fuzz corpora.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """Bytes of a peer after one DESCRIBE without a credential, and what they must be taken for."""

    name: str
    data: bytes
    kind: str  # name of the last event
    status: int


def crlf(*lines: str, body: str = "") -> bytes:
    """A message of header lines with CRLF and a body with its length."""
    head = [*lines, f"Content-Length: {len(body.encode())}"] if body else list(lines)
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


HIKVISION_SDP = (
    "v=0\r\no=- 1600000000000000 1600000000000000 IN IP4 10.1.2.3\r\ns=Media Presentation\r\ne=NONE\r\nb=AS:5050\r\n"
    "t=0 0\r\na=control:rtsp://10.1.2.3:554/Streaming/Channels/101/\r\nm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n"
    "b=AS:5000\r\na=recvonly\r\na=x-dimensions:1920,1080\r\n"
    "a=control:rtsp://10.1.2.3:554/Streaming/Channels/101/trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 profile-level-id=420029; packetization-mode=1; "
    "sprop-parameter-sets=Z00AKp2oHgCJ+WbgICAoAAA=,aO48gA==\r\n"
    "m=audio 0 RTP/AVP 8\r\na=control:rtsp://10.1.2.3:554/Streaming/Channels/101/trackID=2\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=Media_header:MEDIAINFO=494D4B48010200000400000111710110401F000000FA0000;\r\n"
)
DAHUA_SDP = (
    "v=0\r\no=- 2251952132 2251952132 IN IP4 0.0.0.0\r\ns=Media Server\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "a=packetization-supported:DH\r\na=rtppayload-supported:DH\r\na=range:npt=now-\r\nm=video 0 RTP/AVP 98\r\n"
    "a=control:trackID=0\r\na=framerate:25.000000\r\na=rtpmap:98 H265/90000\r\n"
    "a=fmtp:98 profile-id=1;sprop-sps=QgEBAWAAAAMAsAAAAwAAAwB4oAPAgBDllTEq;sprop-pps=RAHgdrAmQA==;"
    "sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwB4rAk=\r\na=recvonly\r\nm=audio 0 RTP/AVP 97\r\na=control:trackID=1\r\n"
    "a=rtpmap:97 MPEG4-GENERIC/16000\r\na=recvonly\r\nm=application 0 RTP/AVP 107\r\na=control:trackID=4\r\n"
    "a=rtpmap:107 vnd.onvif.metadata/90000\r\n"
)
LIVE555_SDP = (
    'v=0\r\no=- 1700000000000000 1 IN IP4 10.1.2.3\r\ns=Session streamed by "cam"\r\ni=unicast/c0/s0/live\r\nt=0 0\r\n'
    "a=tool:LIVE555 Streaming Media v2018.01.01\r\na=type:broadcast\r\na=control:*\r\na=range:npt=0-\r\n"
    "m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:2000\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1;profile-level-id=640028;sprop-parameter-sets=Z2QAKKwsaoHgCJ+WbgICAgQ=,aO4xshs=\r\n"
    "a=control:track1\r\n"
)
GBK_SDP = (
    b"v=0\no=- 1 1 IN IP4 10.9.8.7\ns="
    + "浏河镇 东门口".encode("gb18030")
    + b"\n\nm=video 0 RTP/AVP 26\na=control:?track=1\n"
)
SDPS: dict[str, bytes] = {
    "in the style of Hikvision": HIKVISION_SDP.encode(),
    "in the style of Dahua": DAHUA_SDP.encode(),
    "in the style of live555": LIVE555_SDP.encode(),
    "GBK name, LF only, blank lines, static payload": GBK_SDP,
}

PUBLIC = "Public: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN, SET_PARAMETER, GET_PARAMETER"
CASES: tuple[Case, ...] = (
    Case(
        "DESCRIBE 200 in the style of Hikvision",
        crlf(
            "RTSP/1.0 200 OK",
            "CSeq: 1",
            "Content-Type: application/sdp",
            "Content-Base: rtsp://10.1.2.3:554/Streaming/Channels/101/",
            body=HIKVISION_SDP,
        ),
        "Reply",
        200,
    ),
    Case(
        "401 in the style of Hikvision",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            'WWW-Authenticate: Digest realm="IP Camera(C1234)", nonce="5e0f3c1f0a9d2b7c", stale="FALSE"',
            'WWW-Authenticate: Basic realm="IP Camera(C1234)"',
            "Date:  Mon, Nov 23 2026 06:38:03 GMT",
        ),
        "Denied",
        401,
    ),
    Case(
        "401 with SHA-256 and MD5 in the style of newer Hikvision",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            'WWW-Authenticate: Digest realm="4419b7", domain="::", qop="auth", nonce="a1b2:c3", opaque="", '
            'algorithm="SHA-256", stale="FALSE"',
            'WWW-Authenticate: Digest realm="4419b7", domain="::", qop="auth", nonce="a1b2:c3", opaque="", '
            'algorithm="MD5", stale="FALSE"',
        ),
        "Denied",
        401,
    ),
    Case(
        "OPTIONS 200 in the style of Hikvision",
        crlf("RTSP/1.0 200 OK", "CSeq: 1", PUBLIC, "Date:  Mon, Nov 23 2026 06:38:03 GMT"),
        "Reply",
        200,
    ),
    Case(
        "401 in the style of Dahua",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            'WWW-Authenticate: Digest realm="Login to 4J05C6BPAG12345",nonce="3cb04ee1d4f2d8b1",qop="auth",'
            'opaque="1d5b2f"',
        ),
        "Denied",
        401,
    ),
    Case(
        "403, all slots taken, in the style of Dahua",
        crlf("RTSP/1.0 403 Forbidden", "CSeq: 1", "Server: Rtsp Server/3.0"),
        "Reply",
        403,
    ),
    Case(
        "DESCRIBE 200 in the style of Dahua",
        crlf(
            "RTSP/1.0 200 OK",
            "CSeq: 1",
            "x-Accept-Dynamic-Rate: 1",
            "Cache-Control: must-revalidate",
            "Content-Base: rtsp://10.1.2.3:554/cam/realmonitor?channel=1&subtype=0/",
            "Content-Type: application/sdp",
            body=DAHUA_SDP,
        ),
        "Reply",
        200,
    ),
    Case(
        "401, Basic first, in the style of Uniview",
        crlf(
            "RTSP/1.0 401 ClientUnAuthorized",
            "CSeq: 1",
            'WWW-Authenticate: Basic realm="UNV"',
            'WWW-Authenticate: Digest realm="UNV", nonce="5d2d7c", algorithm=MD5, qop="auth"',
        ),
        "Denied",
        401,
    ),
    Case(
        "DESCRIBE 200 in the style of live555",
        crlf(
            "RTSP/1.0 200 OK",
            "CSeq: 1",
            "Date: Mon, Nov 23 2026 06:38:03 GMT",
            "Content-Base: rtsp://10.1.2.3/unicast/c0/s0/live/",
            "Content-Type: application/sdp",
            body=LIVE555_SDP,
        ),
        "Reply",
        200,
    ),
    Case(
        "404 in the style of live555",
        crlf(
            "RTSP/1.0 404 File Not Found, Or In Incorrect Format",
            "CSeq: 1",
            "Date: Mon, Nov 23 2026 06:38:03 GMT",
        ),
        "Reply",
        404,
    ),
    Case(
        "401 in the style of GStreamer",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            'WWW-Authenticate: Digest realm="GStreamer RTSP Server", nonce="2f1f61ee5c8d1a3b"',
            "Server: GStreamer RTSP server",
            "Date: Mon, 23 Nov 2026 06:38:03 GMT",
        ),
        "Denied",
        401,
    ),
    Case(
        "401 in the style of MediaMTX",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            "Server: gortsplib",
            'WWW-Authenticate: Basic realm="IPCAM"',
            'WWW-Authenticate: Digest realm="IPCAM", nonce="8b84a3b789283a8bea8da7fa7d41f08b", algorithm="SHA-256"',
        ),
        "Denied",
        401,
    ),
    Case(
        "404 in the style of MediaMTX",
        crlf("RTSP/1.0 404 Not Found", "CSeq: 1", "Server: gortsplib"),
        "Reply",
        404,
    ),
    Case(
        "401 in the style of Tapo",
        crlf(
            "RTSP/1.0 401 Unauthorized",
            "CSeq: 1",
            'WWW-Authenticate: Digest realm="TP-Link IP-Camera", nonce="9b0e2e57b3d2c7a1"',
        ),
        "Denied",
        401,
    ),
    Case("453, no more sessions", crlf("RTSP/1.0 453 Not Enough Bandwidth", "CSeq: 1"), "Reply", 453),
    Case("501, no CSeq", crlf("RTSP/1.0 501 Not Implemented"), "Reply", 501),
    Case("a wrong CSeq", crlf("RTSP/1.0 200 OK", "CSeq: 77"), "Reply", 200),
    Case("a CSeq that is no number", crlf("RTSP/1.0 200 OK", "CSeq: one"), "Reply", 200),
    Case("line ends of LF alone", b"RTSP/1.0 200 OK\nCSeq: 1\nContent-Length: 3\n\nabc", "Reply", 200),
    Case(
        "lower case, blanks before the colon",
        b"RTSP/1.0 200 OK\r\ncseq : 1\r\ncontent-length :2\r\n\r\nab",
        "Reply",
        200,
    ),
    Case("no reason phrase", crlf("RTSP/1.0 200", "CSeq: 1"), "Reply", 200),
    Case("RTSP/2.0", crlf("RTSP/2.0 200 OK", "CSeq: 1"), "Reply", 200),
    Case(
        "a folded header",
        b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="a",\r\n\tnonce="b"\r\n\r\n',
        "Denied",
        401,
    ),
    Case("a line without a colon", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nnonsense\r\n\r\n", "Reply", 200),
    Case(
        "a redirect",
        crlf("RTSP/1.0 302 Found", "CSeq: 1", "Location: rtsp://u:secret@evil/x"),
        "Redirected",
        302,
    ),
    Case(
        "an interim reply first",
        crlf("RTSP/1.0 100 Continue", "CSeq: 1") + crlf("RTSP/1.0 200 OK", "CSeq: 1"),
        "Reply",
        200,
    ),
    Case(
        "a frame first", b"$\x00\x00\x04\x80\x60\x00\x01" + crlf("RTSP/1.0 200 OK", "CSeq: 1"), "Reply", 200
    ),
    Case(
        "a request of the camera first",
        crlf("OPTIONS * RTSP/1.0", "CSeq: 9") + crlf("RTSP/1.0 200 OK", "CSeq: 1"),
        "Reply",
        200,
    ),
    Case("blank lines first", b"\r\n\n" + crlf("RTSP/1.0 200 OK", "CSeq: 1"), "Reply", 200),
    Case(
        "407 of a proxy",
        crlf("RTSP/1.0 407 Proxy", "CSeq: 1", 'Proxy-Authenticate: Basic realm="p"'),
        "Denied",
        407,
    ),
)

#: What no client may take for RTSP, and the kind of its error.
GARBAGE: dict[str, tuple[bytes, str]] = {
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "protocol"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "protocol"),
    "TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", "protocol"),
    "FTP": (b"220 vsftpd ready\r\n", "protocol"),
    "status of two digits": (b"RTSP/1.0 20 OK\r\n\r\n", "protocol"),
    "status 600": (b"RTSP/1.0 600 OK\r\n\r\n", "protocol"),
    "RTSP/3.0": (b"RTSP/3.0 200 OK\r\n\r\n", "protocol"),
    "control characters": (b"RTSP/1.0 200 OK\r\nCSeq: 1\0\r\n\r\n", "protocol"),
    "a bare CR": (b"RTSP/1.0 200 OK\r\nA: b\rAuthorization: c\r\n\r\n", "protocol"),
    "negative length": (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "protocol"),
    "length in words": (b"RTSP/1.0 200 OK\r\nContent-Length: ten\r\n\r\n", "protocol"),
    "two lengths": (b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "protocol"),
    "body too large": (b"RTSP/1.0 200 OK\r\nContent-Length: 262145\r\n\r\n", "too_large"),
    "line too long": (b"RTSP/1.0 200 OK\r\nA: " + b"a" * 9000 + b"\r\n\r\n", "too_large"),
    "first line too long": (b"R" * 9000, "too_large"),
    "head too large": (b"RTSP/1.0 200 OK\r\n" + b"A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 600, "too_large"),
    "too many headers": (b"RTSP/1.0 200 OK\r\n" + b"A:b\r\n" * 200 + b"\r\n", "too_large"),
}
