"""The peer of ``bench_onvif``: onvif-zeep-async, as its users use it; run by a Python that has it.

``zeep_client.py PORT N ROUNDS FULL`` prints CPU seconds per camera of every round but the first, then the bytes a
camera keeps. FULL 1 = with ``update_xaddrs``, as its README does; 0 = the two calls alone.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import tracemalloc
from contextlib import suppress

from onvif import ONVIFCamera

AT_ONCE = 20
KEPT = 200


def host_of(i: int) -> str:
    return f"127.9.{i // 250}.{1 + i % 250}"


async def one(i: int, port: int, full: bool) -> ONVIFCamera:
    """A client, the time, the device information."""
    camera = ONVIFCamera(host_of(i), port, "admin", "secret")
    if full:
        with suppress(Exception):  # the double knows two calls; what is asked is what counts
            await camera.update_xaddrs()
    device = await camera.create_devicemgmt_service()
    told = await device.authless_GetSystemDateAndTime()
    assert told.UTCDateTime is not None
    info = await device.GetDeviceInformation()
    assert info.Manufacturer == "Invented"
    return camera


async def main(port: int, n: int, rounds: int, full: bool) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def guarded(i: int) -> None:
        async with gate:
            camera = await one(i, port, full)
            await camera.close()

    spent = []
    for _ in range(rounds + 1):
        before = time.process_time()
        await asyncio.gather(*map(guarded, range(n)))
        spent.append((time.process_time() - before) / n)
    gc.collect()
    tracemalloc.start()
    kept = [await one(i, port, full) for i in range(KEPT)]
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] / KEPT
    for camera in kept:
        await camera.close()
    print(json.dumps({"cpu_s": spent[1:], "bytes": held}))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4]), sys.argv[4] == "1"))
