"""rtsps: any conversation inside TLS, by memory buffers, so that the engine need not know.

The certificate is not verified: cameras sign their own. What is proven is that the camera works, not who it is;
a Digest answer never shows the password, and Basic is only ever sent where the camera asks for it.
"""

from __future__ import annotations

import ssl
from functools import lru_cache

from camerahub.probes.engine import Conversation, Verdict


@lru_cache(1)
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Tls:
    """Wraps ``inner``: handshake first, then its bytes, encrypted."""

    __slots__ = ("_greeted", "_in", "_inner", "_out", "_tls")

    def __init__(self, inner: Conversation) -> None:
        self._inner = inner
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out)
        self._greeted = False

    @property
    def probe(self) -> str:
        return self._inner.probe

    @property
    def stage(self) -> int:
        return self._inner.stage

    @property
    def status(self) -> int:
        return self._inner.status

    @property
    def flags(self) -> int:
        return getattr(self._inner, "flags", 0)

    def first(self) -> bytes | Verdict | None:
        return self._advance()

    def received(self, data: bytes) -> bytes | Verdict | None:
        self._in.write(data)
        return self._advance()

    def closed(self) -> Verdict:
        return self._inner.closed() if self._greeted else Verdict("tls", 1)

    def _advance(self) -> bytes | Verdict | None:
        try:
            if not self._greeted:
                self._tls.do_handshake()
                self._greeted = True
                verdict = self._say(self._inner.first())
                if verdict is not None:
                    return verdict
            while True:
                verdict = self._say(self._inner.received(self._tls.read(16384)))
                if verdict is not None:
                    return verdict
        except ssl.SSLWantReadError:
            return self._out.read() or None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return self.closed()
        except ssl.SSLError:
            return Verdict("tls", max(1, self.stage), self.status)

    def _say(self, answer: bytes | Verdict | None) -> Verdict | None:
        if isinstance(answer, bytes):
            self._tls.write(answer)
            return None
        return answer
