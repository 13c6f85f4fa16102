"""What the settings mean for the moving parts: how many probers, how gently, by which rules, and whom to dial.

Apart from ``app`` so that a command that only sweeps the register loads neither web server nor metrics.
"""

from __future__ import annotations

import math
import os

from camerahub.config import Settings
from camerahub.core.health import Policy
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import Facet, Target
from camerahub.core.uplinks import Uplink, UplinkMap
from camerahub.probes.table import open_files_allow
from camerahub.registry import queries

MAX_AUTO_PROBERS = 4
#: Dials a second one prober does with a core mostly to spare.
PROBER_PACE = 600.0
#: Results of a prober leave together this often: one commit for all of them is what keeps commits cheap.
BATCH_S = 2.0


def prober_count(settings: Settings, endpoints: int) -> int:
    """How many prober processes to start: as configured, or as the pace asks for, at most one a core and four.

    Fewer processes wake less often for the same number of cameras.
    """
    wanted = math.ceil(endpoints / settings.fleet.interval_s / PROBER_PACE)
    return settings.fleet.probers or max(1, min(wanted, len(os.sched_getaffinity(0)), MAX_AUTO_PROBERS))


def policies(settings: Settings) -> tuple[Policy, ...]:
    """The rules of each facet this version measures."""
    rule = settings.health.online
    stale_us = round(rule.stale_s * 1e6)
    return (Policy(Facet.ONLINE, rule.down_n, rule.down_m, rule.up_n, rule.up_m, stale_us),)


def fleet_policy(settings: Settings) -> FleetPolicy:
    """How gently each prober dials."""
    fleet = settings.fleet
    return FleetPolicy(
        interval_s=fleet.interval_s,
        jitter=fleet.jitter,
        deadline_s=fleet.deadline_s,
        confirm_s=fleet.confirm_s,
        max_in_flight=open_files_allow(fleet.max_in_flight),
        dials_per_s=fleet.dials_per_s,
        device_seats=fleet.device_seats,
        subnet_seats=fleet.subnet_seats,
        batch_s=min(BATCH_S, fleet.interval_s / 10),
        down_n=settings.health.online.down_n,
        reference_s=fleet.reference_s,
        reference_deadline_s=fleet.reference_deadline_s,
    )


def uplinks(settings: Settings) -> tuple[Uplink, ...]:
    """The lines to the cameras, the one for the rest among them."""
    return tuple(UplinkMap(line.uplink() for line in settings.uplinks).uplinks)


def target_of(row: queries.EndpointTarget, host: str, username: str = "", password: str = "") -> Target:
    """Whom to dial for one endpoint of the register; ``host`` its address as an IP."""
    shown = f"[{host}]" if ":" in host else host
    url = f"{row.scheme}://{shown}:{row.port}{row.path}" if row.scheme else ""
    return Target(row.endpoint, host, row.port, url, username, password)
