"""Write the seeds of the wire corpora from the tables of the tests: ``python -m tests.fuzz.seeds``."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
    return {"rtsp": rtsp, "sdp": list(SDPS.values())}


def write() -> None:
    """One file an input, named by its hash, as libFuzzer does."""
    for target, inputs in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for data in inputs:
            (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    write()
