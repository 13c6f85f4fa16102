"""What the settings mean for the moving parts: how many probers, how gently, by which rules, and whom to dial.

Apart from ``app`` so that a command that only sweeps the register loads neither web server nor metrics.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace

from sqlalchemy import Engine

from camerahub.config import Settings
from camerahub.core.guard_rows import GuardPolicy
from camerahub.core.health import Policy
from camerahub.core.messages import FleetPolicy
from camerahub.core.period import clock_of, last_clock
from camerahub.core.publishing import due
from camerahub.core.result import Facet, Target
from camerahub.core.uplinks import Uplink, UplinkMap
from camerahub.probes.table import open_files_allow
from camerahub.registry import publishing, queries
from camerahub.registry.past import first_flip
from camerahub.services.errands import Errand

#: The liveness probe of the fleet, and the one of the slow grid.
LIVENESS, PICTURE = "options", "picture"
MAX_AUTO_PROBERS = 4
#: Dials a second one prober does with a core mostly to spare.
PROBER_PACE = 600.0
#: Results of a prober leave together this often: one commit for all of them is what keeps commits cheap.
BATCH_S = 2.0
#: Figures that are due and could not be published are tried again after so long, seconds.
PUBLISH_S = 600.0
#: What has had its time goes once a day.
PRUNE_S = 86_400.0


def prober_count(settings: Settings, endpoints: int) -> int:
    """How many prober processes to start: as configured, or as the pace asks for, at most one a core and four.

    Fewer processes wake less often for the same number of cameras.
    """
    wanted = math.ceil(endpoints / settings.fleet.interval_s / PROBER_PACE)
    return settings.fleet.probers or max(1, min(wanted, len(os.sched_getaffinity(0)), MAX_AUTO_PROBERS))


def policies(settings: Settings) -> tuple[Policy, ...]:
    """The rules of each facet this version measures."""
    health = settings.health
    rules = {facet: getattr(health, facet.name.lower()) for facet in Facet}
    return tuple(
        Policy(facet, rule.down_n, rule.down_m, rule.up_n, rule.up_m, round(rule.stale_s * 1e6))
        for facet, rule in rules.items()
        if facet is Facet.ONLINE or settings.fleet.picture_interval_s
    )


def probes(settings: Settings) -> tuple[str, ...]:
    """The probes that go round all the time."""
    return (LIVENESS, PICTURE) if settings.fleet.picture_interval_s else (LIVENESS,)


def errands(settings: Settings) -> tuple[Errand, ...]:
    """The commands that go round by themselves."""
    onvif = settings.onvif
    return (
        Errand("clocks", ("clocks",), onvif.clocks_interval_s),
        Errand("enrol", ("enrol",), onvif.enrol_interval_s),
    )


def published(settings: Settings) -> tuple[Errand, ...]:
    """The figures that are published by themselves, whenever some are due; that dials nobody either."""
    return (Errand("publish", ("publish",), PUBLISH_S if settings.figures.publish_at else 0.0),)


def upkeep(settings: Settings) -> tuple[Errand, ...]:
    """What keeps the register safe and small; no round of cameras keeps it waiting."""
    backup = settings.backup
    return (
        Errand("backup", ("backup",), backup.interval_s if backup.folder else 0.0),
        Errand("prune", ("prune",), PRUNE_S),
    )


def figures_due(settings: Settings, engine: Engine, now: int) -> list[publishing.Due]:
    """Published figures that are due ``now`` (µs UTC) and missing: of every facet that is measured."""
    told, since = settings.figures, first_flip(engine)
    if not since:
        return []
    slots = due(now, clock_of(told.publish_at or "00:00"), settings.site.zone, since)
    facets = [policy.facet for policy in policies(settings)]
    return publishing.missing(engine, slots, facets, told.publish_by)


def reports(settings: Settings) -> tuple[Errand, ...]:
    """The reports that are made at a fixed hour; they dial nobody, so no round keeps them waiting."""
    at, zone, month = settings.reports.daily_at, settings.site.zone, settings.reports.monthly_day
    if not at:
        return ()
    kept = ("--if-missing", "--prune")
    return (
        Errand("report_daily", ("report", "daily", *kept), fell=lambda now: last_clock(now, at, zone)),
        Errand(
            "report_monthly", ("report", "monthly", *kept), fell=lambda now: last_clock(now, at, zone, month)
        ),
    )


def guard_policy(settings: Settings) -> GuardPolicy:
    """How gently passwords are tried."""
    return GuardPolicy(**settings.guard.model_dump())


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
        picture_interval_s=fleet.picture_interval_s,
        picture_deadline_s=fleet.picture_deadline_s,
        picture_confirm_s=fleet.picture_confirm_s,
        picture_seats=fleet.picture_seats,
        lit_down_n=settings.health.lit.down_n,
        picture_share=fleet.picture_share,
        still_bytes=settings.evidence.picture_kb * 1024,
        snapshot_s=fleet.snapshot_s,
        snapshot_basic=int(fleet.snapshot_basic),
    )


def uplinks(settings: Settings, probers: int = 1) -> tuple[Uplink, ...]:
    """The lines to the cameras, the one for the rest among them, as one of ``probers`` may use them."""
    lines = UplinkMap(line.uplink() for line in settings.uplinks).uplinks
    most = settings.fleet.picture_mbps
    return tuple(replace(line, mbps=(line.mbps or most) / probers) for line in lines)


def target_of(
    row: queries.EndpointTarget, host: str, username: str = "", password: str = "", name: int | None = None
) -> Target:
    """Whom to dial for one endpoint of the register; ``host`` its address as an IP; ``name``: another number for it."""
    shown = f"[{host}]" if ":" in host else host
    root = f"{row.scheme}://{shown}:{row.port}" if row.scheme else ""
    sub_url = root + row.sub_path if root and row.sub_path else ""
    return Target(
        row.endpoint if name is None else name,
        host,
        row.port,
        root + row.path if root else "",
        username,
        password,
        sub_url,
        row.seen_on,
        f"{row.shot.scheme}://{shown}:{row.shot.port}{row.shot.path}" if root and row.shot.scheme else "",
    )
