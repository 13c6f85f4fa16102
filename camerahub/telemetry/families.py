"""Every metric family the hub exports: name, kind, labels and help, in one table.

A new family is one line here and one in docs/metrics.md (a test compares them). Base units only; no camera, address
or place name in a label, but for ``camerahub_area_info``, which exists to carry the names.
"""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """One family. ``kind`` is gauge, counter or histogram; a counter's name ends in ``_total``."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


_PLACE = ("township", "network")

_ALL = (
    Family(
        "camerahub_build_info",
        "gauge",
        ("version", "rule"),
        "Always 1: the running version and the rule (version of the definitions) its figures follow.",
    ),
    Family(
        "camerahub_area_info",
        "gauge",
        ("township", "name", "county"),
        "Always 1: the name of a township code and the county it lies in. The one family with names.",
    ),
    Family(
        "camerahub_cameras_expected",
        "gauge",
        _PLACE,
        "Cameras that must count now (E). Up, down and unknown of each facet add up to it.",
    ),
    Family(
        "camerahub_cameras_exempt",
        "gauge",
        _PLACE,
        "Expected cameras inside an approved exemption now; they leave the adjusted rate only.",
    ),
    Family(
        "camerahub_cameras_exempt_up",
        "gauge",
        ("facet", "township"),
        "Exempt cameras whose facet is up. Adjusted rate: (up - exempt_up) / (expected - exempt).",
    ),
    Family(
        "camerahub_cameras_up",
        "gauge",
        ("facet", *_PLACE),
        "Expected cameras whose facet is up (U), as last committed.",
    ),
    Family(
        "camerahub_cameras_down",
        "gauge",
        ("facet", *_PLACE),
        "Expected cameras whose facet is down (D), as last committed.",
    ),
    Family(
        "camerahub_cameras_unknown",
        "gauge",
        ("facet", *_PLACE),
        "Expected cameras of which we cannot say (K): not looked at, no address, prober could not see.",
    ),
    Family(
        "camerahub_picture_faults",
        "gauge",
        ("kind", "township"),
        "Expected cameras whose picture is down, by the fault that is its reason: of several, the most severe.",
    ),
    Family(
        "camerahub_pictures_held",
        "gauge",
        ("township",),
        "Endpoints whose picture is dim, pale or soft and not called faulty, because half the township turned so: "
        "weather.",
    ),
    Family(
        "camerahub_pictures_late_seconds",
        "gauge",
        (),
        "How long the oldest due picture has waited for a media seat, for bandwidth or for a decoder, over all "
        "probers.",
    ),
    Family(
        "camerahub_pictures_decoding",
        "gauge",
        (),
        "Pictures that wait for a decoder or are with one, over all probers.",
    ),
    Family(
        "camerahub_picture_evidence_total",
        "counter",
        ("outcome",),
        "Pictures kept as evidence of a fault or of its end, and those dropped because the register did not keep up.",
    ),
    Family(
        "camerahub_probe_results_total",
        "counter",
        ("probe", "outcome", "reason"),
        "Committed results of probes, by what they say.",
    ),
    Family(
        "camerahub_probe_duration_seconds",
        "histogram",
        ("probe",),
        "How long one attempt of a probe took, from dial to verdict.",
    ),
    Family(
        "camerahub_round_age_seconds",
        "gauge",
        ("probe", "township"),
        "Time since the most overdue expected camera of the township was last really looked at by the probe; "
        "one never looked at counts from when the hub learned of it. Attempts that could not look (paused, no seat, "
        "no route) do not refresh it; cameras without an address are left out. Computed at scrape.",
    ),
    Family(
        "camerahub_ingest_age_seconds",
        "gauge",
        (),
        "Time since the last batch of results was committed (since the start, before the first).",
    ),
    Family(
        "camerahub_ingest_queue_results",
        "gauge",
        (),
        "Results taken from probers and not yet committed.",
    ),
    Family(
        "camerahub_ingest_queue_limit_results",
        "gauge",
        (),
        "Results that may wait before probers are held back.",
    ),
    Family(
        "camerahub_commit_duration_seconds",
        "histogram",
        (),
        "How long one transaction of the register took.",
    ),
    Family(
        "camerahub_commit_failures_total",
        "counter",
        (),
        "Transactions that failed and were tried again (full disk, locked database).",
    ),
    Family(
        "camerahub_late_results_total",
        "counter",
        ("probe",),
        "Results older than the newest one of their endpoint: kept as evidence and as corrections, never touching "
        "live states.",
    ),
    Family(
        "camerahub_dropped_results_total",
        "counter",
        ("cause",),
        "Results not taken: unknown_endpoint (not in the register), duplicate (already committed).",
    ),
    Family(
        "camerahub_flips_total",
        "counter",
        ("facet", "to"),
        "Committed changes of a camera's state, by the state it went to.",
    ),
    Family(
        "camerahub_clock_steps_total",
        "counter",
        (),
        "Jumps of the wall clock against the monotonic clock.",
    ),
    Family(
        "camerahub_loop_lag_seconds",
        "histogram",
        (),
        "How late the hub's event loop woke up, measured about once a second.",
    ),
    Family(
        "camerahub_credentials",
        "gauge",
        ("state",),
        "Logins (device address, user, version of the password) in use, by standing: untried, held, trying, proven, "
        "refused, locked.",
    ),
    Family(
        "camerahub_login_breaker", "gauge", (), "Fleet-wide brake of logins: 0 closed, 1 open, 2 half open."
    ),
    Family("camerahub_probers", "gauge", ("state",), "Prober processes: configured, connected."),
    Family("camerahub_seats", "gauge", ("kind",), "Conversations allowed at once, by kind of seat."),
    Family("camerahub_seats_in_use", "gauge", ("kind",), "Conversations going on, by kind of seat."),
    Family(
        "camerahub_database_bytes",
        "gauge",
        (),
        "Size of the register's files in the home folder; absent where it is on a server.",
    ),
    Family(
        "camerahub_disk_free_bytes", "gauge", (), "Bytes that may still be written where the home folder is."
    ),
    Family(
        "camerahub_backup_age_seconds",
        "gauge",
        (),
        "Time since the newest backup in backup.folder was made; absent where none is configured or none is there.",
    ),
    Family(
        "camerahub_names_unanswered",
        "gauge",
        (),
        "Host names of the register that got no answer when last looked up; their cameras keep the address they had.",
    ),
    Family(
        "camerahub_prober_blind",
        "gauge",
        ("worker", "uplink"),
        "1 while the prober sees nothing through the uplink, 0 while its references answer, -1 when nobody can say "
        "because none is configured or none was asked yet. What is measured while 1 changes no state.",
    ),
    Family(
        "camerahub_uplink_references",
        "gauge",
        ("uplink",),
        "References configured for the uplink. At 0 a broken line cannot be told from dead cameras.",
    ),
    Family(
        "camerahub_cameras_left",
        "gauge",
        ("way",),
        "Cameras that left the rates within figures.stopped_within_days: stopped (out of use, left every rate) or "
        "exempt (left the adjusted one).",
    ),
    Family(
        "camerahub_cameras_left_alarm",
        "gauge",
        ("way",),
        "1 while so many left at once that it is an alarm; half as many are enough before a sampling day.",
    ),
    Family(
        "camerahub_figures_due",
        "gauge",
        (),
        "Figures (period, facet, grouping) that are due and not published. Above 0 for an hour: publishing fails.",
    ),
    Family(
        "camerahub_config_last_reload_successful",
        "gauge",
        (),
        "1 when the last reload of the configuration or register was taken, 0 when the old one was kept.",
    ),
)

#: name -> family, in the order they are written.
FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
