"""Parts of a ticket: what is decoded of its document where the rest is not asked for."""

from datetime import datetime

import msgspec

from csctool.domain.sla.standings import Standings
from csctool.domain.ticket import Due, Ticket
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


class Outline(Ticket, frozen=True):
    """A ticket for lists that do not look into its history: that is left as it was read, which is as it is printed."""

    history: msgspec.Raw = msgspec.Raw(b"[]")  # type: ignore[assignment]


class Outlines(msgspec.Struct, frozen=True, gc=False):
    """A store file whose tickets are decoded to these."""

    tickets: dict[str, Outline] = {}
