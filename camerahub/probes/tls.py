"""rtsps: any conversation inside TLS, by memory buffers, so that the engine need not know.

The certificate is not verified: cameras sign their own. What is proven is that the camera works, not who it is;
a Digest answer never shows the password, and Basic is only ever sent where the camera asks for it.
"""

from __future__ import annotations

import ssl
from functools import lru_cache

from camerahub.probes.engine import Answer, Conversation, Linger, Redial, Verdict


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
        self._renew()

    def _renew(self) -> None:
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

    @property
    def read_size(self) -> int:
        return self._inner.read_size

    @property
    def max_received(self) -> int:
        return self._inner.max_received

    def first(self) -> Answer:
        if self._greeted:  # dialled anew
            self._renew()
        return self._advance()

    def received(self, data: bytes) -> Answer:
        self._in.write(data)
        return self._advance()

    def closed(self) -> Verdict | Redial:
        return self._inner.closed() if self._greeted else Verdict("tls", 1)

    def expired(self) -> Verdict | Linger:
        answer = self._inner.expired()
        return self._sealed(answer) if isinstance(answer, Linger) else answer

    def cut_short(self) -> Verdict | Linger | None:
        """As the conversation inside; None: it need not be cut short."""
        cut_short = getattr(self._inner, "cut_short", None)
        answer: Verdict | Linger | None = cut_short() if cut_short is not None and self._greeted else None
        return self._sealed(answer) if isinstance(answer, Linger) else answer

    def _sealed(self, last: Linger) -> Linger:
        """The last word as it goes over the line."""
        self._tls.write(last.data)
        return Linger(self._out.read(), last.verdict, last.seconds)

    def _advance(self) -> Answer:
        try:
            if not self._greeted:
                self._tls.do_handshake()
                self._greeted = True
                verdict = self._say(self._inner.first())
                if verdict is not None:
                    return verdict
            while data := self._tls.read(self.read_size):
                verdict = self._say(self._inner.received(data))
                if verdict is not None:
                    return verdict
            return self._alerted()  # ``read`` gives nothing after the camera's close_notify
        except ssl.SSLWantReadError:
            return self._out.read() or None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return self._alerted()
        except ssl.SSLError:
            return Verdict("tls", max(1, self.stage), self.status)

    def _alerted(self) -> Verdict | None:
        """The camera has said that it will close; where it is dialled anew then, ``closed`` says so once more."""
        answer = self.closed()
        return answer if isinstance(answer, Verdict) else None

    def _say(self, answer: Answer) -> Verdict | Linger | None:
        if isinstance(answer, bytes):
            self._tls.write(answer)
            return None
        return self._sealed(answer) if isinstance(answer, Linger) else answer
