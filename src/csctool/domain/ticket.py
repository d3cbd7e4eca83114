"""The nouns: ticket, event, link, decision, and the words they are made of."""

import re
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from csctool.errors import NotFoundError

Kind = Literal["contact", "incident", "request", "information", "new-service", "complaint", "change", "problem"]
Status = Literal["queued", "assigned", "in-progress", "on-hold", "resolved", "closed", "cancelled"]
Channel = Literal["phone", "walk-in", "chat", "fax", "email", "portal", "monitoring"]
Priority = Literal["P1", "P2", "P3", "P4", "P5"]
HoldCause = Literal["requester", "vendor", "change", "approval", "other"]
LinkType = Literal[
    "child-of", "parent-of", "caused-by", "causes", "duplicate-of", "duplicated-by", "fixes", "fixed-by",
    "follows", "followed-by", "relates-to", "transferred-to", "transferred-from",
]  # fmt: skip

KINDS: tuple[str, ...] = get_args(Kind)
STATUSES: tuple[str, ...] = get_args(Status)
CHANNELS: tuple[str, ...] = get_args(Channel)
PRIORITIES: tuple[str, ...] = get_args(Priority)
HOLD_CAUSES: tuple[str, ...] = get_args(HoldCause)

OPEN = frozenset({"queued", "assigned", "in-progress", "on-hold"})
LIVE = OPEN | {"resolved"}
FINISHED = frozenset({"closed", "cancelled"})

#: Channels on which the requester is talking to a technician while the ticket is opened.
LIVE_CHANNELS = frozenset({"phone", "walk-in", "chat"})
#: Kinds that are registered whatever is missing or objected to: everything reported is captured.
CAPTURED_KINDS = frozenset({"incident", "complaint", "contact"})

CALLBACK = "callback-required"
INCOMPLETE = "incomplete"
UNDONE = "undone"

#: What stands on the other ticket when this one is linked to it.
INVERSE: dict[str, LinkType] = {
    "child-of": "parent-of", "parent-of": "child-of", "caused-by": "causes", "causes": "caused-by",
    "duplicate-of": "duplicated-by", "duplicated-by": "duplicate-of", "fixes": "fixed-by", "fixed-by": "fixes",
    "follows": "followed-by", "followed-by": "follows", "relates-to": "relates-to",
    "transferred-to": "transferred-from", "transferred-from": "transferred-to",
}  # fmt: skip

AGENCY_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
TICKET_KEY = re.compile(r"([A-Z][A-Z0-9]{1,9})-([1-9][0-9]{0,9})")


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


#: What a person or a rule may say of a ticket: `triage` and imports set these.
DESCRIBING = (
    "subject", "description", "channel", "requester", "phone", "affected", "cc", "service", "category",
    "kind", "impact", "urgency", "priority",
)  # fmt: skip


def split_key(key: str) -> tuple[str, int]:
    """`DHS-1042` as (agency, number).

    Raises NotFoundError: a word that can't be a key names no ticket.
    """
    found = TICKET_KEY.fullmatch(key.upper())
    if not found:
        raise NotFoundError(f"no such ticket: {key!r}", "a key looks like DHS-1042")
    return found[1], int(found[2])


def plain(value: Any) -> Any:
    """The value as JSON would carry it: what history records."""
    return msgspec.to_builtins(value)
