"""Looking at promises: a ticket's ledger, whether what is stored adds up, what another policy would have done."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from csctool.desk.promises import Book, Promising
from csctool.domain.organisation import DeskSettings
from csctool.domain.query import Query
from csctool.domain.sla.clock import CalendarOf
from csctool.domain.sla.course import follow
from csctool.domain.sla.ledger import Ledger, ledger
from csctool.domain.sla.outcome import dues, outcome
from csctool.domain.sla.promise import policy_name
from csctool.domain.sla.recording import bare, promised
from csctool.domain.ticket import Ticket, plain, split_key
from csctool.errors import CscError, NotFoundError

if TYPE_CHECKING:
    from csctool.desk.desk import Desk


class Ledgers(msgspec.Struct):
    """The ledgers that were asked for, and what failed by key."""

    tickets: list[Ledger]
    failures: list[tuple[str, CscError]]


def ledgers(desk: "Desk", keys: Iterable[str]) -> "Ledgers":
    """The ledger of each ticket."""
    done = Ledgers([], [])
    book = desk.promising.book
    for key in keys:
        try:
            agency, number = split_key(key)
            ticket = desk.store.get(f"{agency}-{number}")
            done.tickets.append(ledger(ticket, desk.clock(), strictly(book, desk.store.calendars(agency))))
        except CscError as error:
            done.failures.append((key, error))
    return done


def strictly(book: Book, definitions: Mapping[str, Any]) -> CalendarOf:
    """The calendar of a target as it was: raises NotFoundError where its definition is not kept."""
    return lambda goal: book.kept(goal.calendar, goal.digest, definitions)


class Difference(msgspec.Struct, frozen=True):
    """A field of a ticket that does not stand as its history says."""

    key: str
    field: str
    stored: Any
    recomputed: Any


def recompute(desk: "Desk", query: Query) -> tuple[int, list[Difference]]:
    """Follow the clocks of the matching tickets anew: how many were checked, and what stands otherwise on them."""
    checked, wrong = 0, []
    kept: dict[str, Mapping[str, Any]] = {}
    for ticket in desk.find(query):
        checked += 1
        if ticket.agency not in kept:
            kept[ticket.agency] = desk.store.calendars(ticket.agency)
        wrong += _differences(desk.promising.book, ticket, kept[ticket.agency])
    return checked, sorted(wrong, key=lambda found: (split_key(found.key), found.field))


def _differences(book: Book, ticket: Ticket, definitions: Mapping[str, Any]) -> list[Difference]:
    try:
        course = follow(ticket, strictly(book, definitions))
        now = outcome(course)
        due = plain(dues(course)) if course.terms else plain(ticket.due)
    except NotFoundError as error:
        return [Difference(ticket.key, "sla", ticket.sla, error.message)]
    stored = {"due": plain(ticket.due), **{f"sla.{name}": value for name, value in ticket.sla.items()}}
    recomputed = {"due": due, **{f"sla.{name}": value for name, value in now.items()}}
    names = sorted(stored.keys() | recomputed.keys())
    return [
        Difference(ticket.key, name, stored.get(name), recomputed.get(name))
        for name in names
        if stored.get(name) != recomputed.get(name)
    ]


def simulated(desk: "Desk", settings: DeskSettings, query: Query) -> Iterator[tuple[Ticket, Ticket]]:
    """The matching tickets as they are and as they would stand, had these settings promised from the beginning."""
    trial = Promising(settings, desk.directory, desk.store)
    for ticket in desk.find(query):
        promises = trial.promises(ticket.agency)
        yield ticket, promised(bare(ticket), 0, promises, strictly(trial.book, {}))


def unserved(desk: "Desk", settings: DeskSettings, agencies: Iterable[str]) -> list[str]:
    """The agencies to which these settings promise nothing."""
    return [key for key in agencies if policy_name(settings, desk.directory.agency(key)) is None]
