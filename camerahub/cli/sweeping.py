"""A sweep under way: every target once, a line each, counted and written in blocks. It knows no register."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.rounds import Round
from camerahub.cli.targets import TargetList, resolve_all
from camerahub.core.errors import EXIT_FAULTS, EXIT_OK, EXIT_REFUSED
from camerahub.core.result import REASONS, Outcome, ProbeResult
from camerahub.core.texts import text
from camerahub.probes.table import Prober, open_files_allow

if TYPE_CHECKING:  # a sweep over a file does without
    from camerahub.cli.bracket import Bracket

_FLUSH_LINES = 256
_FLUSH_S = 0.2
_LOCAL = timezone(timedelta(hours=8))  # the default zone of a home; a sweep over a file has none
_NAMES = {outcome: outcome.name.lower() for outcome in Outcome}


def allowed(concurrency: int) -> int:
    """``concurrency``, or what the limit of open files leaves of it, with a message."""
    permitted = open_files_allow(concurrency)
    if permitted < concurrency:
        said = text("probe.fewer_files", wanted=concurrency, allowed=permitted)
        click.echo(f"camerahub: {said.zh} / {said.en}", err=True)
    return permitted


class Sweep:
    """Results of one sweep: counted, and written in blocks, since a write per line would make answers late."""

    def __init__(
        self,
        found: TargetList,
        probe: str,
        *,
        as_json: bool,
        bracket: Bracket | None = None,
    ) -> None:
        self._targets = found.targets
        self._names = found.names
        self._refused = len(found.bad)
        self._probe = probe
        self._as_json = as_json
        self._bracket = bracket
        self._lines: list[str] = []
        self._reasons: Counter[str] = Counter()
        self._second = -1
        self._stamp = ""
        self._zone = ""
        self._began = time.monotonic()
        self._bar = sys.stderr.isatty()
        self._broken = False
        self._timer: asyncio.TimerHandle
        self._stop: Callable[[], None]

    async def run(self, concurrency: int, deadline_s: float) -> bool:
        """Probe every target; True when it was interrupted."""
        loop = asyncio.get_running_loop()
        await resolve_all(self._targets, deadline_s)
        prober = Prober(loop, max_in_flight=concurrency)
        sweep = Round(
            prober,
            self._targets,
            probe=self._probe,
            deadline_s=deadline_s,
            concurrency=concurrency,
            each=self._each,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sweep.stop)
        self._stop = sweep.stop
        self._flush_often(loop)
        try:
            async with self._bracket.around(prober) if self._bracket else contextlib.nullcontext():
                await sweep.run()
        finally:
            self._timer.cancel()
            await prober.aclose()
        self._flush()
        if self._broken:
            raise BrokenPipeError
        return sweep.left > 0

    def _each(self, result: ProbeResult) -> None:
        self._reasons[result.reason] += 1
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
            f'"duration_s":{result.duration_s:.6f}}}\n'
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
        return {
            "expected": len(self._targets),
            "outcomes": outcomes,
            "reasons": dict(self._reasons.most_common()),
            "wall_s": round(time.monotonic() - self._began, 3),
            "cpu_s": round(time.process_time(), 3),
            "not_tried": len(self._targets) - self._reasons.total(),
            "refused": self._refused,
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
        fields = {k: v for k, v in summary.items() if k not in ("outcomes", "reasons", "wall_s", "cpu_s")}
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
