"""`camerahub probe`: climbs the stages at one camera, once, and says in a technician's words what came of each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.probe_onvif import ONVIF_STEPS, OnvifSteps
from camerahub.cli.targets import LineError, is_address, look_up, parse_target, rtsp_target
from camerahub.core.errors import EXIT_FAULTS, EXIT_OK, ConfigError
from camerahub.core.result import REASONS, Outcome, ProbeResult, Target
from camerahub.core.texts import CATALOGUE, Text, text
from camerahub.probes.table import Prober
from camerahub.services import loop
from camerahub.wire.url import HttpUrl, RtspUrl, UrlError, redact, split_http

if TYPE_CHECKING:
    from camerahub.cli.context import Context

DEFAULT_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class Aim:
    """What to climb: a target whose host may be a name, its printable name, and the last step that makes sense."""

    target: Target
    name: str
    kind: str  # "rtsp", "port" (no path: no login step), "onvif", or "address" (of something else)


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was taken, or not (``outcome`` None)."""

    step: str
    stage: int
    outcome: Outcome | None
    reason: str | None
    status: int
    duration_s: float
    said: Text
    facts: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The JSON line of the contract; ``facts`` where the step learned any."""
        fields: dict[str, Any] = {
            "step": self.step,
            "stage": self.stage,
            "outcome": self.outcome.name.lower() if self.outcome is not None else None,
            "reason": self.reason,
            "status": self.status or None,
            "duration_s": round(self.duration_s, 6),
            "zh": self.said.zh,
            "en": self.said.en,
        }
        if self.facts:
            fields["facts"] = self.facts
        return json.dumps(fields, ensure_ascii=False)


#: step -> (probe that proves it, its stage). ``resolve`` needs none.
STEPS: dict[str, tuple[str, int]] = {
    "resolve": ("", 0),
    "tcp": ("tcp", 1),
    "options": ("options", 2),
    "describe": ("rtsp", 3),
    **ONVIF_STEPS,
}
#: kind of aim -> (steps, (step never tried, why)).
CLIMBS: dict[str, tuple[tuple[str, ...], tuple[str, int, str] | None]] = {
    "rtsp": (("resolve", "tcp", "options", "describe"), None),
    "port": (("resolve", "tcp", "options"), ("describe", 3, "no_path")),
    "onvif": (("resolve", "tcp", *ONVIF_STEPS), None),
    "address": (("resolve", "tcp"), ("onvif_time", 2, "no_onvif")),
}


@click.command("probe")
@click.argument("target")
@click.option(
    "--user", default="", help="登录用户 / who logs in; the password is asked for, or read as below"
)
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码 / read the password from stdin")
@click.option("--deadline", type=click.FloatRange(0.05, 60.0), default=DEFAULT_DEADLINE_S, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="每步一个 JSON / one JSON object a step")
@click.option(
    "--fail-on", type=click.Choice(["fault", "unknown"]), help="exit 1 on a fault (or anything not ok)"
)
@click.pass_obj
def command(
    context: Context,
    target: str,
    user: str,
    password_stdin: bool,
    deadline: float,
    as_json: bool,
    fail_on: str | None,
) -> int:
    """检测一路: TARGET = 摄像机编码, rtsp://…, http://… 或 host:port. Climb the stages at one camera once.

    CAMERAHUB_PASSWORD 可给密码; 密码不能写在命令行里. A password may come from CAMERAHUB_PASSWORD, never from argv.
    """
    aim = with_credentials(aim_at(context, target), user, password_stdin)
    climb = Climb(aim, deadline, printer(as_json))
    with left_alone(context, aim):
        last = loop.run(climb.run)
    summarise(aim, climb, last, as_json)
    failed = last.outcome is Outcome.FAULT or (fail_on == "unknown" and last.outcome is Outcome.UNKNOWN)
    return EXIT_FAULTS if fail_on and failed else EXIT_OK


# -- whom -------------------------------------------------------------------------------------------------------------


def aim_at(context: Context, typed: str) -> Aim:
    """The aim of what was typed. ConfigError for a password in it, or when it is nothing we know."""
    if "://" in typed or ":" in typed:
        if _has_password(typed):
            raise ConfigError("probe.password_in_argv")
        http = typed.partition("://")[0].lower() in ("http", "https")
        return _onvif(typed) if http else _stream(typed)
    return from_register(context, typed)


def _has_password(typed: str) -> bool:
    """True for user:password@, wherever the @ stands: rather refuse an odd address than print a secret."""
    before, at, _ = (typed.partition("://")[2] or typed).rpartition("@")
    return bool(at) and ":" in before


def _stream(typed: str) -> Aim:
    try:
        target, name = parse_target(typed)
    except LineError as error:
        raise ConfigError("probe.bad_target", zh=error.why.zh, en=error.why.en) from None
    return Aim(target, name, "rtsp" if target.url else "port")


def _onvif(typed: str) -> Aim:
    try:
        url = split_http(typed)[0]
    except UrlError:
        why = text("probe.line.form")
        raise ConfigError("probe.bad_target", zh=why.zh, en=why.en) from None
    return Aim(Target(0, url.host, url.port, str(url)), redact(typed), "onvif")


def from_register(context: Context, code: str) -> Aim:
    """The aim of a camera of the register. ConfigError without a home or without such a camera."""
    from camerahub.registry import queries
    from camerahub.registry.engine import open_engine

    register = open_engine(context.database_url())
    known = queries.camera_code(register, code)
    if known is None:
        raise ConfigError("probe.no_camera", code=redact(code))
    roads = queries.targets(register, code=known) or queries.targets(register, probed=False, code=known)
    if not roads:
        raise ConfigError("probe.camera_no_address", code=known)
    road = min(roads, key=lambda r: (r.kind != "rtsp", r.endpoint))
    user = password = ""
    if road.credential_id:
        sealed = queries.secrets(register, [road.credential_id])[road.credential_id]
        user, password = sealed.username, context.keyring().decrypt(sealed.secret, sealed.id)
    if road.kind == "rtsp":
        address = RtspUrl(road.scheme, road.host, road.port, road.path or "/")
        return Aim(rtsp_target(road.endpoint, address, user, password), code, "rtsp")
    if road.kind != "onvif":
        return Aim(Target(road.endpoint, road.host, road.port), code, "address")
    url = str(HttpUrl(road.scheme, road.host, road.port, road.path or "/"))
    return Aim(Target(road.endpoint, road.host, road.port, url, user, password), code, "onvif")


def with_credentials(aim: Aim, user: str, password_stdin: bool) -> Aim:
    """The aim with the credential the user gave; one stored in the register stays when none was given."""
    user = user or aim.target.username
    if password_stdin and not user:
        raise ConfigError("probe.user_needed")
    if not user or (aim.target.password and not password_stdin):
        return aim
    return replace(aim, target=replace(aim.target, username=user, password=_password(user, password_stdin)))


def _password(user: str, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    given = os.environ.get("CAMERAHUB_PASSWORD")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise ConfigError("probe.password_needed", user=user)
    said = text("probe.password_prompt", user=user)
    typed: str = click.prompt(
        f"{said.zh} / {said.en}", hide_input=True, default="", show_default=False, err=True
    )
    return typed


@contextmanager
def left_alone(context: Context, aim: Aim) -> Iterator[None]:
    """While a camera of the register is climbed, a hub that runs leaves it to us: never two conversations at once."""
    if not aim.target.endpoint or (home := context.home_folder()).hub_pid() is None:
        yield
        return
    from camerahub.cli.line import line_to_hub

    with line_to_hub(home) as line:
        line.ask(do="camera", endpoints=[aim.target.endpoint])
        yield


# -- the climb --------------------------------------------------------------------------------------------------------


class Climb:
    """Takes one step after the other until one fails; the rest is told as not tried."""

    def __init__(self, aim: Aim, deadline_s: float, tell: Callable[[Step], None]) -> None:
        self._aim = aim
        self._target = aim.target
        self._deadline_s = deadline_s
        self._tell = tell
        self._onvif: OnvifSteps | None = None
        self.stage = 0
        self.tried = 0
        self.duration_s = 0.0

    async def run(self) -> Step:
        """The last step that was tried."""
        steps, never = CLIMBS[self._aim.kind]
        prober = Prober(asyncio.get_running_loop(), max_in_flight=1)
        self._onvif = None
        last: Step | None = None
        try:
            for name in steps:
                if last is not None and last.outcome is not Outcome.OK:
                    self._tell(self._untried(name, STEPS[name][1], "not_tried"))
                    continue
                last = await self._step(prober, name)
                self._note(last)
        finally:
            await prober.aclose()
        assert last is not None  # noqa: S101 - every climb begins with `resolve`
        if never is not None:
            self._tell(self._untried(*never))
        return last

    def _note(self, step: Step) -> None:
        self.tried += 1
        self.duration_s += step.duration_s
        if step.outcome is Outcome.OK:
            self.stage = step.stage
        self._tell(step)

    async def _step(self, prober: Prober, name: str) -> Step:
        probe, stage = STEPS[name]
        if not probe:
            return await self._resolve()
        if name in ONVIF_STEPS:
            return await self._onvif_step(prober, name)
        done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
        prober.start(self._target, probe, self._deadline_s, done.set_result)
        result = await done
        said = self._words(name, result.reason, result.status)
        return Step(name, stage, result.outcome, result.reason, result.status, result.duration_s, said)

    async def _onvif_step(self, prober: Prober, name: str) -> Step:
        if self._onvif is None:
            self._onvif = OnvifSteps(prober, self._target, self._deadline_s)
        took = await self._onvif.take(name)
        said = self._words(name, took.reason, took.status)
        if took.note is not None:
            said = Text(f"{said.zh}; {took.note.zh}", f"{said.en}; {took.note.en}")
        outcome = REASONS[took.reason].outcome
        return Step(
            name, STEPS[name][1], outcome, took.reason, took.status, took.duration_s, said, took.facts
        )

    async def _resolve(self) -> Step:
        began = time.monotonic()
        host = self._target.host
        address = host if is_address(host) else await look_up(host, self._deadline_s)
        if address:
            self._target = replace(self._target, host=address)
        reason = "ok" if address else "no_address"
        outcome = REASONS[reason].outcome
        return Step(
            "resolve", 0, outcome, reason, 0, time.monotonic() - began, self._words("resolve", reason, 0)
        )

    def _untried(self, name: str, stage: int, why: str) -> Step:
        return Step(name, stage, None, None, 0, 0.0, self._words(name, why, 0))

    def _words(self, step: str, reason: str, status: int) -> Text:
        """What was done, what came, what to do."""
        host, port = self._target.host, self._target.port
        fields = {"host": self._aim.target.host, "address": host if step == "resolve" else f"{host}:{port}"}
        if reason == "auth" and not self._target.username:
            reason = "auth_missing"
        own = f"probe.came.{step}.{reason}"
        did = text(f"probe.did.{step}", **fields)
        came = text(own if own in CATALOGUE else f"probe.came.{reason}", status=status, **fields)
        return Text(f"{did.zh}: {came.zh}", f"{did.en}: {came.en}")


# -- telling ----------------------------------------------------------------------------------------------------------

_MARKS = {Outcome.OK: "✓", Outcome.FAULT: "✗", Outcome.UNKNOWN: "?", None: "-"}


def printer(as_json: bool) -> Callable[[Step], None]:
    """Prints a step as it is taken: a JSON line, or two lines for people."""

    def tell(step: Step) -> None:
        if as_json:
            click.echo(step.line())
            return
        took = f"  [{step.duration_s * 1000:.0f} ms]" if step.outcome is not None else ""
        click.echo(f"{_MARKS[step.outcome]} L{step.stage} {step.said.zh}{took}\n     {step.said.en}")

    return tell


def summarise(aim: Aim, climb: Climb, last: Step, as_json: bool) -> None:
    """Print what it comes to."""
    reason = last.reason or "ok"
    outcome = REASONS[reason].outcome
    word = outcome.name.lower()
    zh = text(f"probe.summary.{word}", target=aim.name, reason=REASONS[reason].zh).zh
    en = text(f"probe.summary.{word}", target=aim.name, reason=REASONS[reason].en).en
    if not as_json:
        click.echo(f"{zh}\n{en}")
        return
    summary: dict[str, Any] = {
        "target": aim.name,
        "outcome": word,
        "reason": reason,
        "stage": climb.stage,
        "status": last.status or None,
        "steps_tried": climb.tried,
        "duration_s": round(climb.duration_s, 6),
        "zh": zh,
        "en": en,
    }
    click.echo(json.dumps({"summary": summary}, ensure_ascii=False))
