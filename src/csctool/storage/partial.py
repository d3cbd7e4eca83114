"""Parts of a ticket: what is decoded of its document where the rest is not asked for."""

from datetime import datetime

import msgspec

from csctool.domain.sla.standing import Standings
from csctool.domain.ticket import Decision, Due, Event, Ticket
from csctool.domain.words import LIVE, OPEN


class Sketch(msgspec.Struct, frozen=True, gc=False):
    """The fields of a ticket that queries ask about, without texts and history.

    Decoding it costs a third of decoding the ticket, which pays when a query drops most tickets.
    """

    agency: str
    number: int
    kind: str
    status: str
    requester: str | None = None
    service: str | None = None
    category: str | None = None
    priority: str = "P5"
    queue: str | None = None
    tier: str | None = None
    desk: str | None = None
    owner: str | None = None
    assignee: str | None = None
    flags: tuple[str, ...] = ()
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due: Due = Due()
    version: int = 0


class Brief(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A ticket without texts and history: what a query that is `brief` gets in its place."""

    agency: str
    number: int
    kind: str
    status: str
    channel: str | None = None
    service: str | None = None
    category: str | None = None
    priority: str = "P5"
    queue: str | None = None
    tier: str | None = None
    desk: str | None = None
    assignee: str | None = None
    flags: tuple[str, ...] = ()
    code: str | None = None
    opened_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due: Due = Due()
    sla: Standings = Standings()
    version: int = 0

    @property
    def key(self) -> str:
        """`DHS-1042`."""
        return f"{self.agency}-{self.number}"

    @property
    def open(self) -> bool:
        """Somebody still has to work on it."""
        return self.status in OPEN

    @property
    def live(self) -> bool:
        """Open, or resolved and not closed yet."""
        return self.status in LIVE


class Briefs(msgspec.Struct, frozen=True, gc=False):
    """A store file whose tickets are decoded to these, and what it knows of months."""

    tickets: dict[str, Brief] = {}
    months: dict[str, list[str]] = {}


class OutlinedDecision(Decision, frozen=True):
    """A decision whose answer is left as it was read."""

    answer: msgspec.Raw  # type: ignore[assignment]


class OutlinedEvent(Event, frozen=True):
    """An event whose changes are left as they were read."""

    changes: msgspec.Raw  # type: ignore[assignment]
    decisions: tuple[OutlinedDecision, ...] = ()


class Outline(Ticket, frozen=True):
    """A ticket for lists that do not look into its history: what the events changed stays undecoded.

    Its public JSON is that of the whole ticket, for a third of the work.
    """

    history: tuple[OutlinedEvent, ...] = ()
