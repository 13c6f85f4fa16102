"""`camerahub probe`: climbs the stages at one camera, once, and says in a technician's words what came of each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.gentle import told_of
from camerahub.cli.probe_onvif import ONVIF_STEPS, OnvifSteps
from camerahub.cli.probe_picture import PICTURE_STEPS, PictureSteps
from camerahub.cli.table import moment
from camerahub.cli.targets import LineError, is_address, look_up, parse_target, rtsp_target
from camerahub.core.errors import EXIT_FAULTS, EXIT_OK, ConfigError
from camerahub.core.guard_rows import NEVER
from camerahub.core.lending import Slip, Told
from camerahub.core.result import PROBE_KINDS, REASONS, Outcome, ProbeResult, Target
from camerahub.core.texts import CATALOGUE, Text, text
from camerahub.probes.table import Prober
from camerahub.services import loop
from camerahub.wire.url import HttpUrl, RtspUrl, UrlError, redact, split_http

if TYPE_CHECKING:
    from datetime import tzinfo

    from camerahub.cli.borrow import Lender
    from camerahub.cli.context import Context
    from camerahub.cli.line import Line
    from camerahub.registry.store import Store

DEFAULT_DEADLINE_S = 5.0
PICTURE_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Aim:
    """What to climb: a target whose host may be a name, its printable name, and the last step that makes sense."""

    target: Target
    name: str
    kind: str  # "rtsp", "port" (no path: no login step), "onvif", or "address" (of something else)
    stored: bool = False  # the password is the register's: the guard has a say


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
    **PICTURE_STEPS,
    **ONVIF_STEPS,
}
#: kind of aim -> (steps, (step never tried, why)).
CLIMBS: dict[str, tuple[tuple[str, ...], tuple[str, int, str] | None]] = {
    "rtsp": (("resolve", "tcp", "options", "describe", "media", "picture"), None),
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
@click.option(
    "--deadline", type=click.FloatRange(0.05, 60.0), help="每步秒数 / s a step; default 5; picture: 10"
)
@click.option("--no-picture", is_flag=True, help="到登录为止, 不取流 / stop at the login, take no media")
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
    deadline: float | None,
    no_picture: bool,
    as_json: bool,
    fail_on: str | None,
) -> int:
    """检测一路: TARGET = 摄像机编码, rtsp://…, http://… 或 host:port. Climb the stages at one camera once.

    CAMERAHUB_PASSWORD 可给密码; 密码不能写在命令行里. A password may come from CAMERAHUB_PASSWORD, never from argv.
    """
    aim = with_credentials(aim_at(context, target), user, password_stdin)
    climb = Climb(aim, deadline, printer(as_json), picture=not no_picture)
    with left_alone(context, aim) as lender:
        last = loop.run(lambda: climbed(climb, context, lender))
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
    stored = bool(user or password)
    if road.kind == "rtsp":
        address = RtspUrl(road.scheme, road.host, road.port, road.path or "/")
        return Aim(rtsp_target(road.endpoint, address, user, password), code, "rtsp", stored)
    if road.kind != "onvif":
        return Aim(Target(road.endpoint, road.host, road.port), code, "address")
    url = str(HttpUrl(road.scheme, road.host, road.port, road.path or "/"))
    return Aim(Target(road.endpoint, road.host, road.port, url, user, password), code, "onvif", stored)


def with_credentials(aim: Aim, user: str, password_stdin: bool) -> Aim:
    """The aim with the credential the user gave; one stored in the register stays when none was given."""
    user = user or aim.target.username
    if password_stdin and not user:
        raise ConfigError("probe.user_needed")
    if not user or (aim.target.password and not password_stdin):
        return aim
    target = replace(aim.target, username=user, password=_password(user, password_stdin))
    return replace(aim, target=target, stored=False)


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
def left_alone(context: Context, aim: Aim) -> Iterator[Lender | None]:
    """While a camera of the register is climbed, a hub that runs leaves it to us: never two conversations at once.

    Who lends the login, where it is the register's.
    """
    if not aim.target.endpoint:
        yield None
        return
    home = context.home_folder()
    if home.hub_pid() is not None:
        from camerahub.cli.line import line_to_hub

        with line_to_hub(home) as line:
            granted = line.ask(do="camera", endpoints=[aim.target.endpoint], login=aim.stored)
            yield _from_hub(line, granted) if aim.stored else None
            line.done()
    elif not aim.stored:
        yield None
    else:
        with home.lock(), closing(context.open_store()) as store:
            yield _alone(context, store, aim.target.endpoint)


def _from_hub(line: Line, granted: Mapping[str, object]) -> Lender:
    from camerahub.cli.borrow import FromHub

    return FromHub(line, granted)


def _alone(context: Context, store: Store, endpoint: int) -> Lender:
    from camerahub.cli.borrow import Alone
    from camerahub.plan import guard_policy
    from camerahub.telemetry.logs import set_up

    set_up(level="error")  # stdout is for results
    return Alone(store, guard_policy(context.settings()), endpoint)


async def climbed(climb: Climb, context: Context, lender: Lender | None) -> Step:
    """The last step, taken with the login that was lent; the lender hears what came of it."""
    if lender is None:
        return await climb.run()
    loan = await lender.lend()
    slip = next(iter(loan.slips.values()), Slip(0, 0, "locked", "unwatched"))
    last = await climb.run(slip, context.settings().site.zone)
    await lender.take_back(loan, climb.told, 0)
    return last


# -- the climb --------------------------------------------------------------------------------------------------------


class Climb:
    """Takes one step after the other until one fails; the rest is told as not tried."""

    def __init__(
        self, aim: Aim, deadline_s: float | None, tell: Callable[[Step], None], *, picture: bool = True
    ) -> None:
        self._aim = aim
        self._target = aim.target
        self._deadline_s = deadline_s or DEFAULT_DEADLINE_S
        self._picture_s = deadline_s or PICTURE_DEADLINE_S
        self._tell = tell
        self._picture = picture
        self._onvif: OnvifSteps | None = None
        self._seen: PictureSteps | None = None
        self._slip = Slip(0)
        self._zone: tzinfo | None = None
        #: What came of the logins.
        self.told: list[Told] = []
        self.stage = 0
        self.tried = 0
        self.duration_s = 0.0

    async def run(self, slip: Slip | None = None, zone: tzinfo | None = None) -> Step:
        """The last step that was tried. ``slip``: what the guard says of the login, times told in ``zone``."""
        self._slip, self._zone = slip or Slip(0), zone
        steps, never = CLIMBS[self._aim.kind]
        steps = tuple(name for name in steps if self._picture or name not in PICTURE_STEPS)
        prober = Prober(asyncio.get_running_loop(), max_in_flight=1)
        self._onvif = self._seen = None
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
        if PROBE_KINDS[probe].login and self._slip.reason:
            return self._held(name, stage)
        if name in ONVIF_STEPS:
            return await self._onvif_step(prober, name)
        if name in PICTURE_STEPS:
            return await self._picture_step(name)
        done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
        prober.start(self._target, probe, self._deadline_s, done.set_result)
        result = await done
        self._hear(result)
        said = self._words(name, result.reason, result.status)
        return Step(name, stage, result.outcome, result.reason, result.status, result.duration_s, said)

    def _hear(self, result: ProbeResult | None) -> None:
        """A login is told of once."""
        if result is None or not self._slip.key or not PROBE_KINDS[result.probe].login:
            return
        one = told_of(self._slip.key, result)
        if one.reason and not (self.told and self.told[-1].reason == one.reason == "ok"):
            self.told.append(one)

    def _held(self, name: str, stage: int) -> Step:
        """The guard does not let this login be tried now; why, until when, and what to do."""
        slip = self._slip
        key = f"probe.held.{slip.cause}"
        until = "-" if slip.until in (0, NEVER) or self._zone is None else moment(slip.until, self._zone)
        did = self._words(
            name, slip.reason, 0, came=text(key if key in CATALOGUE else "probe.held", until=until)
        )
        return Step(name, stage, REASONS[slip.reason].outcome, slip.reason, 0, 0.0, did)

    async def _picture_step(self, name: str) -> Step:
        """One conversation for both steps: what it brought up to the key picture, and what the picture shows."""
        if self._seen is None:
            self._seen = await PictureSteps.look(self._target, self._picture_s)
            self._hear(self._seen.result)
        took = self._seen.take(name)
        said = self._words(name, took.reason, took.status)
        if took.note is not None:
            said = Text(f"{said.zh}; {took.note.zh}", f"{said.en}; {took.note.en}")
        outcome = REASONS[took.reason].outcome
        return Step(
            name, STEPS[name][1], outcome, took.reason, took.status, took.duration_s, said, took.facts
        )

    async def _onvif_step(self, prober: Prober, name: str) -> Step:
        if self._onvif is None:
            self._onvif = OnvifSteps(prober, self._target, self._deadline_s)
        took = await self._onvif.take(name)
        if name == "onvif_login":
            self._hear(self._onvif.result)
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

    def _words(self, step: str, reason: str, status: int, came: Text | None = None) -> Text:
        """What was done, what came, what to do."""
        host, port = self._target.host, self._target.port
        fields = {"host": self._aim.target.host, "address": host if step == "resolve" else f"{host}:{port}"}
        if reason == "auth" and not self._target.username:
            reason = "auth_missing"
        own = f"probe.came.{step}.{reason}"
        did = text(f"probe.did.{step}", **fields)
        came = came or text(own if own in CATALOGUE else f"probe.came.{reason}", status=status, **fields)
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
