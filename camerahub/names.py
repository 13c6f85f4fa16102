"""Host names of cameras and platforms as addresses: asked together, bounded in time, none holding up the rest."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

#: How long all names together may take, and how many are asked at once.
LOOK_UP_S = 10.0
RESOLVERS = 16


async def resolve(
    hosts: Iterable[str], known: Mapping[str, str] | None = None, asked: dict[str, bool] | None = None
) -> dict[str, str]:
    """IP address of every host, within ``LOOK_UP_S``. ``asked``: gets every name, and whether it was answered.

    A name without an answer keeps the one in ``known``; else it stays as it is, and its probe will say so.
    """
    known = known or {}
    found = {host: known.get(host, host) for host in hosts}
    names = await asyncio.to_thread(lambda: [host for host in found if host and not _is_address(host)])
    # Those that answered before go first: names that nobody answers for delay only each other.
    Random().shuffle(names)
    names.sort(key=lambda name: name not in known)
    answers = await _look_up(names)
    if asked is not None:
        asked.update((name, name in answers) for name in names)
    found.update(answers)
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _look_up(names: list[str]) -> dict[str, str]:
    """In threads of their own: a silent name server must not take those that answer scrapes."""
    if not names:
        return {}
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(RESOLVERS, thread_name_prefix="names")
    try:
        asked = {loop.run_in_executor(pool, _address_of, name): name for name in names}
        done, _ = await asyncio.wait(asked, timeout=LOOK_UP_S)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {asked[answer]: address for answer in done if (address := answer.result())}


def _address_of(name: str) -> str:
    try:
        return str(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, ValueError):  # ValueError: a name that IDNA cannot write
        return ""
