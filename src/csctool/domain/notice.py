"""A notice: one message to one address about one event of a ticket, from the moment it is caused until it is delivered.

Notices wait in the outbox of their agency, saved together with the change that caused them. Their identity follows from
ticket, event, recipient and transport, so that the same thing is never told twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from csctool.domain.ticket import Event, Frozen

try:  # the same function as in hashlib, without loading OpenSSL at every start
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: verb of an event -> what rules and templates call it.
NAMES: Mapping[str, str] = {
    "open": "opened", "triage": "triaged", "assign": "assigned", "start": "started", "hold": "held",
    "resume": "resumed", "escalate": "escalated", "return": "returned", "diagnose": "diagnosed",
    "resolve": "resolved", "close": "closed", "reopen": "reopened", "cancel": "cancelled", "merge": "merged",
    "transfer": "transferred", "note": "noted", "link": "linked", "callback": "called-back", "warn": "warned",
    "breach": "breached", "undo": "undone", "outage-open": "outage-opened", "outage-update": "outage-updated",
    "outage-resolve": "outage-resolved", "outage-plan": "outage-planned",
}  # fmt: skip

State = Literal["waiting", "held", "dead"]

#: How many characters of what the other end said are kept.
_SAID = 200


class Notice(Frozen, frozen=True, omit_defaults=True):
    """One message to one address.

    `event` is the event's name in rules and templates, `seq` its number in the history of `ticket`; `role` says as what
    the recipient is told (`requester`, `queue` …), `rule` who wanted it. `due` is the earliest moment of delivery,
    `tries` and `error` tell of attempts that failed. `text` and `subject` are given by a plugin or a rule; else the
    words come from the template at delivery. What is `waiting` is delivered, what is `held`
    waits for a person, what is `dead` was given up.

    What has a `group` is told in one letter with all of that group that is due to the same recipient; `letter` is the
    id under which several left, or were about to, in one. It is not delivered in the hours that are `quiet` for the
    rule, nor in the recipient's own, unless it is `urgent`. `also` are the numbers of earlier events of the same
    operation of which this one tells as well.
    """

    id: str
    ticket: str
    seq: int
    event: str
    op: str
    transport: str
    to: str
    role: str
    rule: str
    at: datetime
    due: datetime
    template: str | None = None
    subject: str | None = None
    text: str | None = None
    state: State = "waiting"
    tries: int = 0
    error: str | None = None
    group: str | None = None
    letter: str | None = None
    quiet: str | None = None
    urgent: bool = False
    also: tuple[int, ...] = ()


class Other(Frozen, frozen=True):
    """A notice that is told in another's message."""

    id: str
    ticket: str
    seq: int
    event: str
    at: datetime


class Dispatch(Frozen, frozen=True):
    """A message as programs get it: webhooks, commands, files. Of the ticket it has what routes a message further.

    `others` are the notices that it tells besides, the oldest first.
    """

    schema: Literal["csctool.notice/1"]
    id: str
    agency: str
    ticket: str
    seq: int
    event: str
    at: datetime
    to: str
    role: str
    kind: str
    status: str
    priority: str
    queue: str | None
    assignee: str | None
    subject: str
    text: str
    others: tuple[Other, ...] = ()


class Delivery(Frozen, frozen=True, omit_defaults=True):
    """A notice that somebody took: when, and what the other end called it. Kept when the notice has left.

    `answer` is True for what answers a mail of the recipient. What was told in one letter with others has the same
    `letter`.
    """

    id: str
    ticket: str
    seq: int
    event: str
    transport: str
    to: str
    role: str
    rule: str
    at: datetime
    receipt: str | None = None
    detail: str | None = None
    answer: bool = False
    letter: str | None = None


def identity(ticket: str, seq: int, transport: str, to: str) -> str:
    """What a notice is known by, and never repeated under: 16 hexadecimal digits. `to` is the mailbox, without the
    name beside it."""
    text = "\0".join((ticket, str(seq), transport, to.casefold()))
    digest: str = blake2b(text.encode(), digest_size=8).hexdigest()
    return digest


def name_of(event: Event) -> str:
    """What rules and templates call an event; the verb itself where it has no other name."""
    return NAMES.get(event.verb, event.verb)


def delivered(
    notice: Notice, at: datetime, receipt: str | None = None, detail: str | None = None, *, answer: bool = False,
    letter: str | None = None,
) -> Delivery:  # fmt: skip
    """The record of a delivery. What the other end said of it is cut to a line."""
    return Delivery(
        notice.id, notice.ticket, notice.seq, notice.event, notice.transport, notice.to, notice.role, notice.rule, at,
        receipt and receipt[:_SAID], detail and detail[:_SAID], answer, letter,
    )  # fmt: skip


def ready(notices: Iterable[Notice], now: datetime) -> list[Notice]:
    """Those that are to be delivered now."""
    return [notice for notice in notices if notice.state == "waiting" and notice.due <= now]


def in_turn(notices: Iterable[Notice]) -> list[Notice]:
    """In the order of delivery: the longest due first, and of one ticket what happened first."""
    return sorted(notices, key=lambda n: (n.due, n.ticket, n.seq))
