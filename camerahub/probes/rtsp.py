"""`rtsp`: DESCRIBE answered 200. One 401 is answered once with the credential; a refusal ends the conversation.

No session is made, so there is nothing to tear down.
"""

from __future__ import annotations

from camerahub.core.result import Target
from camerahub.probes.address import address_of
from camerahub.probes.engine import Verdict
from camerahub.wire.digest import Credential
from camerahub.wire.rtsp import Denied, Redirected, Reply, Retry, RtspClient, ServerRequest, WireError

#: What the status of a DESCRIBE means. A status that stands nowhere: 4xx = no stream here, 5xx = not now.
STATUS_REASONS: dict[int, str] = {
    401: "auth",
    403: "busy",
    404: "not_found",
    407: "auth",
    410: "not_found",
    453: "busy",
    461: "transport",
    500: "busy",
    503: "busy",
}


def reason_of(status: int) -> str:
    """The reason for the final status of a DESCRIBE, 100..599."""
    if 200 <= status < 300:
        return "ok"
    return STATUS_REASONS.get(status, "busy" if status >= 500 else "not_found")


class Describe:
    """DESCRIBE, with one answer to one challenge."""

    __slots__ = ("_client", "stage", "status")
    probe = "rtsp"

    def __init__(self, client: RtspClient) -> None:
        self._client = client
        self.stage = 0
        self.status = 0

    def first(self) -> bytes:
        return self._client.describe()

    def received(self, data: bytes) -> bytes | Verdict | None:
        try:
            events = self._client.receive(data)
        except WireError:
            return Verdict("protocol", max(1, self.stage), self.status)
        to_send = b""
        for event in events:
            match event:
                case Reply() | Redirected() | Denied():
                    return self._final(event.status)
                case Retry():
                    self.stage, self.status = 2, 401
                    to_send += event.data
                case ServerRequest():
                    to_send += event.data
                case _:
                    pass
        return to_send or None

    def _final(self, status: int) -> Verdict:
        reason = reason_of(status)
        return Verdict(reason, 3 if reason == "ok" else 2, status)

    def closed(self) -> Verdict:
        return Verdict("reset", max(1, self.stage), self.status)


def rtsp(target: Target) -> Describe:
    """The conversation for ``target``, with its credential when it has one. Raises ``UrlError``."""
    credential = Credential(target.username, target.password) if target.username or target.password else None
    return Describe(RtspClient(address_of(target), credential))
