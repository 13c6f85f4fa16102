"""The road of an enrolment against a strict double, in memory: order of calls, login ladder, framing, refusals."""

from __future__ import annotations

import pytest

from camerahub.core.result import REASONS
from camerahub.wire.digest import Credential
from camerahub.wire.onvif_session import OnvifResult, OnvifSession, device_moment
from camerahub.wire.url import HttpUrl

from .onvif_double import PASSWORD, USER, Double, enveloped, fault, http

URL = HttpUrl("http", "10.1.2.3", 8080, "/onvif/device_service")
RIGHT, WRONG = Credential(USER, PASSWORD), Credential(USER, "wrong")
NOW = 1_800_000_000_000
ROAD = [
    "GetSystemDateAndTime",
    "GetDeviceInformation",
    "GetServices",
    "GetProfiles",
    "GetStreamUri",
    "GetSnapshotUri",
    "GetStreamUri",
    "GetSnapshotUri",
]


class Clock:
    """Our wall clock: each look takes 3 ms."""

    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        self.ms += 3
        return self.ms


def session(login: Credential | None = RIGHT, url: HttpUrl = URL, *, basic: bool = False) -> OnvifSession:
    return OnvifSession(url, login, Clock(), basic_in_clear=basic)


def drive(
    machine: OnvifSession, double: Double, *, part: int = 1 << 20, silent_close: bool = False
) -> OnvifResult:
    """Play both sides until the session has ended; ``silent_close``: the camera closes after each response."""
    fresh = True
    while (request := machine.next_request(fresh=fresh)) is not None:
        if silent_close and not fresh:
            assert machine.lost()
            fresh = True
            continue
        answer = double.answer(request)
        whole = False
        for at in range(0, len(answer), part):
            assert not whole
            whole = machine.received(answer[at : at + part])
        if not whole:
            assert machine.lost()
        fresh = not machine.reusable
    return machine.result()


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("login", ["token", "digest", "either", "open"])
@pytest.mark.parametrize("part", [1 << 20, 7])
def test_everything_is_learned_whatever_the_login_and_the_framing(
    login: str, framing: str, part: int
) -> None:
    double = Double(login, framing=framing, skew_s=7200)
    reason, stage, status, facts = drive(session(), double, part=part)
    assert (reason, stage, status) == ("ok", 3, 200)
    road = [name for at, name in enumerate(double.heard) if name != (double.heard[at - 1] if at else "")]
    assert road == ROAD
    assert double.failures == 0
    assert facts.device is not None
    assert (facts.device.maker, facts.device.model, facts.device.serial) == ("Invented", "东门 X1", "SN0001")
    assert [p.profile.codec for p in facts.profiles] == ["H264", "JPEG"]
    assert [p.stream.url if p.stream else "" for p in facts.profiles] == [
        "rtsp://10.1.2.3/live/P1",
        "rtsp://10.1.2.3/live/P&2",
    ]
    assert [p.snapshot.url if p.snapshot else "" for p in facts.profiles] == [
        "http://10.1.2.3:8080/pic?p=P1",
        "http://10.1.2.3:8080/pic?p=P&2",
    ]
    assert facts.clock is not None
    assert (facts.clock.finding, facts.clock.hours) == ("zone", 2)
    assert facts.scheme == {"open": "token", "either": "token"}.get(login, login)


def test_the_time_is_asked_first_and_without_credentials() -> None:
    double = Double()
    drive(session(), double)
    assert double.heard[0] == "GetSystemDateAndTime"
    for secret in (b"Security", b"Authorization", USER.encode(), PASSWORD.encode()):
        assert secret not in double.requests[0]
    assert all(PASSWORD.encode() not in request for request in double.requests)


@pytest.mark.parametrize("skew", [-30 * 365 * 86400, -20, 20, 8 * 3600, 40 * 365 * 86400])
def test_tokens_are_signed_with_the_clock_of_the_camera(skew: int) -> None:
    double = Double("token", skew_s=skew)
    assert drive(session(), double).reason == "ok"
    assert double.failures == 0


def test_calls_go_to_the_path_of_the_service_at_the_host_that_was_dialled() -> None:
    double = Double(host="198.51.100.9:81")
    drive(session(), double)
    assert double.paths == ["/onvif/device_service"] * 3 + ["/onvif/Media?x=1&y"] * 5
    assert all(b"\r\nHost: 10.1.2.3:8080\r\n" in request for request in double.requests)


@pytest.mark.parametrize("login", ["token", "digest", "either"])
def test_a_wrong_password_is_sent_once_and_never_again(login: str) -> None:
    double = Double(login)
    reason, stage, status, facts = drive(session(WRONG), double)
    assert (reason, stage) == ("auth", 2)
    assert status == (401 if login == "digest" else 400)
    assert double.failures == 1
    assert double.heard[-1] == "GetDeviceInformation"
    assert facts.clock is not None
    assert facts.device is None


def test_digest_never_follows_a_refused_token() -> None:
    """A 401 that brings both a challenge and a fault that refuses the token: one failure counted, not two."""
    double = Double("token")
    challenge = 'WWW-Authenticate: Digest realm="cam", nonce="n", qop="auth"'
    double.other["GetDeviceInformation"] = http(401, fault("ter:NotAuthorized"), challenge)
    assert drive(session(), double).reason == "auth"
    assert double.heard == ROAD[:2]


def test_a_user_without_rights_ends_the_session_at_the_first_refusal() -> None:
    double = Double("token", other={"GetProfiles": http(400, fault("ter:OperationProhibited"))})
    reason, stage, _, facts = drive(session(), double)
    assert (reason, stage) == ("auth", 3)
    assert double.heard == ROAD[:4]
    assert facts.device is not None


@pytest.mark.parametrize(
    ("url", "allowed", "reason"),
    [
        (URL, False, "auth"),
        (URL, True, "ok"),
        (HttpUrl("https", "10.1.2.3", 443, "/onvif/device_service"), False, "ok"),
    ],
)
def test_basic_is_sent_in_clear_only_where_that_is_asked_for(
    url: HttpUrl, allowed: bool, reason: str
) -> None:
    double = Double("basic")
    result = drive(session(RIGHT, url, basic=allowed), double)
    assert result.reason == reason
    assert any(b"Basic " in request for request in double.requests) == (reason == "ok")


def test_without_a_login_it_is_asked_for() -> None:
    double = Double("token")
    reason, stage, _, facts = drive(session(None), double)
    assert (reason, stage, double.failures) == ("auth", 2, 0)
    assert facts.scheme == "none"


def test_a_camera_that_guards_even_its_clock_is_logged_in_with_ours() -> None:
    double = Double("token", guarded_time=True)
    reason, _, _, facts = drive(session(), double)
    assert reason == "ok"
    assert facts.clock is None


def test_a_connection_closed_without_a_word_is_dialled_again_with_a_new_nonce() -> None:
    double = Double("token")
    assert drive(session(), double, silent_close=True).reason == "ok"
    assert double.heard == ROAD
    digest = Double("digest")
    assert drive(session(), digest, silent_close=True).reason == "ok"
    assert digest.failures == 0


def test_an_answer_cut_short_ends_it() -> None:
    machine = session()
    machine.next_request(fresh=True)
    assert not machine.received(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    assert not machine.lost()
    first = session()
    first.next_request(fresh=True)
    assert not first.lost()


HTML = b"<html><body>It works<br></body></html>"


@pytest.mark.parametrize(
    ("answer", "reason", "stage"),
    [
        (http(404, HTML), "not_found", 1),
        (http(405, b""), "not_found", 1),
        (http(200, HTML), "protocol", 1),
        (http(301, b"", "Location: http://198.51.100.7/onvif"), "not_found", 1),
        (http(503, b"busy"), "busy", 1),
        (b"RTSP/1.0 200 OK\r\n\r\n", "protocol", 1),
        (http(200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), "protocol", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n", "protocol", 1),
    ],
)
def test_what_is_no_onvif_ends_at_once_with_a_reason(answer: bytes, reason: str, stage: int) -> None:
    double = Double(other={"GetSystemDateAndTime": answer})
    result = drive(session(), double)
    assert (result.reason, result.stage) == (reason, stage)
    assert double.heard == ["GetSystemDateAndTime"]
    assert result.reason in REASONS


def test_faults_are_read_as_values() -> None:
    cases = {
        "ter:ActionNotSupported": "not_found",
        "ter:InvalidArgVal": "protocol",
        "ter:NotAuthorized": "auth",
        "wsse:FailedAuthentication": "auth",
    }
    for subcode, reason in cases.items():
        result = drive(session(), Double(other={"GetDeviceInformation": http(400, fault(subcode))}))
        assert (result.reason, result.stage) == (reason, 2)
    busy = http(500, fault("ter:OutofMemory", "Receiver"))
    assert drive(session(), Double(other={"GetDeviceInformation": busy})).reason == "busy"


def test_capabilities_stand_in_for_services() -> None:
    double = Double(other={"GetServices": http(500, fault("ter:ActionNotSupported", "Receiver"))})
    result = drive(session(), double)
    assert result.reason == "ok"
    assert double.heard[2:4] == ["GetServices", "GetCapabilities"]
    assert double.paths[4] == "/onvif/Media"


def test_a_camera_without_pictures_is_not_asked_for_each_profile() -> None:
    double = Double(other={"GetSnapshotUri": http(500, fault("ter:ActionNotSupported", "Receiver"))})
    result = drive(session(), double)
    assert result.reason == "ok"
    assert double.heard.count("GetSnapshotUri") == 1
    assert [p.snapshot for p in result.facts.profiles] == [None, None]


def test_a_recorder_with_many_channels_is_bounded() -> None:
    many = tuple((f"P{i}", "H264", 100, 100) for i in range(40))
    double = Double(profiles=many)
    result = drive(session(), double)
    assert result.facts.profiles_total == 40
    assert len(result.facts.profiles) == 16
    assert double.heard.count("GetStreamUri") == 16


@pytest.mark.parametrize("address", ["", "ftp://x/y", "rtsp://", "http://10.1.2.3/"])
def test_an_address_that_cannot_be_used_is_left_out(address: str) -> None:
    told = enveloped(
        f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{address}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>"
    )
    result = drive(session(), Double(other={"GetStreamUri": http(200, told)}))
    assert result.reason == "protocol"
    assert [p.stream for p in result.facts.profiles] == [None, None]


def test_no_secret_in_what_is_printed() -> None:
    told = enveloped(
        "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://a:Planted-1@10.1.2.3/x</tt:Uri></trt:MediaUri>"
        "</trt:GetStreamUriResponse>"
    )
    result = drive(session(), Double(other={"GetStreamUri": http(200, told)}))
    stream = result.facts.profiles[0].stream
    assert stream is not None
    assert stream.login == Credential("a", "Planted-1")
    assert stream.url == "rtsp://10.1.2.3/x"
    assert "Planted" not in repr(result)
    assert PASSWORD not in repr(result)


def test_progress_is_told_call_by_call() -> None:
    told: list[str] = []
    machine = OnvifSession(URL, RIGHT, Clock(), progress=lambda record: told.append(record.name))
    drive(machine, Double())
    assert told == ROAD


def test_the_moment_of_a_camera_stays_a_moment() -> None:
    assert device_moment(NOW, 0) == "2027-01-15T08:00:00Z"
    assert device_moment(0, -5) == "1970-01-01T00:00:00Z"
    assert device_moment(NOW, 10**15) == "2999-12-31T23:59:59Z"


def test_a_brief_session_ends_with_the_identity() -> None:
    double = Double()
    reason, stage, _, facts = drive(OnvifSession(URL, RIGHT, Clock(), brief=True), double)
    assert (reason, stage, double.heard) == ("ok", 3, ROAD[:2])
    assert facts.device is not None
    assert facts.services == ()


# -- asked how first --------------------------------------------------------------------------------------------------


def asking_first(login: Credential = RIGHT) -> OnvifSession:
    return OnvifSession(URL, login, Clock(), challenge_first=True)


@pytest.mark.parametrize(
    ("login", "scheme"), [("token", "token"), ("digest", "digest"), ("either", "digest"), ("open", "none")]
)
def test_the_camera_says_first_how_it_wants_to_be_logged_in_to(login: str, scheme: str) -> None:
    double, machine = Double(login=login), asking_first()
    result = drive(machine, double)
    assert (result.reason, result.stage, result.facts.scheme) == ("ok", 3, scheme)
    assert double.failures == 0
    assert machine.sent == (login != "open")
    assert double.heard[:3] == ["GetSystemDateAndTime", "GetDeviceInformation", "GetDeviceInformation"]
    assert b"Authorization" not in double.requests[1]
    assert b"UsernameToken" not in double.requests[1]


@pytest.mark.parametrize("login", ["token", "digest", "either"])
def test_asked_first_a_wrong_password_is_still_one_failure(login: str) -> None:
    double, machine = Double(login=login), asking_first(WRONG)
    result = drive(machine, double)
    assert result.reason == "auth"
    assert double.failures == 1
    assert machine.sent


def test_a_fault_beside_the_challenge_is_no_refusal_of_what_was_not_sent() -> None:
    class Both(Double):
        """As gSOAP does it: every 401 has a challenge and the fault."""

        def _refusal(self, head: str, words: str) -> bytes | None:
            said = super()._refusal(head, words)
            if said is None or b" 401 " not in said[:16]:
                return said
            challenge = said.partition(b"WWW-Authenticate: ")[2].partition(b"\r\n")[0].decode()
            return http(401, fault("ter:NotAuthorized"), f"WWW-Authenticate: {challenge}")

    assert drive(session(), Both(login="digest")).reason == "auth"
    assert drive(asking_first(), Both(login="digest")).reason == "ok"


def test_nothing_is_sent_before_the_camera_has_told_the_time() -> None:
    machine = asking_first()
    result = drive(machine, Double(other={"GetSystemDateAndTime": http(404, b"")}))
    assert result.reason == "not_found"
    assert not machine.sent
