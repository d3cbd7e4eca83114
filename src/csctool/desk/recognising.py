"""Which rows of an import are here already: identities and numbers with the digests of their content."""

from hashlib import blake2b

import msgspec

from csctool.domain.intake import Incoming
from csctool.domain.ticket import Ticket
from csctool.domain.words import UNDONE


class Known(msgspec.Struct):
    """What an agency has already: identities with their digests, numbers with the digests of their tickets.

    `numbers` is None until a row with a key of its own asks for it. `undone` are those imported tickets among them that
    were undone: a number is never given to another ticket, so the same row brings its own back. `counter` is where this
    import left the numbers: when it stands elsewhere, somebody else wrote in between, and everything is looked up anew.
    """

    identities: dict[str, str]
    numbers: dict[int, str] | None
    counter: int
    undone: dict[int, str] = {}


def digest_of(ticket: Ticket) -> str:
    """Stands for the whole content of a ticket."""
    return blake2b(msgspec.json.encode(ticket), digest_size=12).hexdigest()


def told_before(row: Incoming, known: Known) -> str | None:
    """None for a row that is new, "" for one that is here already, else why it can't be taken."""
    if (row.number or 0) in known.undone:
        return None
    if row.whole is not None:
        there = (known.numbers or {}).get(row.whole.number)
        if there is None:
            return None
        return "" if there == digest_of(row.whole) else f"{row.whole.key} exists with other content"
    digest = known.identities.get(row.identity or "")
    if digest is not None:
        return "" if digest == row.digest else f"{row.identity} was imported before with other content"
    if row.number and row.number in (known.numbers or {}):
        return f"{row.agency}-{row.number} exists with other content"
    return None


def learn(known: Known, ticket: Ticket) -> None:
    """Note a ticket that is here."""
    if UNDONE in ticket.flags:
        if known.numbers is not None:
            _learn_undone(known, ticket)
        return
    if known.numbers is not None:
        known.numbers[ticket.number] = digest_of(ticket)
    if not ticket.history:
        return
    changes = ticket.history[0].changes
    identity = changes.get("identity", (None, None))[1]
    if identity:
        known.identities[identity] = changes.get("row", (None, ""))[1] or ""


def _learn_undone(known: Known, ticket: Ticket) -> None:
    """Of an imported ticket, the row that it was; any other's number is taken."""
    row = ticket.history[0].changes.get("row", (None, None))[1]
    if row:
        known.undone[ticket.number] = row
    elif known.numbers is not None:
        known.numbers[ticket.number] = digest_of(ticket)
