"""What must hold for any bytes of a peer. Shared by the fuzz targets and by the replay that pytest runs.

Each oracle returns nothing and raises ``AssertionError`` or whatever the parser let out.
"""

from __future__ import annotations

import contextlib
import zlib

from camerahub.wire.digest import Authenticator, Credential, parse_challenges
from camerahub.wire.keyframe import KeyFrameReader, Unsupported
from camerahub.wire.rtsp import Limits, RtspClient, WireError, quick_status
from camerahub.wire.sdp import SdpError, parse_sdp
from camerahub.wire.url import RtspUrl, UrlError, redact, split_credentials

URL = RtspUrl("rtsp", "10.1.2.3", 554, "/a")
LOGIN = Credential("admin", "planted-Secret-1")
LIMITS = Limits(head=768, line=256, body=512, headers=16)
FRAME_MAX = 65539
STEPS = (29, 1, 7, 200)


def dialogue(data: bytes, part: int, login: Credential | None) -> str:
    """Feed ``data`` in parts of ``part`` bytes to a client with two open requests; say what came out."""
    client = RtspClient(URL, login, limits=LIMITS)
    client.options()
    client.describe()
    said = []
    try:
        for start in range(0, len(data), part):
            said += [repr(event) for event in client.receive(data[start : start + part])]
            assert client.buffered <= FRAME_MAX
        client.receive(b"")
        client.closed()
    except WireError as error:
        said.append(error.kind)
    if part >= len(data):
        requests(client)
    assert LOGIN.password not in "".join(said)
    return "\n".join(said)


def requests(client: RtspClient) -> None:
    """What the peer said of sessions and addresses cannot break the next requests."""
    assert len(client.session) <= 512
    for request in (client.keep_alive, client.play, client.teardown):
        if len(client._open) < 16:
            sent = request()
            assert sent.count(b"\r\n\r\n") == 1
            assert sent.count(b"\r") == sent.count(b"\n")


def rtsp(data: bytes) -> None:
    """One of two: a dialogue, or challenges and addresses.

    The first byte says: bit 0 whether there is a credential, bits 1 and 2 how the rest is split, bit 3 which of
    the two.
    """
    if not data:
        return
    mode, data = data[0], data[1:]
    if mode & 8:
        text(data)
        return
    login, step = LOGIN if mode & 1 else None, STEPS[mode >> 1 & 3]
    whole = dialogue(data, len(data) or 1, login)
    if not zlib.crc32(data) & 3:  # most of the time went into this, so it is tried with one input of four
        assert dialogue(data, step if len(data) <= 256 else 16 * step, login) == whole
    with contextlib.suppress(WireError):
        quick_status(data)


def text(data: bytes) -> None:
    """Challenges are answered safely or not at all; addresses are told from other texts."""
    words = data[:1024].decode("latin-1")
    header = Authenticator(LOGIN).answer(parse_challenges([words]), "GET", "/")
    assert header is None or not {"\r", "\n", "\0"} & set(header)
    address(words)


def address(words: str) -> None:
    """Any text is an address that can be sent, or ``UrlError``."""
    redact(words)
    for typed in (words, "rtsp://" + words):
        try:
            url, _, _ = split_credentials(typed)
        except UrlError:
            continue
        assert split_credentials(str(url)) == (url, "", "")


def sdp(data: bytes) -> None:
    """A description with controls that can be sent, or ``SdpError``."""
    try:
        session = parse_sdp(data, "rtsp://10.1.2.3/a/")
    except SdpError:
        return
    for uri in (session.control, *(media.control for media in session.medias)):
        assert uri.lower().startswith("rtsp")
        assert all("!" <= letter <= "~" for letter in uri)
    for media in session.medias:
        assert all(0 <= payload < 128 for payload in media.payload_types)
        media.parameter_sets()
        with contextlib.suppress(Unsupported):
            KeyFrameReader(media)
