"""`camerahub farm`: serve a virtual county on loopback. For tests, benchmarks and demonstrations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from camerahub.core.errors import ConfigError
from camerahub.core.texts import text
from camerahub.farm.county import County
from camerahub.farm.files import TARGET_FORMS, write_areas, write_register, write_targets, write_truth
from camerahub.farm.kinds import KINDS
from camerahub.farm.model import NETWORKS, Ports, Spec
from camerahub.farm.serve import serve

_FILE = click.Path(path_type=Path, dir_okay=False)


def parse_mix(words: str) -> dict[str, float]:
    """``healthy=97,black_holed=3`` as weights. Raises ConfigError."""
    try:
        pairs = [word.split("=") for word in words.split(",") if word.strip()]
        return {name.strip(): float(weight) for name, weight in pairs}
    except ValueError:
        raise ConfigError("farm.bad_mix", mix=words, kinds=", ".join(KINDS)) from None


@click.command(hidden=True)
@click.option("--cameras", default=2000, show_default=True)
@click.option("--townships", default=20, show_default=True)
@click.option("--networks", default=",".join(NETWORKS), show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--mix", default="", help="kind=weight,… for the whole county; default: each township differs")
@click.option("--processes", default=1, show_default=True)
@click.option(
    "--port",
    default=0,
    help="port that answers; closed, black hole, ONVIF, NAT = +1 to +5; 0 = any free ones",
)
@click.option(
    "--idle", "idle_s", default=60.0, show_default=True, help="seconds before a mute caller is hung up"
)
@click.option(
    "--media/--no-media",
    default=None,
    help="encode pictures at the start, or never; default: when the first caller plays",
)
@click.option("--register-out", type=_FILE)
@click.option("--areas-out", type=_FILE)
@click.option("--truth-out", type=_FILE)
@click.option("--targets-out", type=_FILE)
@click.option("--targets-form", type=click.Choice(TARGET_FORMS), default="host", show_default=True)
def command(
    cameras: int,
    townships: int,
    networks: str,
    seed: int,
    mix: str,
    processes: int,
    port: int,
    idle_s: float,
    media: bool | None,
    register_out: Path | None,
    areas_out: Path | None,
    truth_out: Path | None,
    targets_out: Path | None,
    targets_form: str,
) -> int:
    """虚拟县: 在回环地址上模拟成千上万路摄像机 / serve a virtual county on loopback until stdin or the parent ends."""

    def write(county: County) -> None:
        for path, writer in (
            (register_out, write_register),
            (areas_out, write_areas),
            (truth_out, write_truth),
        ):
            if path is not None:
                writer(county, path)
        if targets_out is not None:
            write_targets(county, targets_out, targets_form)
        said = text("farm.serving", cameras=len(county.cameras), ports=", ".join(map(str, county.ports)))
        click.echo(f"{said.zh} / {said.en}", err=True)

    names = tuple(name.strip() for name in networks.split(",") if name.strip())
    ports = Ports(*range(port, port + 6)) if port else Ports()
    weights = parse_mix(mix)
    spec = Spec(cameras, min(townships, cameras - 1), names, seed, weights, None, ports, processes, idle_s)
    return serve(replace(spec, media=media), write)
