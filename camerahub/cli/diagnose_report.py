"""What `diagnose` prints: a line for each item, what the kinds mean, a summary in every case."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import click

from camerahub.cli.diagnose_pool import Judged
from camerahub.cli.spent import children_s
from camerahub.cli.table import pad, plain
from camerahub.core.errors import EXIT_BUG, EXIT_FAULTS, EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED
from camerahub.core.texts import CATALOGUE, Text, text

#: Columns of the table: verdict, mode, findings; the item has the rest of the line.
_CELLS = (7, 8, 44)
VERDICTS = ("ok", "fault", "unknown")


@dataclass(slots=True)
class Report:
    """Counts verdicts and tells of each; ``items`` is how many there are."""

    items: int
    skipped: int
    as_json: bool
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    _began: float = field(default_factory=time.monotonic)
    _children_s: float = field(default_factory=children_s)

    def begin(self) -> None:
        """The head of the table."""
        if self.as_json:
            return
        heads = [text(f"diagnose.head.{name}") for name in ("verdict", "mode", "findings", "item")]
        for words in zip(*heads, strict=True):
            click.echo(_row(words))

    def take(self, judged: Judged) -> None:
        """One more item."""
        verdict = judged.verdict
        self.verdicts[verdict.verdict] += 1
        self.faults.update({found.kind for found in verdict.findings if found.level == "fault"})
        self.kinds.update({found.kind for found in verdict.findings})
        if judged.problem is not None:
            self.problems[judged.problem.name] += 1
        click.echo(_dumped(as_json(judged)) if self.as_json else _row(_cells(judged)))

    def summary(self, not_tried: int) -> dict[str, Any]:
        """Counts; ``items`` = all verdicts + ``not_tried``; ``refused`` are among the unknown."""
        return {
            "items": self.items,
            "verdicts": {name: self.verdicts[name] for name in VERDICTS},
            "faults": dict(self.faults.most_common()),
            "refused": self.problems.total(),
            "problems": dict(self.problems.most_common()),
            "not_tried": not_tried,
            "skipped": self.skipped,
            "wall_s": round(time.monotonic() - self._began, 3),
            # children that have ended, their start included
            "cpu_s": round(time.process_time() + children_s() - self._children_s, 3),
        }

    def end(self) -> None:
        """What the kinds mean, and the summary: the last line in every case."""
        summary = self.summary(self.items - self.verdicts.total())
        if self.as_json:
            click.echo(_dumped({"summary": summary}))
            return
        if self.kinds:
            click.echo()
        for kind, _ in self.kinds.most_common():
            name, why = text(f"diagnose.kind.{kind}"), text(f"diagnose.why.{kind}")
            click.echo(f"{name.zh}: {why.zh}\n  {name.en}: {why.en}")
        said = text(
            "diagnose.summary",
            **{name: summary[name] for name in ("items", "refused", "not_tried", "skipped")},
            **summary["verdicts"],
            wall=summary["wall_s"],
            cpu=summary["cpu_s"],
        )
        click.echo(f"\n{said.zh}\n{said.en}")

    def exit_code(self, fail_on: str | None, *, interrupted: bool, bugs: int) -> int:
        """130 interrupted, 70 a bug of ours, 1 when asked to fail and there was reason to, 3 refused items, else 0."""
        if interrupted:
            return EXIT_INTERRUPTED
        if bugs:
            return EXIT_BUG
        if fail_on and (self.verdicts["fault"] or (fail_on == "unknown" and self.verdicts["unknown"])):
            return EXIT_FAULTS
        return EXIT_REFUSED if self.problems else EXIT_OK


def as_json(judged: Judged) -> dict[str, Any]:
    """The line of the contract; ``reason``, ``zh``, ``en`` say why an item is unknown."""
    verdict = judged.verdict
    line: dict[str, Any] = {
        judged.item.key: judged.item.name,
        "verdict": verdict.verdict,
        "faults": [found.kind for found in verdict.findings if found.level == "fault"],
        "findings": [
            {"kind": found.kind, "severity": round(found.severity, 4), "level": found.level}
            for found in verdict.findings
        ],
        "measures": verdict.measures,
        "mode": verdict.mode or None,
        "pictures": verdict.pictures,
        "width": verdict.width,
        "height": verdict.height,
        "reason": verdict.reason or verdict.problem or None,
    }
    said = unknown(judged)
    return line if said is None else {**line, "zh": said.zh, "en": said.en}


def unknown(judged: Judged) -> Text | None:
    """Why nothing can be said of an item, None when something is."""
    if judged.problem is not None:
        return judged.problem.said()
    if judged.verdict.verdict != "unknown":
        return None
    reason = judged.verdict.reason or "?"
    key = f"diagnose.reason.{reason}"
    return text(key) if key in CATALOGUE else text("diagnose.unjudged", reason=reason)


def findings(judged: Judged) -> Text:
    """What was found, most severe first; a warning is called one."""
    words = []
    for found in judged.verdict.findings:
        name, level = text(f"diagnose.kind.{found.kind}"), text(f"diagnose.level.{found.level}")
        severity = f"{found.severity:.2f}"
        warned = found.level == "warn"
        words.append(
            Text(
                f"{name.zh} {severity} {level.zh}" if warned else f"{name.zh} {severity}",
                f"{name.en} {level.en}" if warned else name.en,
            )
        )
    return Text(", ".join(word.zh for word in words), ", ".join(word.en for word in words))


def _cells(judged: Judged) -> tuple[str, str, str, str]:
    verdict = judged.verdict
    mode = f"diagnose.mode.{verdict.mode}"
    said, found = unknown(judged), findings(judged)
    words = f"{found.zh} / {found.en}" if verdict.findings else ""
    name = f"{judged.item.name}  {said.zh} / {said.en}" if said else judged.item.name
    if said and judged.problem and judged.problem.what.startswith(judged.item.name):
        name = f"{said.zh} / {said.en}"
    return (
        text(f"diagnose.verdict.{verdict.verdict}").zh,
        text(mode).zh if mode in CATALOGUE else "-",
        words or "-",
        name,
    )


def _row(cells: tuple[str, ...]) -> str:
    *columns, last = cells
    row = "  ".join(pad(plain(cell), width) for cell, width in zip(columns, _CELLS, strict=True))
    return writable(f"{row}  {plain(last)}".rstrip())


def writable(line: str) -> str:
    """``line`` without halves of characters: names of files need not be UTF-8."""
    return line.encode("utf-8", "replace").decode()


def _dumped(line: dict[str, Any]) -> str:
    said = json.dumps(line, ensure_ascii=False)
    try:
        said.encode()
    except UnicodeEncodeError:
        return json.dumps(line)
    return said
