"""The camera's end of rtsps: a conversation inside TLS, through memory buffers, with a certificate it signed itself."""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path

from camerahub.farm.kinds import Do
from camerahub.farm.stream import Stream
from camerahub.farm.talk import Talk


@lru_cache(1)
def _context() -> ssl.SSLContext:
    """One key for the whole county, made when the first of its cameras is called over TLS."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera.invalid")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # ssl reads files only; these two are gone before anybody is answered.
    with tempfile.TemporaryDirectory(prefix="camerahub-farm-") as folder:
        path = Path(folder) / "camera.pem"
        path.touch(0o600)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(path)
    return context


class TlsTalk:
    """``inner`` behind TLS. What is not TLS gets an alert and is hung up on."""

    def __init__(self, inner: Talk) -> None:
        self._inner = inner
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out, server_side=True)
        self._greeted = False

    @property
    def stream(self) -> Stream | None:
        return self._inner.stream

    def closed(self) -> None:
        self._inner.closed()

    def received(self, data: bytes) -> Do:
        self._in.write(data)
        delay, then = 0.0, "keep"
        try:
            if not self._greeted:
                self._tls.do_handshake()
                self._greeted = True
            while then == "keep":
                data = self._tls.read(16384)
                if not data:  # the caller said goodbye
                    then = "close"
                    break
                do = self._inner.received(data)
                if do.data:
                    self._tls.write(do.data)
                delay, then = max(delay, do.after_s), do.then
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            then = "close"
        return Do(self._out.read(), delay, then)

    def seal(self, data: bytes | bytearray) -> bytes:
        """``data`` as TLS records."""
        self._tls.write(data)
        return self._out.read()
