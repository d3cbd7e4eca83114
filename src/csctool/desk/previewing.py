"""What people would read, and who: words before they are sent. Nothing is saved and nothing leaves."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from csctool.desk.core import agencies_of
from csctool.desk.desk import Desk
from csctool.desk.ports import Letter, Question, Told, Wording
from csctool.desk.telling import notices, recipients
from csctool.domain import outage
from csctool.domain.naming import hint
from csctool.domain.notice import NAMES, Notice, identity, name_of
from csctool.domain.past import ticket_after
from csctool.domain.sample import sample
from csctool.domain.ticket import Event, Ticket, split_key
from csctool.errors import CscError, NotFoundError, UsageError

#: What is wanted: text and page, a page, or a mail.
Form = Literal["words", "page", "mail"]
#: By whom it is told when no rule wants it told.
NOBODY = "no rule"


class Preview(msgspec.Struct, frozen=True):
    """A letter and its words. `happened` is False for an event that was made up; a `mail` only where it was wanted."""

    letter: Letter
    words: Wording
    happened: bool
    mail: bytes | None = None


class Previewed(msgspec.Struct, frozen=True):
    """What would be said, and templates that can't be used, each with what is used instead."""

    previews: list[Preview]
    troubles: list[CscError]


def preview(
    desk: Desk, key: str, name: str, to: str | None = None, locale: str | None = None, form: Form = "words"
) -> Previewed:  # fmt: skip
    """The words of an event, for everybody whom the rules tell of it, or for those of a role, or for an address.

    Where no rule tells anybody, what the requester would read. The last event of that name is taken, or, where there
    was none, the ticket as it stands with an event that is made up. A page is wanted where all read the
    same, a mail of one letter. Raises NotFoundError, UsageError, DeliveryError for a mail that has no address.
    """
    if name not in NAMES.values():
        raise UsageError(f"there is no event {name!r}", hint(name, NAMES.values(), most=len(NAMES)))
    agency, number = split_key(key)
    desk.brace(agencies_of([key]))
    ticket = desk.store.get(f"{agency}-{number}")
    ticket, event, happened = _event(desk, ticket, name)
    letters = list(_letters(desk, ticket, event, to))
    previews = [Preview(letter, desk.post.words(letter, locale), happened) for letter in letters]
    if len(letters) > 1 and (form == "mail" or (form == "page" and len({one.words.html for one in previews}) > 1)):
        addresses = dict.fromkeys(letter.notice.to for letter in letters)
        raise UsageError(f"{len(letters)} messages are no single {form}", f"choose with --to: {', '.join(addresses)}")
    if form == "mail":
        previews = [msgspec.structs.replace(one, mail=desk.post.mail(one.letter, one.words)) for one in previews]
    return Previewed(previews, desk.post.troubles())


def _event(desk: Desk, ticket: Ticket, name: str) -> tuple[Ticket, Event, bool]:
    """The last event of that name with the ticket as it stood after it, or one that is made up."""
    for event in reversed(ticket.history):
        verb = outage.announcement(ticket, event) if name.startswith("outage-") else event.verb
        if verb and NAMES.get(verb) == name:
            return ticket_after(ticket, event.seq), msgspec.structs.replace(event, verb=verb), True
    made = sample(ticket, desk.stamp(ticket), name)
    return made, made.history[-1], False


def _letters(desk: Desk, ticket: Ticket, event: Event, to: str | None) -> Iterator[Letter]:
    agency = desk.directory.agency(ticket.agency)
    decisions = desk.decisions(ticket.agency)
    decisions.prepare()
    said = decisions.notify(event, Question(ticket, event.at, event.verb))
    found = list(notices(desk.settings, agency, ticket, event, said))
    if to is not None:
        found = [notice for notice in found if to.casefold() in (notice.role.casefold(), notice.to.casefold())]
    if not found:
        found = list(_otherwise(desk, ticket, event, to))
    for notice in found:
        yield Letter(notice, ticket.agency, ticket, event)


def _otherwise(desk: Desk, ticket: Ticket, event: Event, to: str | None) -> Iterator[Notice]:
    """Whom no rule tells: the one who was asked for, else the requester, with an address or without."""
    role = to or "requester"
    agency = desk.directory.agency(ticket.agency)
    addresses = list(recipients(desk.settings, agency, ticket, role))
    if not addresses and to is not None:
        raise NotFoundError(f"{ticket.key} has nobody to tell as {to!r}", "csctool show tells who is named in it")
    told = Told("", "", NOBODY)
    for part, address in addresses or [(role, ticket.requester or "")]:
        yield Notice(
            identity(ticket.key, event.seq, told.transport, address), ticket.key, event.seq, name_of(event), event.op,
            told.transport, address, part, told.rule, event.at, event.at,
        )  # fmt: skip
