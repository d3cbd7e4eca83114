"""Why a ticket is where it is: what somebody had said, and the decisions that its history holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from csctool.domain.effects import standing
from csctool.domain.lifecycle import rfc3339
from csctool.domain.rehearsal import given_at
from csctool.domain.ticket import Ticket
from csctool.render.rows import document, lines, rows, scalar, write
from csctool.render.text import visible

#: The question that each hook asks.
_QUESTIONS = {
    "categorize": "what is it about?",
    "prioritize": "how bad is it?",
    "route": "who takes it?",
    "assign": "who of the queue takes it?",
    "escalate": "who takes it next?",
}


def explained(found: Sequence[Ticket], fmt: str, told: Mapping[str, Sequence[Any]] = {}) -> None:
    """Each decision: who was asked, who answered what and why, who was passed over. `told` are the messages about each
    ticket that wait or were sent."""
    for at, ticket in enumerate(found):
        decisions = list(decided(ticket))
        if fmt == "json":
            document({
                "schema": "csctool.explain/1", "key": ticket.key, "given": _given(ticket), "decisions": decisions,
                "objections": _objections(ticket), "told": [_telling(one) for one in told.get(ticket.key, ())],
            })  # fmt: skip
        elif fmt == "jsonl":
            lines({"key": ticket.key, **row} for row in decisions)
        elif fmt == "table":
            write("\n" if at else "")
            _print(ticket, decisions)
            _told(told.get(ticket.key, ()))
        elif fmt == "keys":
            write(f"{ticket.key}\n")
        else:
            columns = ("key", "seq", "at", "verb", "hook", "answer", "plugin", "rule", "version", "reason", "passed")
            rows(({"key": ticket.key, **row} for row in decisions), columns, fmt)


def decided(ticket: Ticket) -> Iterable[dict[str, Any]]:
    """The decisions of a ticket with the event in which each was taken; `line` is where the rule begins in its file."""
    for event in standing(ticket.history):
        for decision in event.decisions:
            row = msgspec.to_builtins(decision)
            yield {"seq": event.seq, "at": event.at, "verb": event.verb, **row, "line": _line(decision.rule)}


def _line(rule: str | None) -> int | None:
    _, _, number = (rule or "").partition(" line ")
    return int(number) if number.isdecimal() else None


def _given(ticket: Ticket) -> dict[str, Any]:
    """What was said when the ticket was opened, and so was not asked."""
    return given_at(ticket.history[0]) if ticket.history else {}


def _objections(ticket: Ticket) -> list[str]:
    """What spoke against the ticket as it was opened."""
    return list((ticket.history[0].changes.get("objections", (None, None))[1] or ()) if ticket.history else ())


#: What somebody may say instead of a rule; the rest of what was given is the ticket's text.
_DECIDABLE = ("kind", "category", "service", "impact", "urgency", "priority")


def _print(ticket: Ticket, decisions: Sequence[dict[str, Any]]) -> None:
    write(f"{ticket.key}  {visible(ticket.subject)}\n")
    said = {name: value for name, value in _given(ticket).items() if name in _DECIDABLE}
    if said:
        write(f"  given: {visible(scalar(said))}\n")
    for row in decisions:
        question = _QUESTIONS.get(row["hook"], "")
        write(f"  {row['verb']}: {row['hook']}{', ' if question else ''}{question}\n")
        for passed in row["passed"]:
            write(f"      asked {visible(passed['plugin'])}: {visible(passed['why'])}\n")
        who = " ".join(part for part in (row["plugin"], row["version"], row["rule"]) if part)
        write(f"      asked {visible(who)}: {visible(scalar(row['answer'])) or 'no answer'}\n")
        if row["reason"]:
            write(f"          because: {visible(row['reason'])}\n")
    for text in _objections(ticket):
        write(f"  objection: {visible(text)}\n")


def _telling(one: Any) -> dict[str, Any]:
    """A message that waits or was sent: `at` is when it left, else when it is due."""
    state = getattr(one, "state", "sent")
    plain = {name: getattr(one, name) for name in ("seq", "event", "role", "to", "transport", "rule")}
    return {**plain, "state": state, "at": one.at if state == "sent" else one.due}


def _told(messages: Iterable[Any]) -> None:
    """Who is told, a line for each event and rule."""
    same: dict[tuple[Any, ...], list[str]] = {}
    for one in sorted(messages, key=lambda one: one.seq):
        row = _telling(one)
        who = row["to"] if row["to"] == row["role"] else f"{row['to']} ({row['role']})"
        same.setdefault((row["event"], row["state"], row["at"], row["transport"], row["rule"]), []).append(who)
    said = {"sent": "told", "waiting": "to be told", "held": "held back", "dead": "could not be told"}
    for (event, state, at, transport, rule), people in same.items():
        when = f" at {rfc3339(at)}" if state in ("sent", "waiting") else ""
        write(f"  {event}: who is told?\n")
        write(f"      {said[state]}{when}: {visible(', '.join(people))}, by {visible(transport)}\n")
        write(f"          because: {visible(rule)}\n")
