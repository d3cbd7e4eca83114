"""The nouns: ticket, event, link, decision."""

from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.words import LIVE, OPEN, TICKET_KEY, Channel, Kind, LinkType, Priority, Status
from csctool.errors import NotFoundError


class Frozen(msgspec.Struct, frozen=True, gc=False):
    """A value: compared by content, never changed in place."""


class Link(Frozen, frozen=True):
    """A tie to another ticket, which may live in another agency: it holds the key only."""

    type: LinkType
    key: str


class Due(Frozen, frozen=True):
    """When the response and the resolution are promised; None where nothing is."""

    response: datetime | None = None
    resolution: datetime | None = None


class Passed(Frozen, frozen=True):
    """Somebody who was asked before the one who answered, and why that was no answer."""

    plugin: str
    why: str = "no answer"


class Decision(Frozen, frozen=True):
    """One automatic decision: the question, the answer, who gave it, and why."""

    hook: str
    answer: dict[str, Any]
    plugin: str
    version: str | None = None
    rule: str | None = None
    reason: str | None = None
    passed: tuple[Passed, ...] = ()


class Event(Frozen, frozen=True):
    """One change of a ticket. `changes` maps a field to (old, new), in plain JSON values.

    `op` names the invocation that caused it and begins with the real time of that invocation (so a change made
    under `--now` still tells when it was made); `via` is the real Unix user behind `actor`.
    """

    seq: int
    op: str
    at: datetime
    actor: str
    via: str | None
    verb: str
    changes: dict[str, tuple[Any, Any]]
    note: str | None = None
    decisions: tuple[Decision, ...] = ()


class Stamp(Frozen, frozen=True):
    """Who makes a change, when, and in which operation: what every verb needs besides the ticket."""

    op: str
    at: datetime
    actor: str
    via: str | None = None


class Ticket(Frozen, frozen=True):
    """A contact and everything that came of it. The order of the fields is the order in JSON."""

    key: str
    agency: str
    number: int
    kind: Kind
    status: Status
    subject: str
    description: str | None = None
    channel: Channel | None = None
    requester: str | None = None
    phone: str | None = None
    affected: str | None = None
    cc: tuple[str, ...] = ()
    service: str | None = None
    category: str | None = None
    impact: int = 3
    urgency: int = 3
    priority: Priority = "P5"
    queue: str | None = None
    tier: str | None = None
    desk: str | None = None
    owner: str | None = None
    assignee: str | None = None
    flags: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    resolution: str | None = None
    code: str | None = None
    cause: str | None = None
    training: str | None = None
    minutes: int = 0
    links: tuple[Link, ...] = ()
    handovers: int = 0
    bounces: int = 0
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due: Due = Due()
    sla: dict[str, Any] = {}
    version: int = 0
    history: tuple[Event, ...] = ()

    @property
    def open(self) -> bool:
        """Somebody still has to work on it."""
        return self.status in OPEN

    @property
    def live(self) -> bool:
        """Open, or resolved and not closed yet."""
        return self.status in LIVE


def split_key(key: str) -> tuple[str, int]:
    """`DHS-1042` as (agency, number).

    Raises NotFoundError: a word that can't be a key names no ticket.
    """
    found = TICKET_KEY.fullmatch(key.upper())
    if not found:
        raise NotFoundError(f"no such ticket: {key!r}", "a key looks like DHS-1042")
    return found[1], int(found[2])


def plain(value: Any) -> Any:
    """The value as JSON carries it: what history records, the same before and after it was saved."""
    if value is None or type(value) in _PLAIN:
        return value
    builtin = msgspec.to_builtins(value)
    return list(builtin) if isinstance(builtin, tuple) else builtin


_PLAIN = frozenset({str, int, bool})
