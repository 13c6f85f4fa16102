"""`camerahub discover`: asks subnets or addresses, on demand, which ONVIF cameras are there. Stores nothing."""

from __future__ import annotations

import ipaddress
import json
import time
import uuid
from typing import Any

import click

from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.texts import text
from camerahub.probes.discover import MOST_ADDRESSES, RATE, WAIT_S, Discovery, Found, Network, Tally
from camerahub.services import loop
from camerahub.wire.url import redact
from camerahub.wire.wsdiscovery import PORT


@click.command("discover")
@click.argument("networks", metavar="SUBNET|ADDRESS...", nargs=-1, required=True)
@click.option("--wait", type=click.FloatRange(0.05, 60.0), default=WAIT_S, show_default=True)
@click.option(
    "--rate", type=click.IntRange(1, 2000), default=RATE, show_default=True, help="每秒报文 / a second"
)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="每台一个 JSON / one JSON object a camera")
def command(networks: tuple[str, ...], wait: float, rate: int, port: int, as_json: bool) -> int:
    """发现摄像机: 向给定网段或地址各发一个 WS-Discovery 报文. Ask a subnet or addresses for ONVIF cameras."""
    search = Discovery(
        read_networks(networks), lambda one: tell(one, as_json), uuid.uuid4().urn, port, rate, wait
    )
    began = time.monotonic()
    try:
        tally = loop.run(search.run)
    except OSError as error:
        raise EnvironmentFault("discover.no_socket", problem=error.strerror) from None
    summarise(tally, time.monotonic() - began, as_json)
    return EXIT_OK


def read_networks(words: tuple[str, ...]) -> list[Network]:
    """The networks of the command line. ConfigError for anything else, or for too many addresses."""
    networks: list[Network] = []
    for word in words:
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            raise ConfigError("discover.bad_network", word=redact(word)) from None
    count = sum(network.num_addresses for network in networks)
    if count > MOST_ADDRESSES:
        raise ConfigError("discover.too_many", count=count, most=MOST_ADDRESSES)
    return networks


def tell(one: Found, as_json: bool) -> None:
    """Print one camera as it answers."""
    match = one.match
    fields: dict[str, Any] = {
        "address": one.host,
        "url": redact(str(one.url)),
        "name": match.scope("name"),
        "hardware": match.scope("hardware"),
        "location": match.scope("location"),
        "types": list(match.types),
        "xaddrs": [redact(xaddr) for xaddr in match.xaddrs],
        "endpoint": match.endpoint,
    }
    if as_json:
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    words = (fields[name] for name in ("address", "url", "name", "hardware", "location"))
    click.echo("  ".join(printable(word) or "-" for word in words))


def printable(word: str) -> str:
    """What a stranger sent, as a terminal may show it."""
    return "".join(letter if letter.isprintable() else "?" for letter in word)


def summarise(tally: Tally, wall_s: float, as_json: bool) -> None:
    """Print what it comes to."""
    counts = {
        "asked": tally.asked,
        "found": tally.found,
        "unreachable": tally.unreachable,
        "strangers": tally.strangers,
        "unreadable": tally.unreadable,
    }
    if as_json:
        click.echo(json.dumps({"summary": {**counts, "wall_s": round(wall_s, 3)}}))
        return
    said = text("discover.summary", **counts, wall=f"{wall_s:.1f}")
    click.echo(f"{said.zh}\n{said.en}")
