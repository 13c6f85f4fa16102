"""Both ends of the line in one process, and a child that inherits one."""

from __future__ import annotations

import asyncio
import socket
import sys

from camerahub.bus.local import HIGH_WATER, LocalEnd, inherited_end, open_end, spawn_child
from camerahub.core.messages import Ack, Drain, Results


async def _pair() -> tuple[LocalEnd, LocalEnd]:
    left, right = socket.socketpair()
    return await open_end(left), await inherited_end(right.detach())


async def test_messages_arrive_in_order_and_the_end_is_heard() -> None:
    hub, prober = await _pair()
    for seq in range(1000):
        hub.send(Ack(seq))
    assert [await prober.receive() for _ in range(1000)] == [Ack(seq) for seq in range(1000)]
    prober.send(Drain())
    await prober.aclose()
    assert await hub.receive() == Drain()
    assert await hub.receive() is None
    hub.send(Ack(1))  # nobody there: nothing happens
    await hub.drain()
    await hub.aclose()


async def test_a_peer_that_does_not_read_makes_the_sender_wait() -> None:
    hub, prober = await _pair()
    batch = Results("w", 1, 1, b"\0" * 28 * 10_000)
    sent = 0
    while sent * len(batch.rows) < 3 * HIGH_WATER:
        hub.send(batch)
        sent += 1
    waiting = asyncio.ensure_future(hub.drain())
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    for _ in range(sent):
        assert await prober.receive() == batch
    await asyncio.wait_for(waiting, 5)
    await hub.aclose()
    await prober.aclose()


async def test_garbage_ends_the_line() -> None:
    left, right = socket.socketpair()
    end = await open_end(left)
    right.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert await end.receive() is None
    right.close()
    await end.aclose()


async def test_a_child_inherits_its_end_and_its_death_is_heard() -> None:
    code = (
        "import socket,sys;s=socket.socket(fileno=int(sys.argv[2]));"
        "d=s.recv(100);s.sendall(d);print('not for users')"
    )
    child = await spawn_child([sys.executable, "-c", code])
    child.bus.send(Ack(5))
    assert await child.bus.receive() == Ack(5)
    assert await child.bus.receive() is None
    assert await child.wait() == 0
    child.terminate()
    child.kill()
    await child.bus.aclose()
