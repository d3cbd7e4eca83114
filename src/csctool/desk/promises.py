"""Promises at the desk: which calendars there are, and what is promised when a ticket changes.

An agency keeps the definition of every calendar that a promise was ever made in, by digest; so a clock of last year is
followed in last year's hours.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from csctool.desk.calendars import BUSINESS
from csctool.desk.ports import Directory, Store, Unit
from csctool.domain.business_hours import Calendar, parse_calendar
from csctool.domain.organisation import CalendarTable, DeskSettings
from csctool.domain.sla.clock import CalendarOf
from csctool.domain.sla.course import follow
from csctool.domain.sla.promise import ELAPSED, Promises
from csctool.domain.sla.recording import promised, settled
from csctool.domain.sla.terms import Goal, definition, digest
from csctool.domain.ticket import Ticket
from csctool.errors import NotFoundError


class Book:
    """The calendars of a command, each parsed once, so that what they work out is kept from ticket to ticket."""

    def __init__(self, settings: DeskSettings, directory: Directory) -> None:
        self.settings = settings
        self._directory = directory
        self._named: dict[str, tuple[str, Calendar]] = {}
        self._definitions: dict[str, dict[str, Any]] = {}
        self._parsed: dict[str, Calendar] = {}

    def named(self, name: str) -> tuple[str, Calendar]:
        """A calendar of the settings with its digest. Raises NotFoundError, SettingsError."""
        if name not in self._named:
            kept = definition(self._table(name), self.settings.timezone)
            key = digest(kept)
            self._definitions[key] = kept
            self._named[name] = key, self._calendar(name, key, kept)
        return self._named[name]

    def definition(self, key: str) -> dict[str, Any] | None:
        """The definition of a digest that the settings have now."""
        return self._definitions.get(key)

    def kept(self, name: str, key: str, definitions: Mapping[str, Any]) -> Calendar:
        """The calendar of a digest, as the settings have it now or as the agency keeps it.

        Raises NotFoundError for one that neither has: the ticket came from another desk.
        """
        if key in self._parsed:
            return self._parsed[key]
        if key in definitions:
            return self._calendar(name, key, definitions[key])
        with suppress(NotFoundError):
            current, calendar = self.named(name)
            if current == key:
                return calendar
        raise NotFoundError(f"the calendar {name} ({key}) is not kept here")

    def _table(self, name: str) -> CalendarTable:
        table = self.settings.calendars.get(name)
        if table is None and name == ELAPSED:
            table = CalendarTable(hours="24x7", timezone="UTC")
        if table is None and name == "business":
            table = BUSINESS
        if table is None:
            raise NotFoundError(f"no such calendar: {name!r}")
        return table

    def _calendar(self, name: str, key: str, kept: Mapping[str, Any]) -> Calendar:
        if key not in self._parsed:
            region = kept.get("statutory")
            statutory = self._directory.statutory(region) if region else None
            self._parsed[key] = parse_calendar(
                name, zone=kept["timezone"], hours=kept.get("hours", {}), holidays=kept.get("holidays", ()),
                exceptions=kept.get("exceptions"), holidays_of=statutory,
            )  # fmt: skip
        return self._parsed[key]


class Promising:
    """What is promised at this desk, as far as a command asks: made once a command."""

    def __init__(self, settings: DeskSettings, directory: Directory, store: Store) -> None:
        self._directory = directory
        self._store = store
        self.book = Book(settings, directory)
        self._agencies: dict[str, Promises] = {}

    def kept_up(self, unit: Unit, ticket: Ticket, first: int) -> Ticket:
        """The ticket with what is promised by its events from number `first` on; its calendars are kept with it."""
        if settled(ticket, first):
            return ticket
        definitions = unit.calendars(ticket.agency)
        after = promised(ticket, first, self.promises(ticket.agency), self.calendars(definitions))
        for key in _digests(after, first):
            found = self.book.definition(key)
            if found is not None and key not in definitions:
                unit.keep_calendar(ticket.agency, key, found)
        return after

    def ran(self, ticket: Ticket, at: datetime) -> dict[str, int]:
        """The working seconds that a ticket's clocks have run by `at`."""
        course = follow(ticket, self.calendars(self._store.calendars(ticket.agency)))
        return {"response": course.response.at(at), "resolution": course.resolution.at(at)}

    def promises(self, agency: str) -> Promises:
        """What is promised to an agency."""
        if agency not in self._agencies:
            settings = self._directory.agency(agency)
            self._agencies[agency] = Promises(self.book.settings, settings, self.book.named)
        return self._agencies[agency]

    def calendars(self, definitions: Mapping[str, Any]) -> CalendarOf:
        """The calendar of a target, for clocks that must go on whatever they meet."""

        def calendar(goal: Goal) -> Calendar:
            try:
                return self.book.kept(goal.calendar, goal.digest, definitions)
            except NotFoundError:  # imported with its history: what is called so here is the nearest
                return self._nearest(goal.calendar)

        return calendar

    def _nearest(self, name: str) -> Calendar:
        try:
            return self.book.named(name)[1]
        except NotFoundError:
            return self.book.named("business")[1]


def _digests(ticket: Ticket, first: int) -> Iterator[str]:
    """The digests of the calendars in which anything was promised by the events from number `first` on."""
    for event in ticket.history[first:]:
        changes = event.changes
        for promise in (changes["terms"][1],) if "terms" in changes else ():
            yield from _digests_of(promise or {})
        for contract in (changes["ola"][1] or {}).values() if "ola" in changes else ():
            yield from _digests_of(contract)


def _digests_of(promise: Mapping[str, Any]) -> Iterator[str]:
    for which in ("response", "resolution"):
        if promise.get(which):
            yield promise[which]["digest"]
