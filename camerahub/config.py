"""Settings: one strict TOML file. Frozen once loaded; no globals, and nothing here opens a database or a socket.

The example in ``configs/camerahub.toml`` is complete: a test compares it with the models below.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.leaving import Rule
from camerahub.core.period import clock_of
from camerahub.core.texts import CATALOGUE, text
from camerahub.core.uplinks import DEFAULT, MOST_REFERENCES, MOST_SUBNETS, MOST_UPLINKS, Uplink, reference_of

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
HistoryBits = Annotated[int, Field(ge=1, le=8)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _wrong(kind: str, **fields: str) -> PydanticCustomError:
    """A value that is refused for the reason ``config.bad.<kind>`` of the catalogue."""
    return PydanticCustomError(kind, "refused", fields)


class Site(_Section):
    """Name and time zone of the operations centre."""

    name: str = "视频运维中心"
    timezone: str = "Asia/Shanghai"

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            raise _wrong("timezone") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which days begin and end."""
        return ZoneInfo(self.timezone)


class Database(_Section):
    """Where the register lives. An empty ``url`` is the embedded SQLite file."""

    url: str = ""
    password_file: str = ""

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise _wrong("url")
        if "@" in value and ":" in value.split("://", 1)[1].rsplit("@", 1)[0]:
            raise _wrong("password_in_url")
        return value


class Secrets(_Section):
    """Where the key of the stored camera passwords lies."""

    key_file: str = "camerahub.key"


class Web(_Section):
    """Where metrics and health are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=9320, ge=0, le=65_535)
    tls_cert: str = ""
    tls_key: str = ""
    token_file: str = ""


class Fleet(_Section):
    """How often and how gently cameras are dialled."""

    probers: int = Field(default=0, ge=0, le=64)
    interval_s: Seconds = 60.0
    jitter: float = Field(default=0.1, ge=0, le=0.5)
    deadline_s: float = Field(default=5.0, gt=0, le=60)
    confirm_s: Seconds = 5.0
    max_in_flight: Count = 1000
    dials_per_s: float = Field(default=0.0, ge=0, le=1_000_000)
    device_seats: Count = 1
    subnet_seats: Count = 32
    reference_s: float = Field(default=5.0, ge=1, le=60)
    reference_deadline_s: float = Field(default=2.0, gt=0, le=30)
    picture_interval_s: float = Field(default=900.0, ge=0, le=86_400)
    picture_deadline_s: float = Field(default=10.0, gt=0, le=60)
    picture_confirm_s: Seconds = 60.0
    picture_seats: Count = 64
    picture_mbps: float = Field(default=100.0, ge=0, le=1_000_000)
    picture_share: float = Field(default=0.5, ge=0.5, le=1)
    snapshot_s: float = Field(default=5.0, ge=0, le=3600)
    snapshot_basic: bool = False
    decoders: int = Field(default=1, ge=1, le=64)

    @field_validator("deadline_s")
    @classmethod
    def _fits(cls, value: float, info: ValidationInfo) -> float:
        if value > info.data.get("interval_s", value):
            raise _wrong("deadline")
        return value

    @field_validator("reference_deadline_s")
    @classmethod
    def _answers_before_the_next(cls, value: float, info: ValidationInfo) -> float:
        if value > info.data.get("reference_s", value):
            raise _wrong("reference_deadline")
        return value


class Guard(_Section):
    """How gently passwords are tried, and when all logins stop. What a device may count against us is no setting."""

    trial_devices: int = Field(default=5, ge=1, le=100)
    pace_per_s: float = Field(default=5.0, gt=0, le=10_000)
    at_once: int = Field(default=32, ge=1, le=10_000)
    breaker_devices: int = Field(default=5, ge=1, le=1_000_000)
    breaker_share: float = Field(default=0.2, gt=0, le=1)


class Onvif(_Section):
    """How often the ONVIF cameras are asked by themselves; 0 = only when somebody types the command."""

    clocks_interval_s: float = Field(default=86_400.0, ge=0, le=31_536_000)
    enrol_interval_s: float = Field(default=604_800.0, ge=0, le=31_536_000)


class Line(_Section):
    """One uplink: which cameras are reached through it, and what answers whenever it carries."""

    name: str
    subnets: list[str] = Field(default=[], max_length=MOST_SUBNETS)
    references: list[str] = Field(default=[], max_length=MOST_REFERENCES)
    need: int = Field(default=1, ge=1)
    mbps: float = Field(default=0.0, ge=0, le=1_000_000)

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", value):
            raise _wrong("uplink_name")
        return value

    @field_validator("subnets")
    @classmethod
    def _are_subnets(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for subnet in value:
            try:
                ipaddress.ip_network(subnet)
            except ValueError:
                raise _wrong("subnet", subnet=subnet[:64]) from None
        if value and info.data.get("name") == DEFAULT:
            raise _wrong("uplink_default")
        return value

    @field_validator("references")
    @classmethod
    def _are_references(cls, value: list[str]) -> list[str]:
        for place, reference in enumerate(value, 1):
            try:
                reference_of(reference)
            except ValueError:  # the value stays out: it may hold a password
                raise _wrong("reference", place=str(place)) from None
        return value

    @field_validator("need")
    @classmethod
    def _can_be_met(cls, value: int, info: ValidationInfo) -> int:
        if value > max(1, len(info.data.get("references", range(value)))):
            raise _wrong("uplink_need")
        return value

    def uplink(self) -> Uplink:
        """As the prober knows it."""
        references = tuple(map(reference_of, self.references))
        return Uplink(self.name, tuple(self.subnets), references, self.need, self.mbps)


class FacetHealth(_Section):
    """N of M rules of one facet."""

    down_n: HistoryBits = 3
    down_m: HistoryBits = 3
    up_n: HistoryBits = 2
    up_m: HistoryBits = 2
    stale_s: Seconds = 300.0

    @field_validator("down_m", "up_m")
    @classmethod
    def _not_below(cls, value: int, info: ValidationInfo) -> int:
        name = (info.field_name or "").replace("_m", "_n")
        if value < info.data.get(name, 1):
            raise _wrong("below", name=name)
        return value


class PictureHealth(FacetHealth):
    """The same for facets that only a picture answers: slower, so fewer bad ones are enough."""

    down_n: HistoryBits = 2
    up_n: HistoryBits = 1
    up_m: HistoryBits = 1
    stale_s: Seconds = 2_700.0


class Health(_Section):
    """Rules per facet."""

    online: FacetHealth = FacetHealth()
    media: PictureHealth = PictureHealth()
    lit: PictureHealth = PictureHealth()
    picture: PictureHealth = PictureHealth()


class Evidence(_Section):
    """How raw evidence is kept, and pictures of faults."""

    checkpoint_s: Seconds = 900.0
    picture_kb: int = Field(default=32, ge=0, le=48)
    keep_days: int = Field(default=7, ge=1, le=30)


class Backup(_Section):
    """Where backups go, and how many stay."""

    folder: str = ""
    interval_s: float = Field(default=86_400.0, ge=0, le=31_536_000)
    keep: int = Field(default=14, ge=0, le=10_000)


class Retention(_Section):
    """How long what may go is kept, days; 0 = for ever. Flips, gaps, exemptions and published runs always stay."""

    looks_days: int = Field(default=400, ge=0, le=36_500)
    claims_days: int = Field(default=400, ge=0, le=36_500)


class Monitoring(_Section):
    """Who scrapes this hub."""

    prometheus_url: str = ""


class Figures(_Section):
    """What figures are measured against, and when cameras put out of use are an alarm."""

    target: float = Field(default=0.95, gt=0, le=1)
    publish_at: str = "07:30"
    publish_by: list[Literal["county", "township", "village", "network", "unit", "maintainer"]] = Field(
        default=["township"], min_length=1, max_length=6
    )
    sampling_days: list[Annotated[int, Field(ge=1, le=31)]] = Field(default=[], max_length=31)
    sampling_within_days: int = Field(default=7, ge=0, le=31)
    stopped_within_days: int = Field(default=3, ge=1, le=31)
    stopped_at_least: Count = 20
    stopped_share: float = Field(default=0.01, gt=0, le=1)

    def leaving(self) -> Rule:
        """When cameras that leave the rates are an alarm."""
        return Rule(
            self.stopped_within_days,
            self.stopped_at_least,
            self.stopped_share,
            tuple(self.sampling_days),
            self.sampling_within_days,
        )

    @field_validator("publish_at")
    @classmethod
    def _is_clock(cls, value: str) -> str:
        if value:
            try:
                clock_of(value)
            except ValueError:
                raise _wrong("clock") from None
        return value


class Reports(_Section):
    """Reports the hub makes by itself, and how long they are kept. An empty ``daily_at``: only when somebody asks."""

    daily_at: str = "08:30"
    monthly_day: int = Field(default=3, ge=1, le=28)
    folder: str = "reports"
    keep_days: int = Field(default=400, ge=1, le=36_500)
    keep_months: int = Field(default=120, ge=1, le=1_200)

    @field_validator("daily_at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if value and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise _wrong("clock")
        return value


class Logs(_Section):
    """How much is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(_Section):
    """Everything in ``camerahub.toml``."""

    site: Site = Site()
    database: Database = Database()
    secrets: Secrets = Secrets()
    web: Web = Web()
    fleet: Fleet = Fleet()
    health: Health = Field(default=Health(), validate_default=True)

    @field_validator("health")
    @classmethod
    def _not_stale_between_looks(cls, value: Health, info: ValidationInfo) -> Health:
        fleet = info.data.get("fleet")
        if fleet is not None:
            longest = fleet.interval_s * (1 + fleet.jitter) + fleet.deadline_s
            if value.online.stale_s < longest:
                raise _wrong("stale", longest=f"{longest:g}")
            longest = fleet.picture_interval_s * (1 + fleet.jitter) + fleet.picture_deadline_s
            slow = (value.media, value.lit, value.picture)
            if fleet.picture_interval_s and min(rule.stale_s for rule in slow) < longest:
                raise _wrong("stale_picture", longest=f"{longest:g}")
        return value

    guard: Guard = Guard()
    onvif: Onvif = Onvif()
    evidence: Evidence = Evidence()
    figures: Figures = Figures()
    backup: Backup = Backup()
    retention: Retention = Retention()
    monitoring: Monitoring = Monitoring()
    reports: Reports = Reports()
    logs: Logs = Logs()
    uplinks: list[Line] = Field(default=[], max_length=MOST_UPLINKS)

    @field_validator("uplinks")
    @classmethod
    def _each_owns_its_own(cls, value: list[Line]) -> list[Line]:
        names = [line.name for line in value]
        nets = [ipaddress.ip_network(subnet) for line in value for subnet in line.subnets]
        if (twice := _twice(names)) is not None:
            raise _wrong("uplink_twice", name=twice)
        if (twice := _twice(map(str, nets))) is not None:
            raise _wrong("subnet_twice", subnet=twice)
        if sum(not line.subnets for line in value) > 1:
            raise _wrong("uplink_rest")
        return value


def _twice(items: Iterable[str]) -> str | None:
    """The first that comes again."""
    seen: set[str] = set()
    return next((item for item in items if item in seen or seen.add(item)), None)  # type: ignore[func-returns-value]


def load(path: Path) -> Settings:
    """Settings of the file ``path``.

    ConfigError names file, key, what was expected and the remedy, for every mistake at once;
    EnvironmentFault when the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError("config.missing", file=path) from None
    except OSError as error:
        raise EnvironmentFault("config.unreadable", file=path, error=error.strerror) from None
    try:
        data = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError("config.encoding", file=path, offset=error.start) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("config.syntax", file=path, error=error) from None
    return parse(data, path)


def parse(data: dict[str, Any], path: Path) -> Settings:
    """Settings of already parsed TOML; ``path`` only names the source in messages."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        zh, en = "\n".join(f"  - {line[0]}" for line in lines), "\n".join(f"  - {line[1]}" for line in lines)
        raise ConfigError("config.invalid", file=path, zh=zh, en=en) from None


def _explain(problem: Any) -> tuple[str, str]:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        nearest = _nearest(key)
        return f"未知的键 {key}; 最接近的是 {nearest}", f"unknown key {key}; nearest valid key: {nearest}"
    # The value itself stays out: a mistyped password must not reach a log.
    reason = f"config.bad.{problem['type']}"
    if reason not in CATALOGUE:
        return f"{key}: 值不合要求 ({problem['msg']})", f"{key}: {problem['msg']}"
    said = text(reason, **problem.get("ctx", {}))
    return f"{key}: {said.zh}", f"{key}: {said.en}"


def _nearest(key: str) -> str:
    every = list(keys())
    last = key.rsplit(".", 1)[-1]
    same_name = [valid for valid in every if valid.rsplit(".", 1)[-1] == last]
    close = same_name or difflib.get_close_matches(key, every, n=1, cutoff=0.0)
    return close[0]


def keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every dotted key of the configuration, sections first."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        inner = field.annotation
        inner = next(iter(get_args(inner)), inner)  # of a list: its items
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{prefix}{name}.")
