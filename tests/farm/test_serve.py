"""Nothing is left behind, whoever dies first; busy ports are one clear sentence."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable

import pytest

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.farm.handle import start_county
from camerahub.farm.model import Ports
from camerahub.farm.serve import merge

PARENT = """
import json, signal
from camerahub.farm.handle import start_county
farm = start_county(cameras=20, townships=2, processes=2)
print(json.dumps(farm.pids), flush=True)
signal.pause()
"""


def gone(fds: Iterable[int]) -> bool:
    """Whether all those processes end within five seconds; closes the descriptors."""
    ended = [bool(select.select([fd], [], [], 5)[0]) for fd in fds]
    for fd in fds:
        os.close(fd)
    return all(ended)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_the_farm_dies_with_its_parent(sig):
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        pids = [os.pidfd_open(pid) for pid in json.loads(parent.stdout.readline())]
        parent.send_signal(sig)
        assert len(pids) == 3
        assert gone(pids)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_the_servers_die_with_the_farm(sig):
    with start_county(cameras=20, townships=2, processes=2) as farm:
        pids = [os.pidfd_open(pid) for pid in farm.pids]
        os.kill(farm.pids[0], sig)
        assert gone(pids)
        farm.stop()
        assert farm.process.returncode == {signal.SIGTERM: 0, signal.SIGKILL: -9}[sig]


def test_an_interrupt_of_the_terminal_is_the_owners_business():
    with start_county(cameras=20, townships=2) as farm:
        os.kill(farm.pids[0], signal.SIGINT)
        os.kill(farm.pids[1], signal.SIGINT)
        assert farm.stats()["accepted"] == 0


def test_a_bad_mix_leaves_no_process():
    with pytest.raises(ConfigError):
        start_county(cameras=20, townships=2, mix={"haunted": 1})


def test_a_dead_server_ends_the_farm():
    with start_county(cameras=20, townships=2, processes=2) as farm:
        pids = [os.pidfd_open(pid) for pid in farm.pids]
        os.kill(farm.pids[1], signal.SIGKILL)
        assert gone(pids)
        farm.stop()
        assert farm.process.returncode == 70


def test_stop_prints_what_it_cost_and_leaves_nothing():
    farm = start_county(cameras=20, townships=2)
    pids = [os.pidfd_open(pid) for pid in farm.pids]
    last = farm.stop()
    assert last["stopped"] is True
    assert last["cpu_s"] >= 0
    assert farm.process.returncode == 0
    assert gone(pids)
    assert farm.stop() == last


async def test_in_asyncio_it_is_an_async_context():
    async with start_county(cameras=20, townships=2) as farm:
        assert farm.stats()["accepted"] == 0
    assert farm.process.returncode == 0


def test_a_busy_port_is_one_clear_sentence(capfd):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(EnvironmentFault):
            start_county(cameras=20, townships=2, ports=Ports(port, 0, 0))
    said = capfd.readouterr().err
    assert str(port) in said
    assert "Traceback" not in said


def test_answers_of_several_servers_add_up():
    assert merge([{"a": 1, "k": "x", "ok": True}, {"a": 2, "k": "x", "ok": True}]) == {
        "a": 3,
        "k": "x",
        "ok": True,
    }
    assert merge([[{"a": 1}], [{"a": 2}]]) == [{"a": 3}]
