"""工单: how a ticket goes from a cause to a proven repair, as a table of who may do what at which stage.

The workflow is the one found in practice: 报修, 受理, 派发, 接单, 返单, 内场审核, 用户确认, 结单; the ways back are
误报回退, 未修好回退 and 改派; 挂起 has to be approved by another person and alone stops the clock; 系统结单 comes on
proof. A ticket is what its events make of it: ``after`` folds one more event in, or says in a value why it may not.
Times are int64 µs UTC and are given; an event from before the last one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Stage(StrEnum):
    """Where a ticket is."""

    REPORTED = "reported"
    TRIAGED = "triaged"
    DISPATCHED = "dispatched"
    WORKING = "working"
    RETURNED = "returned"
    CONFIRMING = "confirming"
    CLOSED = "closed"


class Role(StrEnum):
    """Who acts: the machine, 值班 (内场), 技术员 (外场), 属地 (派出所, 综治中心, 网格员)."""

    SYSTEM = "system"
    DUTY = "duty"
    TECHNICIAN = "technician"
    LOCAL = "local"


class Result(StrEnum):
    """How a closed ticket ended."""

    REPAIRED = "repaired"
    RECOVERED = "recovered"
    FALSE_ALARM = "false_alarm"
    DISMANTLED = "dismantled"
    DUPLICATE = "duplicate"


_R, _T, _D, _W, _B, _F, _C = Stage
_OPEN: Final = (_R, _T, _D, _W, _B, _F)
_DUTY, _TECH, _LOCAL, _SYSTEM = (Role.DUTY,), (Role.TECHNICIAN,), (Role.LOCAL,), (Role.SYSTEM,)


class Action(NamedTuple):
    """``at`` the stages it may be taken at, ``to`` the stage it leads to (None: the same), by ``roles``.

    ``needs`` fields that must be told; ``held`` whether it may be taken while the ticket is 挂起.
    """

    at: tuple[Stage, ...]
    to: Stage | None
    roles: tuple[Role, ...]
    needs: tuple[str, ...] = ()
    held: bool = False


#: The whole workflow. The diagram in the docs is drawn from it.
ACTIONS: Final[dict[str, Action]] = {
    "triage": Action((_R,), _T, _DUTY),
    "dispatch": Action((_R, _T), _D, (Role.DUTY, Role.SYSTEM), ("assignee",)),
    "take": Action((_D,), _W, _TECH),
    "decline": Action((_D,), _T, _TECH, ("note",)),
    "reassign": Action((_D, _W), _D, _DUTY, ("assignee", "note"), held=True),
    "return": Action((_W,), _B, _TECH, ("cause", "solution")),
    "pass": Action((_B,), _F, _DUTY),
    "confirm": Action((_F,), _C, (Role.LOCAL, Role.DUTY)),
    "not_repaired": Action((_B, _F), _W, (Role.DUTY, Role.LOCAL), ("note",)),
    "false_alarm": Action((_R, _T, _D, _W, _B), _C, _DUTY, ("note",), held=True),
    "dismantled": Action(_OPEN, _C, _DUTY, ("note",), held=True),
    "duplicate": Action((_R, _T, _D), _C, _DUTY, ("other",), held=True),
    "proven": Action(_OPEN, _C, _SYSTEM, ("proof",), held=True),
    "reopen": Action((_C,), _T, (Role.SYSTEM, Role.DUTY), ("note",)),
    "ask_hold": Action((_D, _W), None, (Role.TECHNICIAN, Role.DUTY), ("reason", "until")),
    "approve_hold": Action((_D, _W), None, _DUTY, (), held=True),
    "refuse_hold": Action((_D, _W), None, _DUTY, ("note",), held=True),
    "resume": Action((_D, _W), None, (Role.TECHNICIAN, Role.DUTY, Role.SYSTEM), (), held=True),
    "note": Action(tuple(Stage), None, tuple(Role), ("note",), held=True),
}
_RESULTS: Final[dict[str, Result]] = {
    "confirm": Result.REPAIRED,
    "proven": Result.RECOVERED,
    "false_alarm": Result.FALSE_ALARM,
    "dismantled": Result.DISMANTLED,
    "duplicate": Result.DUPLICATE,
}
#: A fault that comes back so soon after it was closed opens the same ticket again.
REOPEN_US: Final = 7 * 86_400_000_000


class Refusal(StrEnum):
    """Why an action is not taken."""

    UNKNOWN = "unknown_action"
    STAGE = "wrong_stage"
    ROLE = "wrong_role"
    FIELDS = "fields_missing"
    HELD = "held"
    NOT_HELD = "not_held"
    NOT_ASKED = "hold_not_asked"
    SAME_PERSON = "same_person"
    NOT_ASSIGNEE = "not_assignee"
    DENIED = "denied_by_person"
    TOO_LATE = "too_late"
    BACKWARDS = "backwards"


class Refused(NamedTuple):
    """``fields`` those that are missing."""

    why: Refusal
    fields: tuple[str, ...] = ()


class Event(NamedTuple):
    """``actor`` an account, ``role`` in which it acts; ``told`` the fields: texts, ``until`` µs as text."""

    action: str
    at: int
    actor: str
    role: Role
    told: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its events have made it.

    ``worked_us`` on the clock so far, up to ``at``, the last event · ``asked_by`` who asked for 挂起, empty = nobody ·
    ``held`` 挂起 is approved · ``denied`` a person said "not repaired" and nobody has returned it since, so no proof of
    the machine closes it · ``opened`` how often.
    """

    opened_at: int
    at: int
    stage: Stage = Stage.REPORTED
    assignee: str = ""
    asked_by: str = ""
    held: bool = False
    held_until: int = 0
    denied: bool = False
    result: Result | None = None
    worked_us: int = 0
    opened: int = 1
    returned_by: str = ""
    times: Mapping[str, int] = field(default_factory=dict)

    def elapsed_us(self, now: int) -> int:
        """On the clock at ``now``: since it was opened, without what was held and what it was closed."""
        running = self.stage is not Stage.CLOSED and not self.held
        return self.worked_us + (max(0, now - self.at) if running else 0)


def begun(at: int) -> Ticket:
    """A ticket that was reported at ``at``."""
    return Ticket(at, at, times={Stage.REPORTED: at})


def after(ticket: Ticket, event: Event) -> Ticket | Refused:
    """The ticket once ``event`` has happened, or why it may not."""
    refused = _refused(ticket, event)
    if refused is not None:
        return refused
    action = ACTIONS[event.action]
    stage = action.to or ticket.stage
    moved = replace(
        ticket,
        at=event.at,
        stage=stage,
        worked_us=ticket.elapsed_us(event.at),
        times={**ticket.times, stage: event.at} if action.to else ticket.times,
    )
    return _CHANGES.get(event.action, _same)(moved, event)


def folded(ticket: Ticket, events: Iterable[Event]) -> Ticket:
    """The ticket after ``events``, all of which were allowed once. Raises ValueError when one is not."""
    for event in events:
        moved = after(ticket, event)
        if isinstance(moved, Refused):
            raise ValueError(f"{event.action} at {ticket.stage}: {moved.why}")
        ticket = moved
    return ticket


def allowed(ticket: Ticket, actor: str, role: Role) -> list[str]:
    """Actions that ``actor`` may take now, in the order of the table, whatever fields they need."""
    told = dict.fromkeys(("assignee", "note", "cause", "solution", "other", "proof", "reason"), "-")
    event = Event("", ticket.at, actor, role, told | {"until": str(ticket.at + 1)})
    return [name for name in ACTIONS if _refused(ticket, event._replace(action=name)) is None]


def _refused(ticket: Ticket, event: Event) -> Refused | None:
    action = ACTIONS.get(event.action)
    if action is None:
        return Refused(Refusal.UNKNOWN)
    if event.at < ticket.at:
        return Refused(Refusal.BACKWARDS)
    if ticket.stage not in action.at:
        return Refused(Refusal.STAGE)
    if event.role not in action.roles:
        return Refused(Refusal.ROLE)
    missing = tuple(name for name in action.needs if not event.told.get(name, "").strip())
    if missing:
        return Refused(Refusal.FIELDS, missing)
    why = _held_wrongly(ticket, event, action) or _wrong_person(ticket, event)
    return Refused(why) if why else None


def _held_wrongly(ticket: Ticket, event: Event, action: Action) -> Refusal | None:
    if ticket.held and not action.held:
        return Refusal.HELD
    if event.action == "resume" and not ticket.held:
        return Refusal.NOT_HELD
    if event.action in ("approve_hold", "refuse_hold") and (not ticket.asked_by or ticket.held):
        return Refusal.NOT_ASKED
    if event.action == "proven" and ticket.denied:
        return Refusal.DENIED
    if event.action == "reopen" and event.role is Role.SYSTEM and event.at > ticket.at + REOPEN_US:
        return Refusal.TOO_LATE
    return None


def _wrong_person(ticket: Ticket, event: Event) -> Refusal | None:
    """Nobody approves what he asked for or passes what he repaired; only who has a ticket works on it."""
    if event.action == "approve_hold" and event.actor == ticket.asked_by:
        return Refusal.SAME_PERSON
    if event.action in ("pass", "confirm") and event.actor == ticket.returned_by:
        return Refusal.SAME_PERSON
    if event.role is Role.TECHNICIAN and event.action != "note" and event.actor != ticket.assignee:
        return Refusal.NOT_ASSIGNEE
    if event.action == "ask_hold" and not _is_later(event.told["until"], event.at):
        return Refusal.BACKWARDS
    return None


def _is_later(text: str, at: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19 and int(text) > at


def _same(ticket: Ticket, _event: Event) -> Ticket:
    return ticket


def _unheld(ticket: Ticket, _event: Event) -> Ticket:
    """挂起, or the wish for it, has ended."""
    return replace(ticket, held=False, asked_by="", held_until=0)


def _assigned(ticket: Ticket, event: Event) -> Ticket:
    return replace(_unheld(ticket, event), assignee=event.told["assignee"])


def _declined(ticket: Ticket, event: Event) -> Ticket:
    return replace(_unheld(ticket, event), assignee="")


def _returned(ticket: Ticket, event: Event) -> Ticket:
    return replace(_unheld(ticket, event), returned_by=event.actor, denied=False)


def _denied(ticket: Ticket, _event: Event) -> Ticket:
    return replace(ticket, returned_by="", denied=True)


def _closed(ticket: Ticket, event: Event) -> Ticket:
    return replace(_unheld(ticket, event), result=_RESULTS[event.action], denied=False)


def _reopened(ticket: Ticket, _event: Event) -> Ticket:
    return replace(ticket, result=None, assignee="", returned_by="", opened=ticket.opened + 1)


def _hold_asked(ticket: Ticket, event: Event) -> Ticket:
    return replace(ticket, asked_by=event.actor, held_until=int(event.told["until"]))


def _held(ticket: Ticket, _event: Event) -> Ticket:
    return replace(ticket, held=True)


_CHANGES: Final[Mapping[str, Callable[[Ticket, Event], Ticket]]] = {
    "dispatch": _assigned,
    "reassign": _assigned,
    "decline": _declined,
    "return": _returned,
    "not_repaired": _denied,
    "reopen": _reopened,
    "ask_hold": _hold_asked,
    "approve_hold": _held,
    "refuse_hold": _unheld,
    "resume": _unheld,
} | dict.fromkeys(_RESULTS, _closed)
