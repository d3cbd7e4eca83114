"""A past ticket as it was when it was opened, and what became of it: what a replay of rules starts from and looks at.

The opening event holds every described field and every decision of that moment. A field whose value is the answer of a
decision was decided; any other was given by a person (or by the file that the ticket was imported from). Where a person
gave the very value that a rule answered too, it counts as decided: the two can't be told apart.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from csctool.domain.effects import standing
from csctool.domain.ticket import Event, Frozen, Link, Ticket
from csctool.domain.words import DESCRIBING

#: What `--ask` may name, and the fields that are then asked of the rules although somebody gave them.
ASKABLE: dict[str, tuple[str, ...]] = {
    "category": ("category",),
    "kind": ("kind",),
    "service": ("service",),
    "priority": ("impact", "urgency", "priority"),
    "queue": (),
}


#: What somebody may say of a ticket.
SAID = (*DESCRIBING, "fields")


class Opening(Frozen, frozen=True):
    """The draft before anybody was asked: `given` holds the fields that somebody had said.

    `queue` is the queue that was named instead of asking for one; None where routing is to be asked.
    """

    draft: Ticket
    given: dict[str, Any]
    at: datetime
    queue: str | None


class Outcome(Frozen, frozen=True):
    """What really happened: as decided at the opening, and where it ended.

    `first` is the first queue that the ticket was in, `resolver` the queue in which it was resolved last, None when it
    never was; `handovers` and `bounces` are those of the whole life.
    """

    category: str | None
    kind: str
    service: str | None
    priority: str
    first: str | None
    resolver: str | None
    handovers: int
    bounces: int


class Expectation(Frozen, frozen=True):
    """What rules are expected to answer for a ticket: `given` is what somebody says of it, `wants` what must come out:
    fields, and in `notify` as what people are told of the opening (`requester`, an address …), in any order.

    `number` and `line` say where it stands in its file, `at` at what time it is opened.
    """

    given: dict[str, Any]
    wants: dict[str, Any]
    name: str | None = None
    agency: str | None = None
    at: datetime | None = None
    number: int = 0
    line: int = 0


#: What an expectation may want.
WANTED = ("category", "kind", "service", "impact", "urgency", "priority", "queue", "assignee", "notify")


def opening(ticket: Ticket, ask: Collection[str] = ()) -> Opening | None:
    """The ticket before the decisions of its opening; None for one without a history.

    `ask` names what is asked anew although somebody had said it. The queue of an imported ticket always is: whoever
    routed it then was no rule of this desk.
    """
    if not ticket.history:
        return None
    born = ticket.history[0]
    now = {name: new for name, (_, new) in born.changes.items()}
    given = _given(born, now)
    for word in ask:
        for name in ASKABLE[word]:
            given.pop(name, None)
    routed = any(decision.hook == "route" for decision in born.decisions)
    asked = routed or "queue" in ask or "identity" in now
    return Opening(_draft(ticket, given, now), given, born.at, None if asked else now.get("queue"))


def given_at(born: Event) -> dict[str, Any]:
    """The described fields that somebody had said when a ticket was opened."""
    return _given(born, {name: new for name, (_, new) in born.changes.items()})


def _given(born: Event, now: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for decision in born.decisions:
        answers.update(decision.answer)
        if decision.hook == "prioritize":
            answers["priority"] = now.get("priority")  # a priority that somebody names is never asked for
    carried = any(link["type"] == "transferred-from" for link in now.get("links") or ())
    if now.get("kind") == "contact" and not carried:
        answers["kind"] = "contact"  # what a ticket is called until somebody says more
    given = {}
    for name in SAID:
        value = now.get(name)
        if value and (name not in answers or answers[name] != value):
            given[name] = value
    if "cc" in given:
        given["cc"] = tuple(given["cc"])
    return given


def _draft(ticket: Ticket, given: dict[str, Any], now: dict[str, Any]) -> Ticket:
    links = tuple(Link(link["type"], link["key"]) for link in now.get("links") or ())
    described = {"kind": "contact", "subject": ticket.subject, **given}
    return Ticket(
        key=ticket.key, agency=ticket.agency, number=ticket.number, status="queued", links=links, **described
    )  # fmt: skip


def outcome(ticket: Ticket) -> Outcome:
    """What became of a ticket that has a history."""
    now = {name: new for name, (_, new) in ticket.history[0].changes.items()}
    first: str | None = None
    queue: str | None = None
    resolver: str | None = None
    for event in standing(ticket.history):
        if "queue" in event.changes:
            queue = event.changes["queue"][1]
            first = first or queue
        if event.verb == "resolve":
            resolver = queue
    return Outcome(
        now.get("category"), now.get("kind", ticket.kind), now.get("service"), now.get("priority", ticket.priority),
        first, resolver, ticket.handovers, ticket.bounces,
    )  # fmt: skip


def lived_on(before: Outcome, real: tuple[str | None, str | None], queue: str | None) -> tuple[int, int]:
    """(hand-overs, bounces) of a ticket, had its first queue been another one; `real` are its first queue and resolver.

    With the same first queue all stays as it happened. A ticket that had come at once to the queue that resolved it
    would not have been handed over. One that had come to a wrong queue would have been handed over as it was, and at
    least once.
    """
    first, resolver = real
    if queue == first:
        return before.handovers, before.bounces
    if queue == resolver:
        return 0, 0
    return max(1, before.handovers), before.bounces
