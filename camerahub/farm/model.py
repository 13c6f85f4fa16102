"""What a virtual camera is. Plain data; the files around it give it places, kinds and a voice."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from camerahub.core.errors import ConfigError

NETWORKS = ("xueliang", "tianwang", "huiyan")
MAX_CAMERAS = 1_000_000
MAX_TOWNSHIPS = 390


class Ports(NamedTuple):
    """The doors of the county, the same on every address: answered, nobody there, full for ever; ONVIF; two more that
    answer, for devices that share an address behind a NAT."""

    serve: int = 0
    closed: int = 0
    hole: int = 0
    onvif: int = 0
    nat1: int = 0
    nat2: int = 0


ANY_PORTS = Ports()
LISTENING = ("serve", "onvif", "nat1", "nat2")


@dataclass(frozen=True, slots=True)
class Spec:
    """What to build and how to serve it. Equal specs give equal counties.

    ``mix``: kind -> weight, for the whole county; empty = each township has a mix of its own. ``extras``: NVRs,
    cameras without an address and dismantled ones; None = only without a ``mix``. ``ports`` 0 = any free one.
    ``idle_s``: a conversation that says nothing for so long is closed; so is a session. ``media``: encode pictures at
    the start (True), on the first PLAY (None), or never (False: PLAY is answered and nothing follows).
    """

    cameras: int = 2000
    townships: int = 20
    networks: tuple[str, ...] = NETWORKS
    seed: int = 1
    mix: Mapping[str, float] = field(default_factory=dict)
    extras: bool | None = None
    ports: Ports = ANY_PORTS
    processes: int = 1
    idle_s: float = 60.0
    wildcard: bool = True
    media: bool | None = None

    def __post_init__(self) -> None:
        if not (1 <= self.townships <= MAX_TOWNSHIPS and self.townships < self.cameras <= MAX_CAMERAS):
            raise ConfigError("farm.bad_size", cameras=MAX_CAMERAS, townships=MAX_TOWNSHIPS)
        if not self.networks or self.processes < 1:
            raise ConfigError("farm.bad_size", cameras=MAX_CAMERAS, townships=MAX_TOWNSHIPS)

    def to_json(self) -> dict[str, Any]:
        """The spec as JSON values; ``from_json`` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Spec:
        """The spec that ``to_json`` wrote; missing keys take the defaults."""
        fixed = dict(values)
        if "networks" in fixed:
            fixed["networks"] = tuple(fixed["networks"])
        if "ports" in fixed:
            fixed["ports"] = Ports(*fixed["ports"])
        return cls(**fixed)


class Area(NamedTuple):
    """One node of the civil tree: code of 6, 9 or 12 digits, ``level`` county, township or village."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True, slots=True)
class Camera:
    """One channel as the register has it. ``host`` is empty when the register knows no address.

    ``township`` is what the rates count it under: the township's code, or the county's for a county-direct one.
    ``device`` names the NVR it hangs on, empty for a camera with an address of its own. ``variant`` seeds what
    differs within a kind (sort of garbage, delay, status). ``door``: which of the answering ports it stands behind.
    """

    code: str
    name: str
    area_code: str
    township: str
    network: str
    source: str
    kind: str
    host: str
    path: str
    sub_path: str
    device: str
    maker: str
    model: str
    scheme: str
    username: str
    password: str = field(repr=False)
    variant: int
    point_class: str
    maintainer: str
    status: str
    door: str = "serve"

    @property
    def address(self) -> str:
        """Names its device: the host, and the door where several devices share one host behind a NAT."""
        return self.host if self.door == "serve" else f"{self.host}/{self.door}"

    @property
    def device_number(self) -> int:
        """Seeds what is the same for all channels of its device."""
        return zlib.crc32(self.address.encode())

    @property
    def expected(self) -> bool:
        """Whether it counts in a denominator: everything that is not dismantled."""
        return self.status == IN_USE


IN_USE = "在用"
DISMANTLED = "拆除"
