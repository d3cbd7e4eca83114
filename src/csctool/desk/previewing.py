"""What people would read, and who: words before they are sent. Nothing is saved and nothing leaves."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from csctool.desk.core import agencies_of
from csctool.desk.desk import Desk
from csctool.desk.ports import Letter, Wording
from csctool.desk.telling import Telling
from csctool.domain import outage
from csctool.domain.naming import hint, nearest
from csctool.domain.notice import Notice, identity
from csctool.domain.occasion import EVENTS, letter_of, names_of
from csctool.domain.past import ticket_after
from csctool.domain.recipients import WORDS, is_place, recipients
from csctool.domain.sample import MADE_UP, sample
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
    """What would be said; who is wanted to be told and is not; and templates that can't be used, each with what is used
    instead."""

    previews: list[Preview]
    untold: list[Telling]
    troubles: list[CscError]


def preview(
    desk: Desk, key: str, name: str, to: str | None = None, locale: str | None = None, form: Form = "words"
) -> Previewed:  # fmt: skip
    """The words of an event, for everybody whom the rules tell of it, or for those of a role, or for an address.

    Where no rule tells anybody, what the requester would read. The last event of that name is taken, or, where there
    was none, the ticket as it stands with an event that is made up. A page is wanted where all read the
    same, a mail of one letter. Raises NotFoundError, UsageError, DeliveryError for a mail that has no address.
    """
    if name not in EVENTS:
        raise UsageError(f"there is no event {name!r}", hint(name, EVENTS, most=len(EVENTS)))
    agency, number = split_key(key)
    desk.brace(agencies_of([key]))
    ticket = desk.store.get(f"{agency}-{number}")
    ticket, event, happened = _event(desk, ticket, name)
    desk.decisions(agency).prepare()
    found = desk.told_of(ticket, event)
    letters = list(_letters(desk, ticket, event, found, to))
    previews = [Preview(letter, desk.post.words(letter, locale), happened) for letter in letters]
    if len(letters) > 1 and (form == "mail" or (form == "page" and len({one.words.html for one in previews}) > 1)):
        addresses = dict.fromkeys(letter.notice.to for letter in letters)
        raise UsageError(f"{len(letters)} messages are no single {form}", f"choose with --to: {', '.join(addresses)}")
    if form == "mail":
        previews = [msgspec.structs.replace(one, mail=desk.post.mail(one.letter, one.words)) for one in previews]
    untold = [one for one in found if one.notice is None and to in (None, one.whom.role)]
    return Previewed(previews, untold, desk.post.troubles())


def _event(desk: Desk, ticket: Ticket, name: str) -> tuple[Ticket, Event, bool]:
    """The last event of that name with the ticket as it stood after it, or one that is made up."""
    for event in reversed(ticket.history):
        told = outage.announcement(ticket, event) if outage.is_outage(ticket) else None
        for verb in filter(None, (told, event.verb)):
            one = msgspec.structs.replace(event, verb=verb)
            if name in names_of(one, desk.settings.lifecycle.bounce_limit):
                return ticket_after(ticket, event.seq), one, True
    if name not in MADE_UP:
        raise UsageError(f"nothing that rules call {name!r} has happened to {ticket.key}", "e.g. opened, or resolved")
    made = sample(ticket, desk.stamp(ticket), name)
    return made, made.history[-1], False


def _letters(desk: Desk, ticket: Ticket, event: Event, found: list[Telling], to: str | None) -> Iterator[Letter]:
    notices = [one.notice for one in found if one.notice is not None]
    if to is not None:
        notices = [notice for notice in notices if to.casefold() in (notice.role.casefold(), notice.to.casefold())]
    for notice in notices or _otherwise(desk, ticket, event, to):
        yield Letter(notice, ticket.agency, ticket, event)


def _otherwise(desk: Desk, ticket: Ticket, event: Event, to: str | None) -> Iterator[Notice]:
    """Whom no rule tells: the one who was asked for, else the requester, with an address or without."""
    role = to or "requester"
    known = (*WORDS, *desk.settings.people)
    near = nearest(role, known) if role not in known and not is_place(role) else None
    if near is not None:
        raise NotFoundError(f"there is nobody called {role!r}", f"did you mean {near}?")
    agency = desk.directory.agency(ticket.agency)
    there = [one for one in recipients(desk.settings, agency, ticket, event, role) if one.to]
    if not there and to is not None:
        raise NotFoundError(f"{ticket.key} has nobody to tell as {to!r}", "csctool show tells who is named in it")
    for part, address in [(one.role, one.to) for one in there] or [(role, ticket.requester or "")]:
        yield Notice(
            identity(ticket.key, event.seq, "", address), ticket.key, event.seq, letter_of(event), event.op, "",
            address, part, NOBODY, event.at, event.at,
        )  # fmt: skip
