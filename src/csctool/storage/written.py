"""How a ticket is written: the shape of its stored document, in every format that was ever in use.

Format 2 is the public JSON without the fields of the ticket that stand at their default, and at the end the seals of
the events and what the ticket waits for. A field that is not there has the value that a fresh ticket has: no text, no
list, 0, impact and urgency 3, P5. The history stands there in full, as in public: so a list prints it as it was read,
and seals and repairs need no other line than the ticket's own. Format 1 left nothing out.
"""

import msgspec

from csctool.domain.agenda import Agenda, agenda
from csctool.domain.ticket import Due, Ticket


class StoredDue(Due, frozen=True, omit_defaults=True):
    """As in the domain, what is not promised left out."""


class StoredTicket(Ticket, frozen=True, omit_defaults=True):
    """As in the domain, defaults left out, with its seals and what it waits for."""

    due: StoredDue | None = None  # type: ignore[assignment]
    seals: tuple[str, ...] = ()
    agenda: Agenda | None = None


NOTHING = Agenda()
_encode = msgspec.json.Encoder().encode


def written(ticket: Ticket, seals: tuple[str, ...]) -> bytes:
    """The document of a ticket: one line of JSON, the same for equal tickets."""
    stored = msgspec.convert(ticket, StoredTicket, from_attributes=True)
    due = stored.due if ticket.due != Due() else None
    waits = agenda(ticket) if ticket.live else NOTHING
    return _encode(msgspec.structs.replace(stored, due=due, seals=seals, agenda=waits if waits != NOTHING else None))


def in_format_1(ticket: Ticket, seals: tuple[str, ...]) -> bytes:
    """The document as csctool wrote it in format 1."""
    return _encode(ticket)[:-1] + b',"seals":' + _encode(seals) + b"}"
