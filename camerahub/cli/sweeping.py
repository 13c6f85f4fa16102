"""A sweep under way: every target once, a line each, counted and written in blocks. It knows no register."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from camerahub.cli.gentle import Dialler, Gentle
from camerahub.cli.rounds import Round
from camerahub.cli.spent import children_s
from camerahub.cli.targets import TargetList, resolve_all
from camerahub.core.errors import EXIT_FAULTS, EXIT_OK, EXIT_REFUSED
from camerahub.core.result import PROBE_KINDS, REASONS, MediaFacts, Outcome, ProbeResult
from camerahub.core.texts import text
from camerahub.probes.table import PROBES, Prober, open_files_allow

if TYPE_CHECKING:  # a sweep over a file does without
    from camerahub.cli.bracket import Bracket

_FLUSH_LINES = 256
_FLUSH_S = 0.2
_LOCAL = timezone(timedelta(hours=8))  # the default zone of a home; a sweep over a file has none
_NAMES = {outcome: outcome.name.lower() for outcome in Outcome}
#: After Ctrl-C what is under way may end in order: a TEARDOWN and its answer, the answer to a login.
_LAST_WORDS_S = 1.2
#: Enough that 3 % black-holed cameras of 26,000 hold a 3 s sweep to about 5 s; twice as many gained nothing.
_MANY = 2000
#: Conversations about media at once: each is up to 16 Mbit/s.
_MEDIA_MANY = 200


class Manner(NamedTuple):
    """How a sweep dials. ``decoders``: processes for `picture`."""

    concurrency: int
    deadline_s: float
    decoders: int


def manner_of(
    probe: str, concurrency: int | None = None, deadline_s: float | None = None, decoders: int | None = None
) -> Manner:
    """What was asked for; where nothing was, what suits ``probe``: media takes its time and its share of the line."""
    media = PROBES[probe].media
    cores = len(os.sched_getaffinity(0))
    return Manner(
        concurrency or (_MEDIA_MANY if media else _MANY),
        deadline_s or (10.0 if media else 3.0),
        (decoders or cores) if probe in ("picture", "snapshot") else 0,
    )


def allowed(manner: Manner) -> Manner:
    """``manner``, with what the limit of open files leaves of its concurrency, and a message."""
    permitted = open_files_allow(manner.concurrency)
    if permitted < manner.concurrency:
        said = text("probe.fewer_files", wanted=manner.concurrency, allowed=permitted)
        click.echo(f"camerahub: {said.zh} / {said.en}", err=True)
    return manner._replace(concurrency=permitted)


class Sweep:
    """Results of one sweep: counted, and written in blocks, since a write per line would make answers late."""

    def __init__(
        self,
        found: TargetList,
        probe: str,
        *,
        as_json: bool,
        bracket: Bracket | None = None,
        gentle: Callable[[Dialler], Dialler] | None = None,
    ) -> None:
        """``gentle``: made for a register, with what its guard lends."""
        self._targets = found.targets
        self._names = found.names
        self._refused = len(found.bad)
        self._probe = probe
        self._as_json = as_json
        self._bracket = bracket
        self._gentle = gentle
        self._media = PROBES[probe].media
        self._received = 0
        self._children_s = children_s()
        self._lines: list[str] = []
        self._reasons: Counter[str] = Counter()
        self._second = -1
        self._stamp = ""
        self._zone = ""
        self._began = time.monotonic()
        self._bar = sys.stderr.isatty()
        self._broken = False
        self._dialler: Dialler
        self._timer: asyncio.TimerHandle
        self._stop: Callable[[], None]

    async def run(self, manner: Manner) -> bool:
        """Probe every target; True when it was interrupted."""
        loop = asyncio.get_running_loop()
        await resolve_all(self._targets, manner.deadline_s)
        prober = Prober(loop, max_in_flight=manner.concurrency, decoders=manner.decoders)
        self._dialler = self._careful(prober)
        sweep = Round(
            self._dialler,
            self._targets,
            probe=self._probe,
            deadline_s=manner.deadline_s,
            concurrency=manner.concurrency,
            each=self._each,
            by_host=self._gentle is not None and PROBE_KINDS[self._probe].login,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sweep.stop)
        self._stop = sweep.stop
        self._flush_often(loop)
        try:
            await prober.ready()
            async with self._bracket.around(prober) if self._bracket else contextlib.nullcontext():
                await sweep.run()
                if sweep.left:
                    await self._last_words(prober, sweep)
        finally:
            self._timer.cancel()
            await prober.aclose()
        self._flush()
        if self._broken:
            raise BrokenPipeError
        return sweep.left > 0

    def _careful(self, prober: Prober) -> Dialler:
        """Logins are never shown blindly; a sweep without any pays nothing for it."""
        if self._gentle is not None:
            return self._gentle(prober)
        secrets = PROBE_KINDS[self._probe].login and any(t.username or t.password for t in self._targets)
        return Gentle(prober, None) if secrets else prober

    async def _last_words(self, prober: Prober, sweep: Round) -> None:
        """Interrupted: sessions are torn down, and logins under way may still be answered."""
        if not PROBE_KINDS[self._probe].login:
            return
        if isinstance(self._dialler, Gentle):
            self._dialler.stop()
        prober.hurry()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await sweep.landed()

    def _each(self, result: ProbeResult) -> None:
        self._reasons[result.reason] += 1
        if result.facts is not None:
            self._received += result.facts.received
        if self._bracket is not None:
            self._bracket.take(result)
        if self._as_json:
            self._lines.append(self._json_line(result))
        elif result.outcome is not Outcome.OK:
            info = REASONS[result.reason]
            self._lines.append(f"{self._names[result.endpoint]}\t{info.zh} / {info.en}\n")
        if len(self._lines) >= _FLUSH_LINES:
            self._flush()

    def _json_line(self, result: ProbeResult) -> str:
        second, us = divmod(result.started_at, 1_000_000)
        if second != self._second:
            moment = datetime.fromtimestamp(second, _LOCAL).isoformat()
            self._second, self._stamp, self._zone = second, moment[:19], moment[19:]
        name = self._names[result.endpoint]
        if not name.isascii() or '"' in name or "\\" in name:
            name = json.dumps(name, ensure_ascii=False)[1:-1]
        return (
            f'{{"target":"{name}","probe":"{result.probe}","outcome":"{_NAMES[result.outcome]}",'
            f'"reason":"{result.reason}","stage":{result.stage},"started_at":"{self._stamp}.{us:06d}{self._zone}",'
            f'"duration_s":{result.duration_s:.6f}{_facts(result.facts)}}}\n'
        )

    def _flush_often(self, loop: asyncio.AbstractEventLoop) -> None:
        self._flush()
        if self._bar:
            self._draw()
        self._timer = loop.call_later(_FLUSH_S, self._flush_often, loop)

    def _flush(self) -> None:
        block = "".join(self._lines)
        self._lines.clear()
        if block and not self._broken:
            try:
                sys.stdout.write(block)
                sys.stdout.flush()
            except BrokenPipeError:  # `sweep | head`: nobody reads on, so nobody need be dialled
                self._broken = True
                self._stop()

    def _draw(self) -> None:
        done, total = self._reasons.total(), max(1, len(self._targets))
        filled = 30 * done // total
        bar = "#" * filled + "." * (30 - filled)
        sys.stderr.write(f"\r[{bar}] {done}/{len(self._targets)}  正常/ok {self._reasons['ok']} ")
        sys.stderr.flush()

    def summary(self) -> dict[str, Any]:
        """Counts of what was seen; ``expected`` = usable lines = all outcomes + not_tried."""
        outcomes = dict.fromkeys(_NAMES.values(), 0)
        for reason, count in self._reasons.items():
            outcomes[_NAMES[REASONS[reason].outcome]] += count
        received = {"received_bytes": self._received} if self._media else {}
        return {
            "expected": len(self._targets),
            "outcomes": outcomes,
            "reasons": dict(self._reasons.most_common()),
            "wall_s": round(time.monotonic() - self._began, 3),
            # decoders that have ended, with all they did, their start included
            "cpu_s": round(time.process_time() + children_s() - self._children_s, 3),
            "not_tried": len(self._targets) - self._reasons.total(),
            "refused": self._refused,
            **received,
        }

    def summarise(self) -> None:
        """Print the summary: the last line in every case."""
        summary = self.summary()
        if self._bar:
            self._draw()
            sys.stderr.write("\n")
        if self._as_json:
            click.echo(json.dumps({"summary": summary}, separators=(",", ":")))
            return
        for reason, count in self._reasons.most_common():
            click.echo(f"{count:>8}  {reason:<12} {REASONS[reason].zh} / {REASONS[reason].en}")
        if self._media:
            said = text("probe.sweep.received", megabytes=f"{self._received / 1e6:.1f}")
            click.echo(f"{said.zh} / {said.en}")
        fields = {k: summary[k] for k in ("expected", "not_tried", "refused")}
        said = text(
            "probe.sweep.summary",
            wall=summary["wall_s"],
            cpu=summary["cpu_s"],
            **fields,
            **summary["outcomes"],
        )
        click.echo(f"{said.zh}\n{said.en}")

    def exit_code(self, fail_on: str | None) -> int:
        """0, 1 when asked to fail and there was reason to, 3 when lines were refused."""
        outcomes = self.summary()["outcomes"]
        if fail_on and (outcomes["fault"] or (fail_on == "unknown" and outcomes["unknown"])):
            return EXIT_FAULTS
        return EXIT_REFUSED if self._refused else EXIT_OK


def _facts(facts: MediaFacts | None) -> str:
    """The added key of a line about media."""
    if facts is None:
        return ""
    told = facts._asdict()
    for name in ("measures", "past", "still", "shot"):
        del told[name]
    for name in ("fresh", "faults"):  # of a snapshot, of a picture
        if not told[name]:
            del told[name]
    return f',"facts":{json.dumps(told, separators=(",", ":"))}'
