"""What `camerahub report precheck` reads: the states of now, and everything that waits for somebody."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import TYPE_CHECKING

from camerahub.cli.leaving import alarms
from camerahub.cli.report_read import bad_logins, facets_of, opened
from camerahub.core import period
from camerahub.core.area import Tree
from camerahub.core.claims import DISAGREE
from camerahub.core.errors import EnvironmentFault
from camerahub.core.leaving import STOPPED, next_sampling
from camerahub.core.rates import Parts
from camerahub.core.report import Report
from camerahub.core.report_precheck import Dispute, Found, Ill, assembled, problem_of
from camerahub.core.result import Facet

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.config import Settings
    from camerahub.registry.queries import CameraState, FacetState
    from camerahub.registry.store import Store

#: A sampling day is looked for so many days ahead.
AHEAD_DAYS = 31
_FACET_OF = {"down": ("online",), "unlit": ("media", "lit"), "faulty": ("picture",)}


def _rates(store: Store, facets: tuple[Facet, ...], now: int) -> dict[str, Parts]:
    """The figures of `rates`, of now."""
    from camerahub.cli.rates import counted
    from camerahub.registry.census import census

    whole = {facet: counted(census(store.engine, facet, None, now), None, None) for facet in facets}
    return {facet.name.lower(): found.get("", Parts()) for facet, found in whole.items()}


def _guilty(camera: CameraState, problem: str, facets: tuple[Facet, ...]) -> FacetState:
    """The answer that makes a camera one of these."""
    names = [facet.name.lower() for facet in facets]
    told = [camera.facets[name] for name in _FACET_OF.get(problem, names) if name in names]
    state = "unknown" if problem == "unknown" else "down"
    return next(one for one in told if one.state == state)


def _ills(store: Store, facets: tuple[Facet, ...], tree: Tree, now: int) -> list[Ill]:
    from camerahub.registry import queries, report

    beside = report.beside(store.engine, now)
    names = [facet.name.lower() for facet in facets]
    found = []
    for camera in queries.cameras(store.engine):
        problem = problem_of({name: camera.facets[name].state for name in names})
        if problem is None or not camera.expected:
            continue
        told = _guilty(camera, problem, facets)
        maintainer, out = beside[camera.code]
        never = told.reason == "blind" and not told.observed_at
        place = tree.at("township", camera.area_code)
        township = tree.names.get(place, place)
        found.append(Ill(
            problem, township, camera.code, camera.name, maintainer, told.since, told.reason, never, out
        ))  # fmt: skip
    return found


def _disputes(store: Store, tree: Tree, now: int) -> list[Dispute]:
    from camerahub.registry import claims

    return [
        Dispute(
            one.source, tree.names.get(one.township, one.township), one.code, one.name, one.said, one.seen,
            one.said_at,
        )
        for one in claims.differences(store.engine, now)
        if one.outcome in DISAGREE
    ]  # fmt: skip


def _sampling(settings: Settings, today: date) -> date | None:
    days = settings.figures.sampling_days
    return next_sampling(today, days, AHEAD_DAYS) if days else None


def _begins(day: date | None, zone: tzinfo) -> int:
    return 0 if day is None else round(datetime.combine(day, time(), zone).timestamp() * 1e6)


def of_now(context: Context, now: int) -> Report:
    """The list as of ``now``, µs UTC. EnvironmentFault where no camera counts."""
    from camerahub.registry import exemptions, onvif, report

    settings = context.settings()
    zone, facets = settings.site.zone, facets_of(settings)
    today = period.local_day(now, zone)
    sampling = _sampling(settings, today)
    with opened(context) as store:
        rates = _rates(store, facets, now)
        if not rates["online"].expected:
            raise EnvironmentFault("report.no_data", subject=today.isoformat())
        tree, names = report.names_now(store.engine)
        stopped = sum(one.count for one in alarms(store, settings, now) if one.way == STOPPED)
        open_ = ("requested", "approved", "active")
        found = Found(
            rates=rates,
            ills=_ills(store, facets, tree, now),
            disputes=_disputes(store, tree, now),
            logins=bad_logins(store, settings),
            exemptions=[
                one for one in exemptions.listed(store.engine, start=now) if one.standing(now) in open_
            ],
            clocks=sum(one.finding not in ("right", "untold") for one in onvif.stored_clocks(store.engine)),
            stopped=stopped,
            sampling=sampling,
            sampling_at=_begins(sampling, zone),
            names=names,
        )
    return assembled(settings.site.name, found, now, today)
