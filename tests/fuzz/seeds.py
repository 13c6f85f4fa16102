"""Write the seeds of the wire corpora from the tables of the tests: ``python -m tests.fuzz.seeds``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.wire import nals
from tests.wire.packing import ap_265, fu_265, fu_a, joined, jpeg_packets, single_265, stap_a
from tests.wire.replies import CASES, GARBAGE, SDPS

CORPUS = Path(__file__).resolve().parent / "corpus"
#: Texts for challenges and addresses, which the RTSP target takes from the same bytes.
TEXTS = (
    b"rtsp://admin:p@ss#1@10.1.2.3:554/Streaming/Channels/101?a=b",
    b"u:p%40@[2001:db8::1]:8554/x",
    b'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256-sess, opaque="", userhash=true, '
    b'Basic realm="x"',
)


def seeds() -> dict[str, list[bytes]]:
    """target -> inputs; the first byte of the RTSP target says whether there is a credential."""
    streams = [case.data for case in CASES] + [data for data, _ in GARBAGE.values() if len(data) < 1024]
    rtsp = [flag + data for data in streams for flag in (b"0", b"1")]
    rtsp += [b"8" + data for data in TEXTS]
    return {"rtsp": rtsp, "sdp": list(SDPS.values()), "rtp": rtp_seeds()}


def scripted(codec: int, payloads: list[bytes], kinds: tuple[int, ...] = ()) -> bytes:
    """Input of the RTP target: a picture with its marker, and once more with ``kinds`` of trouble."""
    kinds += (2,) * (len(payloads) - len(kinds))
    plain = [(payload, int(at == len(payloads) - 1)) for at, payload in enumerate(payloads)]
    return bytes((codec,)) + b"".join(
        bytes((len(payload), kind)) + payload
        for payload, kind in (*plain, *zip(payloads, kinds, strict=False))
    )


def rtp_seeds() -> list[bytes]:
    """Streams of each codec in each packing; see ``oracle_rtp.packets``."""
    sets, sets_265 = (nals.sps(), nals.pps()), (nals.vps_265(), nals.sps_265(layers=1), nals.pps_265())
    idr = nals.slice_264(body=bytes(range(1, 120)))
    intra = [nals.recovery(), nals.slice_264(nal_type=1), nals.slice_264(40, nal_type=1)]
    delta = nals.slice_264(slice_type=nals.P, nal_type=1)
    key = nals.slice_265(body=bytes(range(1, 120)))
    scan = bytes(range(250)) * 2
    streams: list[tuple[int, list[bytes], tuple[int, ...]]] = [
        (0, [*sets, *fu_a(idr, (40,)), delta], (2, 4, 8, 0)),
        (0, [stap_a([*sets, idr]), nals.slice_264(40), delta], (3, 16, 64)),
        (0, [*intra, delta, delta, intra[1]], (1, 1, 128, 2, 2, 2)),
        (0, [joined([*sets, idr]), sets[0] + joined([sets[1], idr]), *fu_a(idr, (3, 5, 50))], ()),
        (1, [*sets_265, *fu_265(key, (40,)), nals.slice_265(False)], (2, 4)),
        (1, [ap_265([*sets_265, key]), nals.slice_265(nal_type=1), nals.slice_265(layer=1)], (1, 8)),
        (2, [ap_265(sets_265, b"ab"), *fu_265(key, (40,), b"ab"), single_265(key, b"ab")], ()),
        (3, jpeg_packets(scan, q=255, width=64, height=64, tables=bytes(range(1, 129)), size=100), ()),
        (3, jpeg_packets(scan, kind=64, q=50, width=64, height=64, interval=4, size=100), (2, 0, 4)),
        (3, jpeg_packets(scan, q=130, size=100), (128, 128, 128)),
    ]
    return [scripted(*stream) for stream in streams]


def write() -> None:
    """One file an input, named by its hash, as libFuzzer does."""
    for target, inputs in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for data in inputs:
            (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    write()
