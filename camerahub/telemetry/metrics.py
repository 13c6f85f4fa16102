"""The scrape: from the board's arrays to OpenMetrics or Prometheus text.

One list of blocks feeds two writers: prometheus_client's, through ``HubCollector`` (for whoever embeds a registry,
and as the oracle of the tests), and ours, which keeps the label strings between scrapes and costs a tenth of it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, repeat
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from camerahub.core.result import FAULT_KINDS, PROBE_NAMES, REASON_NAMES, REASONS, Outcome
from camerahub.telemetry.board import Board, Histogram, RoundAges, StorageFigures, Tally
from camerahub.telemetry.families import FAMILIES, Family

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"

Labels = Sequence[tuple[str, ...]]


class Block(NamedTuple):
    """Samples of one family that share a suffix. ``names`` are the label names, ``labels`` a row of values a sample.

    The writer keeps its strings for as long as ``labels`` is the same object.
    """

    family: Family
    suffix: str
    names: tuple[str, ...]
    labels: Labels
    values: Sequence[float]


def _block(name: str, labels: Labels, values: Iterable[float]) -> Block:
    family = FAMILIES[name]
    suffix = "_total" if family.kind == "counter" else ""
    return Block(family, suffix, family.labels, labels, list(values))


_NO_LABELS: Labels = ((),)
_RESULT_LABELS: Labels = tuple(
    (probe, outcome.name.lower(), reason)
    for probe in PROBE_NAMES
    for outcome in Outcome
    for reason in REASON_NAMES
)
_OWN_OUTCOME = [REASONS[reason].outcome.name.lower() == outcome for _, outcome, reason in _RESULT_LABELS]
_PROBE_LABELS: Labels = tuple((probe,) for probe in PROBE_NAMES)
_SINGLE = {
    "camerahub_commit_failures_total": "failures",
    "camerahub_clock_steps_total": "steps",
    "camerahub_config_last_reload_successful": "reload_ok",
}


class _Cells(NamedTuple):
    labels: Labels
    values: list[float]


def _used_results(flat: list[int]) -> _Cells:
    """Every pair of a probe that has run and a reason with its own outcome, and whatever else was counted."""
    width = len(Outcome) * len(REASON_NAMES)
    ran = [any(flat[i * width : (i + 1) * width]) for i in range(len(PROBE_NAMES))]
    keep = [i for i, n in enumerate(flat) if n or (ran[i // width] and _OWN_OUTCOME[i])]
    return _Cells([_RESULT_LABELS[i] for i in keep], [float(flat[i]) for i in keep])


@dataclass(slots=True)
class _Frozen:
    """Label rows made once for one tally or one set of townships, so that the writer can keep its strings."""

    groups: object = None
    by_group: Labels = ()
    by_facet: Labels = ()
    by_kind: Labels = ()
    by_township: Labels = ()
    by_facet_township: Labels = ()
    age_key: object = None
    by_age: Labels = ()

    def take(self, tally: Tally) -> None:
        if self.groups is not tally.groups:
            self.groups = tally.groups
            self.by_group = tuple(tally.groups)
            self.by_facet = tuple((f, *g) for f in tally.facets for g in tally.groups)
            self.by_kind = tuple((kind, place) for kind in FAULT_KINDS for place in tally.townships)
            self.by_township = tuple((place,) for place in tally.townships)
            self.by_facet_township = tuple((f, place) for f in tally.facets for place in tally.townships)

    def take_ages(self, ages: RoundAges) -> Labels:
        key = ages.townships
        if self.age_key is not key or len(self.by_age) != len(ages.probes) * len(key):
            self.age_key = key
            self.by_age = tuple((probe, township) for probe in ages.probes for township in key)
        return self.by_age


def _tally_blocks(tally: Tally, frozen: _Frozen) -> Iterator[Block]:
    frozen.take(tally)
    yield _block("camerahub_cameras_expected", frozen.by_group, tally.expected.tolist())
    yield _block("camerahub_cameras_exempt", frozen.by_group, tally.exempt.tolist())
    yield _block("camerahub_cameras_exempt_up", frozen.by_facet_township, tally.exempt_up.ravel().tolist())
    for word, counts in (("up", tally.up), ("down", tally.down), ("unknown", tally.unknown)):
        yield _block(f"camerahub_cameras_{word}", frozen.by_facet, counts.ravel().tolist())
    if "picture" in tally.facets:
        yield _block("camerahub_picture_faults", frozen.by_kind, tally.faults.ravel().tolist())
        yield _block("camerahub_pictures_held", frozen.by_township, tally.held.tolist())


@cache
def _bucket_rows(row: tuple[str, ...], bounds: tuple[float, ...]) -> Labels:
    return tuple((*row, bound) for bound in (*map(str, bounds), "+Inf"))


def _histogram_blocks(name: str, histogram: Histogram, rows: Labels, shown: Sequence[int]) -> Iterator[Block]:
    """Bucket, count and sum of one row before the next row: OpenMetrics wants them together."""
    family = FAMILIES[name]
    for i in shown:
        cumulated = list(accumulate(histogram.counts[i].tolist()))
        buckets = _bucket_rows(rows[i], histogram.bounds)
        yield Block(family, "_bucket", (*family.labels, "le"), buckets, cumulated)
        yield Block(family, "_count", family.labels, rows[i : i + 1], cumulated[-1:])
        yield Block(family, "_sum", family.labels, rows[i : i + 1], [float(histogram.sums[i])])


def _counter_blocks(board: Board) -> Iterator[Block]:
    flat = board.results.ravel().tolist()
    yield _block("camerahub_probe_results_total", *_used_results(flat))
    ran = [i for i in range(len(PROBE_NAMES)) if board.results[i].any()]
    yield from _histogram_blocks("camerahub_probe_duration_seconds", board.durations, _PROBE_LABELS, ran)
    yield from _histogram_blocks("camerahub_commit_duration_seconds", board.commits, _NO_LABELS, [0])
    yield from _histogram_blocks("camerahub_loop_lag_seconds", board.lags, _NO_LABELS, [0])
    yield _block(
        "camerahub_late_results_total", [_PROBE_LABELS[i] for i in ran], board.late_results[ran].tolist()
    )
    dropped = board.dropped_results
    yield _block("camerahub_dropped_results_total", [(cause,) for cause in dropped], dropped.values())
    yield _block("camerahub_flips_total", list(board.flip_counts), board.flip_counts.values())
    for name, attribute in _SINGLE.items():
        yield _block(name, _NO_LABELS, [float(getattr(board, attribute))])


def _source_blocks(board: Board, frozen: _Frozen) -> Iterator[Block]:
    sources = board.sources
    if (age := sources.ingest_age()) is not None:
        yield _block("camerahub_ingest_age_seconds", _NO_LABELS, [age])
    if (queue := sources.queue()) is not None:
        yield _block("camerahub_ingest_queue_results", _NO_LABELS, [queue[0]])
        yield _block("camerahub_ingest_queue_limit_results", _NO_LABELS, [queue[1]])
    if (probers := sources.probers()) is not None:
        yield _block("camerahub_probers", (("configured",), ("connected",)), probers)
    if states := sources.credentials():
        yield _block("camerahub_credentials", [(state,) for state in states], states.values())
    if (brake := sources.breaker()) is not None:
        yield _block("camerahub_login_breaker", _NO_LABELS, [brake])
    if (pictures := sources.pictures()) is not None:
        yield _block("camerahub_pictures_late_seconds", _NO_LABELS, [pictures.late_s])
        yield _block("camerahub_pictures_decoding", _NO_LABELS, [pictures.decoding])
        yield _block("camerahub_picture_evidence_total", (("kept",), ("dropped",)), pictures.stills)
    if seats := sources.seats():
        kinds = [(kind,) for kind in seats]
        yield _block("camerahub_seats", kinds, [allowed for _, allowed in seats.values()])
        yield _block("camerahub_seats_in_use", kinds, [used for used, _ in seats.values()])
    if (storage := sources.storage()) is not None:
        yield from _storage_blocks(storage)
    if (unanswered := sources.names()) is not None:
        yield _block("camerahub_names_unanswered", _NO_LABELS, [unanswered])
    if left := sources.left():
        ways = [(way,) for way in left]
        yield _block("camerahub_cameras_left", ways, [count for count, _ in left.values()])
        yield _block("camerahub_cameras_left_alarm", ways, [int(alarm) for _, alarm in left.values()])
    if (figures := sources.figures_due()) is not None:
        yield _block("camerahub_figures_due", _NO_LABELS, [figures])
    if blind := sources.blind():
        yield _block("camerahub_prober_blind", list(blind), blind.values())
    if references := sources.references():
        names = [(uplink,) for uplink in references]
        yield _block("camerahub_uplink_references", names, references.values())
    if (ages := sources.round_ages()) is not None:
        yield _block("camerahub_round_age_seconds", frozen.take_ages(ages), ages.seconds.ravel().tolist())


def _storage_blocks(storage: StorageFigures) -> Iterator[Block]:
    yield _block("camerahub_disk_free_bytes", _NO_LABELS, [storage.free])
    if storage.database is not None:
        yield _block("camerahub_database_bytes", _NO_LABELS, [storage.database])
    if storage.backup_age_s is not None:
        yield _block("camerahub_backup_age_seconds", _NO_LABELS, [storage.backup_age_s])


def blocks(board: Board, frozen: _Frozen) -> list[Block]:
    """Every family with its samples now, as one consistent picture."""
    found = [_block("camerahub_build_info", ((board.version, str(board.rule)),), [1])]
    if places := board.places:
        found.append(_block("camerahub_area_info", places, repeat(1, len(places))))
    if (tally := board.tally) is not None:
        found += _tally_blocks(tally, frozen)
    with board.lock:
        found += _counter_blocks(board)
    found += _source_blocks(board, frozen)
    return [block for block in found if block.labels]


class HubCollector(Collector):
    """The same families for a prometheus_client registry."""

    def __init__(self, board: Board) -> None:
        self._board, self._frozen = board, _Frozen()

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Metric objects with all samples; several times the cost of ``Exporter.render``."""
        merged: dict[str, Metric] = {}
        for block in blocks(self._board, self._frozen):
            family = block.family
            name = family.name.removesuffix("_total")
            metric = merged.setdefault(name, Metric(name, family.help, family.kind))
            for row, value in zip(block.labels, block.values, strict=True):
                labels = dict(zip(block.names, row, strict=True))
                metric.add_sample(name + block.suffix, labels, value)
        yield from merged.values()


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _strings(block: Block) -> list[str]:
    name = block.family.name.removesuffix("_total") + block.suffix
    if not block.names:
        return [f"{name} "]
    pattern = ",".join(f'{label}="%s"' for label in block.names)
    return [f"{name}{{{pattern % tuple(map(_escape, row))}}} " for row in block.labels]


class Exporter:
    """Renders one scrape. Safe from any thread; one at a time is enough."""

    def __init__(self, board: Board) -> None:
        self.board, self._frozen = board, _Frozen()
        self._kept: dict[tuple[str, str, tuple[str, ...]], tuple[Labels, list[str]]] = {}
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    def render(self, accept: str = "", *, gzipped: bool = False) -> tuple[bytes, str]:
        """(body, content type): OpenMetrics when ``accept`` (the request's header) names it, else text 0.0.4."""
        modern = "application/openmetrics-text" in accept
        body = self._text(modern) + self._own_process(modern)
        return (gzip.compress(body, 1) if gzipped else body), (OPENMETRICS if modern else PLAIN)

    def _own_process(self, modern: bool) -> bytes:
        write: Callable[[CollectorRegistry], bytes] = generate_openmetrics if modern else generate_latest
        return write(self._process)

    def _text(self, modern: bool) -> bytes:
        parts: list[str] = []
        head = None
        for block in blocks(self.board, self._frozen):
            if block.family.name != head:
                head = block.family.name
                name = head.removesuffix("_total") if modern else head
                help_text = block.family.help.replace("\\", r"\\")
                parts.append(f"# HELP {name} {help_text}\n# TYPE {name} {block.family.kind}\n")
            kept = self._kept_strings(block)
            parts += [f"{string}{value}\n" for string, value in zip(kept, block.values, strict=True)]
        return "".join(parts).encode()

    def _kept_strings(self, block: Block) -> list[str]:
        key = (block.family.name, block.suffix, block.labels[0])
        kept = self._kept.get(key)
        if kept is None or kept[0] is not block.labels:
            kept = self._kept[key] = (block.labels, _strings(block))
        return kept[1]
