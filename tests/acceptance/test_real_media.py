"""Pictures of cameras nobody here wrote: `media` and `picture` against GStreamer's RTSP server and the toolkit's."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camerahub.core.result import MAIN, SENT, UNSENT, ProbeResult, Target
from camerahub.probes.table import Prober

from .test_real_rtsp import GST, PASSWORD, USER, free_port, toolkit, until_listening

__all__ = ["toolkit"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SERVER = [GST[0], str(Path(GST[1]).with_name("gst_media.py"))]
DEADLINE_S = 20.0  # encoders start when the first caller plays, and the machine may be busy


@dataclass
class Peer:
    """A running server: where it listens, whom it lets in, and what it counts."""

    port: int
    scheme: str
    guarded: bool
    process: subprocess.Popen[bytes]

    def target(self, path: str, number: int = 1, password: str | None = PASSWORD) -> Target:
        url = f"{self.scheme}://127.0.0.1:{self.port}/{path}"
        user = USER if password is not None else ""
        return Target(number, "127.0.0.1", self.port, url, user, password or "")

    def counts(self) -> tuple[int, int, int]:
        """(sessions now, TEARDOWNs so far, PLAYs so far)."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"?\n")
        self.process.stdin.flush()
        sessions, teardowns, plays = self.process.stdout.readline().split()
        return int(sessions), int(teardowns), int(plays)

    def sessions_end(self) -> int:
        """Sessions still in the pool once it no longer changes: far sooner than the 60 s after which it forgets."""
        end = time.monotonic() + 10
        while (left := self.counts()[0]) and time.monotonic() < end:
            time.sleep(0.05)  # another program tidies up: there is nothing to wait on but its answer
        return left


def self_signed(path: Path) -> Path:
    """A certificate and its key in one file, as a camera would make it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    since = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + dt.timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture(scope="module", params=["open", "digest", "tls"])
def gst(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    tls, port = request.param == "tls", free_port()
    command = [*SERVER, str(port), "open" if request.param == "open" else "digest"]
    if tls:
        command.append(str(self_signed(tmp_path_factory.mktemp("tls") / "camera.pem")))
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        until_listening(port, process)
        yield Peer(port, "rtsps" if tls else "rtsp", request.param != "open", process)
    finally:
        process.kill()
        process.communicate()


def ask(probe: str, targets: list[Target]) -> dict[int, ProbeResult]:
    """One round, two at a time; results by endpoint."""

    async def round_() -> dict[int, ProbeResult]:
        loop = asyncio.get_running_loop()
        prober = Prober(loop, max_in_flight=2, decoders=1)
        results: dict[int, ProbeResult] = {}
        over = loop.create_future()

        def done(result: ProbeResult) -> None:
            results[result.endpoint] = result
            if len(results) == len(targets):
                over.set_result(None)

        await prober.ready()
        for target in targets:
            prober.start(target, probe, DEADLINE_S, done)
        await over
        await prober.aclose()
        return results

    return asyncio.run(round_())


#: Path -> what `picture` says (``said``), stage, codec, width, height.
SEEN: dict[str, tuple[str, int, str, int, int]] = {
    "h264": ("shown", 5, "H264", 640, 360),
    "h265": ("shown", 5, "H265", 704, 576),
    "jpeg": ("shown", 5, "JPEG", 704, 480),
    "hd": ("shown", 5, "H264", 1920, 1080),
    "snow": ("shown", 5, "H264", 640, 360),
    "black": ("black", 4, "H264", 704, 576),
    "blue": ("no_signal", 4, "H264", 640, 360),
    "card": ("no_signal", 4, "H264", 704, 576),
    "bars": ("no_signal", 4, "H264", 640, 360),
    "late-sound": ("shown", 5, "H264", 640, 360),
    "early-sound": ("shown", 5, "H264", 640, 360),
    "bframes": ("shown", 5, "H264", 640, 360),
    "slices": ("shown", 5, "H264", 640, 360),
    "sliced-threads": ("shown", 5, "H264", 704, 576),
    "intra-refresh": ("shown", 5, "H264", 640, 360),  # one IDR picture, the first
    "sets-once": ("shown", 5, "H264", 640, 360),
    "no-aggregation": ("shown", 5, "H264", 640, 360),
    "aggregation": ("shown", 5, "H264", 640, 360),
    "small-packets": ("shown", 5, "H264", 640, 360),
}
#: What there is no picture of: path -> reason, stage, status, codec.
WITHOUT = {
    "udp": ("transport", 3, 461, "H264"),
    "sound-only": ("no_media", 3, 200, ""),
    "nowhere": ("not_found", 2, 404, ""),
}


def said(result: ProbeResult) -> tuple[str, int]:
    """Reason and stage. A drawn pattern may well be too bright or noisy: what matters here is that it is shown."""
    return (result.reason, result.stage) if result.stage < 5 else ("shown", 5)


def numbered(peer: Peer, paths: Iterable[str]) -> dict[str, Target]:
    return {path: peer.target(path, n) for n, path in enumerate(paths)}


def test_pictures_are_judged_and_sessions_end(gst: Peer) -> None:
    targets = numbered(gst, SEEN)
    _, torn, played = gst.counts()
    results = ask("picture", list(targets.values()))
    seen = {}
    for path, target in targets.items():
        result = results[target.endpoint]
        assert result.facts is not None
        assert result.facts.received > result.facts.key_bytes > 0
        assert result.facts.stream == MAIN
        assert result.status == 200
        assert result.flags == (SENT if gst.guarded else UNSENT)
        seen[path] = (
            *said(result),
            result.facts.codec,
            result.facts.width,
            result.facts.height,
        )
    assert seen == SEEN
    sessions, torn_now, played_now = gst.counts()
    assert (torn_now - torn, played_now - played) == (len(SEEN), len(SEEN))
    assert gst.sessions_end() == 0, sessions


def test_media_alone_is_not_judged(gst: Peer) -> None:
    targets = numbered(gst, SEEN)
    results = ask("media", list(targets.values()))
    found = {path: results[target.endpoint] for path, target in targets.items()}
    assert {(r.reason, r.stage) for r in found.values()} == {("ok", 4)}
    assert {path: r.facts.codec for path, r in found.items() if r.facts} == {p: s[2] for p, s in SEEN.items()}
    assert {(r.facts.width, r.facts.height) for r in found.values() if r.facts} == {(0, 0)}
    assert gst.sessions_end() == 0


@pytest.mark.parametrize("probe", ["media", "picture"])
def test_what_shows_no_picture_says_why(gst: Peer, probe: str) -> None:
    targets = numbered(gst, WITHOUT)
    results = ask(probe, list(targets.values()))
    seen = {}
    for path, target in targets.items():
        result = results[target.endpoint]
        assert result.facts is not None
        assert (result.facts.width, result.facts.key_bytes) == (0, 0)
        seen[path] = (result.reason, result.stage, result.status, result.facts.codec)
    assert seen == WITHOUT
    assert gst.sessions_end() == 0


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_password_shows_nothing(gst: Peer, password: str | None) -> None:
    result = ask("picture", [gst.target("h264", password=password)])[1]
    if gst.guarded:
        assert (result.reason, result.stage, result.status) == ("auth", 2, 401)
        assert result.flags == (SENT if password else UNSENT)
    else:
        assert (*said(result), result.status) == ("shown", 5, 200)
    assert gst.sessions_end() == 0


def test_the_toolkit_shows_its_clip(toolkit: int) -> None:
    base = f"rtsp://127.0.0.1:{toolkit}"
    there, lost = (
        Target(n, "127.0.0.1", toolkit, f"{base}/{path}") for n, path in enumerate(("cam.mp4", "nowhere"))
    )
    results = ask("picture", [there, lost])
    facts = results[0].facts
    assert facts is not None
    assert (results[0].reason, results[0].stage, facts.codec, facts.width, facts.height) == (
        "no_signal",  # GStreamer's test card: colour bars
        4,
        "H264",
        160,
        120,
    )
    assert (results[1].reason, results[1].status) == ("not_found", 404)
