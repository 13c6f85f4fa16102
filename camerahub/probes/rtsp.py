"""`rtsp`: DESCRIBE answered 200. One 401 is answered once with the credential; a refusal ends the conversation.

No session is made, so there is nothing to tear down.
"""

from __future__ import annotations

from camerahub.core.result import SENT, UNSENT, Target
from camerahub.probes.address import address_of, describe_request
from camerahub.probes.engine import Verdict
from camerahub.wire.digest import Credential
from camerahub.wire.rtsp import Denied, Redirected, Reply, Retry, RtspClient, ServerRequest, WireError
from camerahub.wire.rtsp_describe import quick_answer, quick_describe, quick_final
from camerahub.wire.url import RtspUrl

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
    """DESCRIBE, with one answer to one challenge.

    Goes the short way of ``wire.rtsp_describe`` while the camera says what most say; from the first piece that is
    anything else, an ``RtspClient`` that is told what was heard before carries on.
    """

    __slots__ = ("_client", "_credential", "_heard", "_request", "_url", "flags", "stage", "status")
    probe = "rtsp"

    def __init__(self, url: RtspUrl, request: bytes, credential: Credential | None) -> None:
        self._url = url
        self._request = request
        self._credential = credential
        self._heard = b""
        self._client: RtspClient | None = None
        self.stage = 0
        self.status = 0
        self.flags = UNSENT

    def first(self) -> bytes:
        return self._request

    def received(self, data: bytes) -> bytes | Verdict | None:
        if self._client is None:
            if self._credential is not None and not self._heard:
                answer = quick_answer(data, self._credential, self._request)
                if answer is not None:
                    self._heard, self.stage, self.status, self.flags = data, 2, 401, SENT
                    return answer
            status = quick_final(data)
            if status is not None:
                return _OK if status == 200 else _final(status)
            self._client = self._careful()
        return self._carefully(self._client, data)

    def _careful(self) -> RtspClient:
        """A client in the state this conversation is in: its requests are sent already."""
        client = RtspClient(self._url, self._credential)
        client.describe()
        if self._heard:
            client.receive(self._heard)
        return client

    def _carefully(self, client: RtspClient, data: bytes) -> bytes | Verdict | None:
        try:
            events = client.receive(data)
        except WireError:
            return Verdict("protocol", max(1, self.stage), self.status)
        to_send = b""
        for event in events:
            match event:
                case Reply() | Redirected() | Denied():
                    return _final(event.status)
                case Retry():
                    self.stage, self.status, self.flags = 2, 401, SENT
                    to_send += event.data
                case ServerRequest():
                    to_send += event.data
                case _:
                    pass
        return to_send or None

    def closed(self) -> Verdict:
        return Verdict("reset", max(1, self.stage), self.status)


_OK = Verdict("ok", 3, 200)


def _final(status: int) -> Verdict:
    reason = reason_of(status)
    return Verdict(reason, 3 if reason == "ok" else 2, status)


def rtsp(target: Target) -> Describe:
    """The conversation for ``target``, with its credential when it has one. Raises ``UrlError``."""
    login = Credential(target.username, target.password) if target.username or target.password else None
    if target.url:
        url, request = describe_request(target.url)
    else:
        url = address_of(target)
        request = quick_describe(url)
    return Describe(url, request, login)
