"""The county as a whole: cameras with codes, names, addresses and kinds, all drawn from one seed.

Pure: equal specs give equal counties, in any process. Who serves it and who writes it down is not known here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, cycle, groupby
from typing import NamedTuple

from camerahub.core.errors import ConfigError
from camerahub.farm.kinds import KINDS, PICTURE_KINDS, SNAPSHOT_KINDS
from camerahub.farm.makers import MAKERS, SCHEME_WEIGHTS
from camerahub.farm.model import DISMANTLED, IN_USE, NETWORKS, Area, Camera, Ports, Spec
from camerahub.farm.places import COUNTY, HEADINGS, SPOTS, Place, places

#: How a township fares: name -> kind weights. Townships take them in turn; the first one is never less than perfect.
PROFILES: dict[str, dict[str, float]] = {
    "perfect": {"healthy": 100},
    "ordinary": {
        "healthy": 70, "slow": 3, "dead": 2, "refusing": 2, "black_holed": 2, "silent": 1, "garbage": 2,
        "wrong_password": 3, "slots_full": 2, "wrong_path": 1, "tls": 1, "udp_only": 1, "silent_play": 1,
        "no_keyframe": 1, "undecodable": 1, "encrypted": 1, "svac": 1, "black": 1, "no_signal": 2,
        "clock_off": 2, "clock_zone": 1, "clock_1970": 1,
    },
    "good": {
        "healthy": 89, "slow": 2, "wrong_password": 2, "slots_full": 1, "dead": 1, "black": 1, "no_signal": 1,
        "clock_off": 2, "clock_zone": 1,
    },
    "poor": {
        "healthy": 42, "black_holed": 12, "refusing": 8, "dead": 8, "silent": 5, "garbage": 6,
        "wrong_password": 5, "slots_full": 2, "wrong_path": 2, "silent_play": 2, "no_keyframe": 1, "undecodable": 1,
        "black": 2, "no_signal": 2, "clock_1970": 2,
    },
    "tidy": {"healthy": 96, "refusing": 2, "wrong_path": 1, "black": 1},
    "cut": {"black_holed": 55, "refusing": 10, "healthy": 35},
}  # fmt: skip
DEFAULT_PORTS = Ports(8554, 8555, 8556, 8557, 8558, 8559)
NVR_SHARE = 0.3
NVR_CHANNELS = (4, 8, 16)
#: Every so many lone cameras of a place, three share one address behind a NAT, each on a port of its own.
NAT_EVERY = 30
NAT_DOORS = ("serve", "nat1", "nat2")
#: One camera in so many shows a picture with a fault, each fault in its turn.
FAULTY_OUT_OF = 40
#: One in so many sends no stream that reaches us, and has a snapshot address.
SNAPSHOT_OUT_OF = 100
#: One device in so many has no ONVIF address in the register.
ONVIF_OUT_OF = 3
_INDUSTRY = {"xueliang": ("01", "6"), "tianwang": ("00", "1"), "huiyan": ("05", "2")}
_MAINTAINERS = ("甲维护队(虚拟)", "乙维护队(虚拟)", "丙维护队(虚拟)")
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class _Unit(NamedTuple):
    """One address: a camera of its own (one channel) or an NVR with several."""

    place: Place
    network: str
    channels: int


@dataclass(frozen=True)
class County:
    """A virtual county and the truth about it. ``ports`` are where it is (or will be) served."""

    spec: Spec
    areas: tuple[Area, ...]
    cameras: tuple[Camera, ...]
    ports: Ports

    @classmethod
    def make(
        cls,
        cameras: int = 2000,
        townships: int = 20,
        networks: Sequence[str] = NETWORKS,
        seed: int = 1,
        mix: Mapping[str, float] | None = None,
        ports: Ports = DEFAULT_PORTS,
    ) -> County:
        """A county of that size. Raises ConfigError for an impossible size or an unknown kind in ``mix``."""
        return cls.build(Spec(cameras, townships, tuple(networks), seed, mix or {}, ports=ports))

    @classmethod
    def build(cls, spec: Spec) -> County:
        """The county of ``spec``, the same every time."""
        _check_mix(spec.mix)
        areas, cameras = _build(spec)
        return cls(spec, tuple(areas), tuple(cameras), spec.ports)

    @cached_property
    def by_code(self) -> dict[str, Camera]:
        """code -> camera."""
        return {camera.code: camera for camera in self.cameras}

    @cached_property
    def _channels(self) -> dict[str, list[str]]:
        """Stream paths behind each address, in order."""
        found: dict[str, list[str]] = {}
        for camera in self.cameras:
            found.setdefault(camera.address, []).append(camera.path)
        return found

    def port(self, camera: Camera) -> int:
        """The door of ``camera`` as it was built."""
        kind = KINDS[camera.kind]
        port: int = getattr(self.ports, camera.door if kind.port == "serve" else kind.port)
        return port

    def url(self, camera: Camera, path: str | None = None) -> str:
        """rtsp:// or rtsps:// address without a login, empty when the camera has none."""
        if not camera.host:
            return ""
        scheme = "rtsps" if KINDS[camera.kind].tls else "rtsp"
        return f"{scheme}://{camera.host}:{self.port(camera)}{camera.path if path is None else path}"

    def onvif_url(self, camera: Camera) -> str:
        """http:// address of its device's ONVIF service, empty where the register knows none."""
        if not camera.host or camera.door != "serve" or camera.device_number % ONVIF_OUT_OF == 0:
            return ""
        kind = KINDS[camera.kind]
        port: int = getattr(self.ports, "onvif" if kind.port == "serve" else kind.port)
        return f"http://{camera.host}:{port}/onvif/device_service"

    def snapshot_url(self, camera: Camera) -> str:
        """http:// address of its snapshot, empty where the register knows none."""
        if camera.kind not in SNAPSHOT_KINDS or not camera.host or camera.door != "serve":
            return ""
        number = self._channels[camera.address].index(camera.path) + 1
        return f"http://{camera.host}:{self.ports.onvif}/onvif/snapshot?channel={number}"


def _check_mix(mix: Mapping[str, float]) -> None:
    if mix.keys() - KINDS.keys() or any(w < 0 for w in mix.values()) or (mix and not sum(mix.values())):
        shown = ",".join(f"{kind}={weight}" for kind, weight in mix.items())
        raise ConfigError("farm.bad_mix", mix=shown, kinds=", ".join(KINDS))


def quotas(total: int, weights: Mapping[str, float]) -> list[str]:
    """``total`` names shared out by ``weights`` exactly (largest remainder), in the order of the weights."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    given = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: given[name] - exact[name])
    for name in by_rest[: total - sum(given.values())]:
        given[name] += 1
    return [name for name in weights for _ in range(given[name])]


def _build(spec: Spec) -> tuple[list[Area], list[Camera]]:
    rng = random.Random(spec.seed)
    areas, where = places(spec.townships, rng)
    extras = not spec.mix if spec.extras is None else spec.extras
    units = _units(spec, where, extras, rng)
    kinds = _shared_kinds(units, spec.mix, rng) if spec.mix else _township_kinds(units, rng)
    maker = _Maker(rng)
    hosts = _hosts(units)
    homes = _behind_nats(units, kinds, hosts) if extras else [_Home(host) for host in hosts]
    cameras = [
        c for unit, kind, home in zip(units, kinds, homes, strict=True) for c in maker.unit(unit, kind, home)
    ]
    if extras:
        cameras = _with_faulty_pictures(_registered_only(cameras, rng), where[0].code, spec.seed)
        cameras = _with_snapshots(cameras, where[0].code, spec.seed)
    return areas, cameras


def _units(spec: Spec, where: list[Place], extras: bool, rng: random.Random) -> list[_Unit]:
    """Addresses place by place: every township has a camera, the county itself about one in a hundred."""
    direct = max(1, spec.cameras // 100) if extras and spec.cameras >= spec.townships + 2 else 0
    free = spec.cameras - direct - spec.townships
    shares = quotas(free, {place.code: rng.uniform(0.4, 1.6) for place in where[:-1]})
    given = Counter(shares)
    sizes = {place.code: 1 + given[place.code] for place in where[:-1]} | {COUNTY: direct}
    return [unit for place in where for unit in _split(place, sizes[place.code], spec.networks, extras, rng)]


def _split(
    place: Place, cameras: int, networks: tuple[str, ...], extras: bool, rng: random.Random
) -> Iterator[_Unit]:
    weights = [1 / (i + 1) for i in range(len(networks))]
    behind_nvr = int(cameras * NVR_SHARE) if extras else 0
    while cameras > 0:
        channels = rng.choice(NVR_CHANNELS)
        if channels > behind_nvr:
            behind_nvr, channels = 0, 1
        behind_nvr -= channels if channels > 1 else 0
        cameras -= channels
        yield _Unit(place, rng.choices(networks, weights)[0], channels)


def _shared_kinds(units: list[_Unit], mix: Mapping[str, float], rng: random.Random) -> list[str]:
    kinds = quotas(len(units), mix)
    rng.shuffle(kinds)
    return kinds


def _township_kinds(units: list[_Unit], rng: random.Random) -> list[str]:
    """Every place has a profile of its own, bent a little, so that no two have the same rate for the same reason."""
    kinds: list[str] = []
    for (_, group), profile in zip(
        groupby(units, lambda unit: unit.place.code), cycle(PROFILES.values()), strict=False
    ):
        bent = {
            kind: weight * (kind == "healthy" or rng.uniform(0.4, 1.6)) for kind, weight in profile.items()
        }
        kinds += _shared_kinds(list(group), bent, rng)
    return kinds


def _hosts(units: list[_Unit]) -> list[str]:
    """One address a unit from 127.16.0.1 on, a new /24 for every place."""
    found: list[str] = []
    net, host, last = 16 << 8, 0, ""
    for unit in units:
        if host == 254 or (last and unit.place.code != last):
            net, host = net + 1, 0
        host, last = host + 1, unit.place.code
        found.append(f"127.{net >> 8}.{net & 255}.{host}")
    return found


class _Home(NamedTuple):
    """Where a unit is dialled."""

    host: str
    door: str = NAT_DOORS[0]


def _behind_nats(units: list[_Unit], kinds: list[str], hosts: list[str]) -> list[_Home]:
    """Some lone cameras of the same place move to the address of another one.

    Only those that let one in: the guard of logins knows devices by address, so a neighbour that refuses or is full
    would hold them for a day, which is right and makes the truth a matter of timing.
    """
    homes = [_Home(host) for host in hosts]
    alone: dict[str, list[int]] = {}
    for i, (unit, kind) in enumerate(zip(units, kinds, strict=True)):
        one = KINDS[kind]
        if unit.channels == 1 and one.port == "serve" and one.truth.rtsp == ("ok",):
            alone.setdefault(unit.place.code, []).append(i)
    for found in alone.values():
        for at in range(0, len(found) - len(NAT_DOORS) + 1, NAT_EVERY):
            for i, door in zip(found[at:], NAT_DOORS, strict=False):
                homes[i] = _Home(hosts[found[at]], door)
    return homes


class _Maker:
    """Turns units into cameras; keeps the running numbers and the password groups."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.numbers = count(1)
        self.nvrs = count(1)
        groups = ["".join(rng.choices(_LETTERS, k=10)) for _ in range(8)]
        # Real passwords hold what URLs are made of; nobody may trip over it.
        self.groups = [*groups, groups[0] + "@#1", groups[1] + ":/%4"]

    def unit(self, unit: _Unit, kind: str, home: _Home) -> Iterator[Camera]:
        """All channels behind one address. A kind of a single channel befalls one in three of an NVR's."""
        rng = self.rng
        maker = rng.choices(list(MAKERS), (5, 3, 2))[0]
        schemes = list(SCHEME_WEIGHTS) if kind != "wrong_password" else list(SCHEME_WEIGHTS)[:-1]
        scheme = rng.choices(schemes, [SCHEME_WEIGHTS[s] for s in schemes])[0]
        login = ("", "") if scheme == "open" else ("admin", rng.choice(self.groups))
        device = f"NVR-{next(self.nvrs):04d}" if unit.channels > 1 else ""
        for channel in range(1, unit.channels + 1):
            whole = unit.channels == 1 or KINDS[kind].whole_device or channel % 3 == 1
            yield self._camera(
                unit, kind if whole else "healthy", home, channel, device, maker, scheme, login
            )

    def _camera(
        self,
        unit: _Unit,
        kind: str,
        home: _Home,
        channel: int,
        device: str,
        maker: str,
        scheme: str,
        login: tuple[str, str],
    ) -> Camera:
        rng, style, number, place = self.rng, MAKERS[maker], next(self.numbers), unit.place
        village = rng.choice(place.villages) if place.villages and rng.random() < 0.9 else None
        industry, net = _INDUSTRY.get(unit.network, ("00", "8"))
        short = "" if place.code == COUNTY else place.name
        spot = (village.name if village else "") + rng.choice(SPOTS)
        return Camera(
            code=f"{COUNTY}00{industry}132{net}{number:06d}",
            name=f"{number:05d}{short}{spot}{rng.choice(HEADINGS)}向",
            area_code=village.code if village else place.code,
            township=place.code,
            network=unit.network,
            source=f"{unit.network}-平台",
            kind=kind,
            host=home.host,
            path=style.main.format(n=channel),
            sub_path=style.sub.format(n=channel),
            device=device,
            maker=maker,
            model=style.nvr if device else rng.choice(style.models),
            scheme=scheme,
            username=login[0],
            password=login[1],
            variant=rng.randrange(1 << 30),
            point_class=rng.choice("1123"),
            maintainer=rng.choice(_MAINTAINERS),
            status=IN_USE,
            door=home.door,
        )


def _with_faulty_pictures(cameras: list[Camera], perfect: str, seed: int) -> list[Camera]:
    """Some of the healthy ones outside the township ``perfect`` show a picture that is lit and has a fault."""
    rng = random.Random(f"pictures {seed}")
    healthy = [
        i
        for i, c in enumerate(cameras)
        if c.kind == "healthy" and c.host and c.expected and c.township != perfect
    ]
    picked = rng.sample(healthy, min(len(healthy) // 4, len(cameras) // FAULTY_OUT_OF))
    for i, kind in zip(picked, cycle(PICTURE_KINDS), strict=False):
        cameras[i] = replace(cameras[i], kind=kind)
    return cameras


def _with_snapshots(cameras: list[Camera], perfect: str, seed: int) -> list[Camera]:
    """Some more of the healthy ones, alone at their address, send by UDP only and give snapshots of each sort."""
    rng = random.Random(f"snapshots {seed}")
    at_host = Counter(camera.host for camera in cameras)
    healthy = [
        i
        for i, c in enumerate(cameras)
        if c.kind == "healthy" and at_host[c.host] == 1 and c.host and c.expected and c.township != perfect
    ]
    picked = rng.sample(healthy, min(len(healthy) // 8, len(cameras) // SNAPSHOT_OUT_OF))
    for i, kind in zip(picked, cycle(SNAPSHOT_KINDS), strict=False):
        cameras[i] = replace(cameras[i], kind=kind)
    return cameras


def _registered_only(cameras: list[Camera], rng: random.Random) -> list[Camera]:
    """One in 200 has no address in the register, one in 200 was dismantled: both stay in the list."""
    at_host = Counter(camera.host for camera in cameras)
    alone = [i for i, camera in enumerate(cameras) if at_host[camera.host] == 1 and camera.kind == "healthy"]
    share = min(max(1, len(cameras) // 200), len(alone) // 4)
    picked = rng.sample(alone, 2 * share)
    for i in picked[:share]:
        cameras[i] = replace(cameras[i], host="", path="", sub_path="", username="", password="")
    for i in picked[share:]:
        cameras[i] = replace(cameras[i], kind="refusing", status=DISMANTLED)
    return cameras
