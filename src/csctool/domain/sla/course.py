"""A ticket's clocks followed through its history, event by event: a pure function of the history and its terms."""

from collections.abc import Container
from datetime import datetime
from typing import Any

from csctool.domain.effects import standing
from csctool.domain.sla.clock import CalendarOf, Clock
from csctool.domain.sla.terms import PAUSES, Contract, Terms, contracts_of, terms_of
from csctool.domain.ticket import Event, Ticket
from csctool.domain.words import OPEN

_NOTHING = (None, None)
#: Fields that decide what is promised, and where a ticket is.
_WATCHED = ("kind", "priority", "status", "queue", "tier", "opened_at")


class Stay:
    """One stay under a contract: `number` counts the stays under the same name, from 1."""

    __slots__ = ("clocks", "name", "number")

    def __init__(self, name: str, number: int, clocks: dict[str, Clock]) -> None:
        self.name, self.number, self.clocks = name, number, clocks


class Course:
    """What stands at some event of a history: the fields that matter, the terms in force, the clocks."""

    def __init__(self, calendars: CalendarOf) -> None:
        self._calendars = calendars
        self.fields: dict[str, Any] = dict.fromkeys(_WATCHED)
        self.hold: str | None = None
        self.terms: Terms | None = None
        self.contracts: dict[str, Contract] = {}
        self.response = Clock(calendars)
        self.resolution = Clock(calendars)
        self.stays: list[Stay] = []
        self.staying: dict[str, Stay] = {}
        self.breach_reason: str | None = None
        self.born: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.fields["status"] in OPEN

    @property
    def opened_at(self) -> datetime | None:
        """When it was opened, as a value."""
        at = self.fields["opened_at"]
        return datetime.fromisoformat(at) if isinstance(at, str) else at

    # -- one event, in two halves: what it says, then what that does to the clocks

    def see(self, event: Event) -> None:
        """Take over the fields that an event changed: what is promised from here on depends on them."""
        changes = event.changes
        self.born = self.born or event.at
        for name in _WATCHED:
            if name in changes:
                self.fields[name] = changes[name][1]
        if "hold" in changes:
            held = changes["hold"][1]
            self.hold = held["for"] if held else None

    def turn(self, event: Event) -> None:
        """What the event does to the clocks, under the terms that it records."""
        changes = event.changes
        if "breach_reason" in changes:
            self.breach_reason = changes["breach_reason"][1]
        first = self.terms is None and "terms" in changes
        was = self.terms
        if "terms" in changes:
            self.terms = terms_of(changes["terms"][1])
        if "ola" in changes:
            self.contracts = contracts_of(changes["ola"][1])
        if self.terms:
            begin = self._beginning(event) if first else event.at
            self._respond(event, begin, was)
            self._resolve(event, begin)
        if self.contracts or self.staying:
            self._stay(event)

    def _beginning(self, event: Event) -> datetime:
        """Where clocks start: at the opening, or where the first terms were given to a ticket that had none."""
        if "ran" in event.changes:
            for name, clock in (("response", self.response), ("resolution", self.resolution)):
                clock.ran = clock.elapsed = event.changes["ran"][1].get(name, 0)
            return event.at
        return (self.opened_at or event.at) if event.at == self.born else event.at

    def _respond(self, event: Event, at: datetime, was: Terms | None) -> None:
        """The response is judged once, by what was promised before the event that gives it; it never pauses."""
        clock = self.response
        old, answered = event.changes.get("responded_at", _NOTHING)
        if old is not None and answered is None:
            clock.unstop()
        if clock.stopped is None:
            terms = was if answered is not None and was else self.terms
            clock.turn(at, terms.response if terms else None, True, "waits for an answer")
            if answered is not None:
                clock.stop(_time(answered))
            elif not self.open:
                clock.stop(event.at, ended=True)

    def _resolve(self, event: Event, at: datetime) -> None:
        clock, terms = self.resolution, self.terms
        if terms is None:
            return
        if self.open or not clock.segments:
            counts, why = _running(self.fields["status"], self.hold, terms.pauses)
            clock.turn(at, terms.resolution, counts, why)
        elif terms.resolution != clock.goal and clock.stopped:
            self._judged_anew(terms)
        clock.agree(event.at, terms.agreed)
        if self.open:
            return
        stated = event.changes.get("resolved_at", _NOTHING)[1]
        cancelled = self.fields["status"] == "cancelled"
        clock.stop(_time(stated) if stated else event.at, ended=cancelled)

    def _judged_anew(self, terms: Terms) -> None:
        """A resolved ticket is corrected: what has run stays, and is held against the new target."""
        stopped, clock = self.resolution.stopped, self.resolution
        last = clock.segments[-1]
        if stopped is None:
            return
        clock.turn(stopped, terms.resolution, last.counts, last.why)
        clock.stop(stopped)

    def _stay(self, event: Event) -> None:
        at = event.at
        for name in [name for name in self.staying if name not in self.contracts]:
            for clock in self.staying.pop(name).clocks.values():
                clock.stop(at)
        answered = _answers(event, self.open)
        pauses = self.terms.pauses if self.terms else PAUSES
        for name, contract in self.contracts.items():
            if name not in self.staying:
                if not self.open:
                    continue
                number = 1 + sum(stay.name == name for stay in self.stays)
                clocks = {
                    which: Clock(self._calendars) for which in ("response", "resolution") if getattr(contract, which)
                }
                self.stays.append(Stay(name, number, clocks))
                self.staying[name] = self.stays[-1]
            clocks = self.staying[name].clocks
            excused = tuple(cause for cause in pauses if not (contract.vendor and cause == "vendor"))
            counts, why = _running(self.fields["status"], self.hold, excused)
            if self.open:
                if "response" in clocks and clocks["response"].stopped is None:
                    clocks["response"].turn(at, contract.response, True, "waits for an answer")
                if "resolution" in clocks:
                    clocks["resolution"].turn(at, contract.resolution, counts, why)
            for which, clock in clocks.items():
                if not self.open:
                    clock.stop(at, ended=self.fields["status"] == "cancelled")
                elif which == "response" and answered:
                    clock.stop(at)


def follow(ticket: Ticket, calendars: CalendarOf) -> Course:
    """The clocks of a ticket, its whole history gone by; what was undone never happened to them."""
    course = Course(calendars)
    for event in standing(ticket.history):
        course.see(event)
        course.turn(event)
    return course


def _running(status: str, hold: str | None, pauses: Container[str | None]) -> tuple[bool, str]:
    """Whether the clock of a resolution runs, and why it stands or does not."""
    if status != "on-hold":
        return True, "open"
    return hold not in pauses, f"on hold for {hold}"


def _answers(event: Event, open: bool) -> bool:
    """Whether an event answers whoever handed the ticket over: as the response to the requester does."""
    changes = event.changes
    reached = changes.get("callback", _NOTHING)[1]
    told = "public" in changes and "from" not in changes
    return event.verb == "start" or told or bool(reached and reached.get("reached")) or not open


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def agreed_in(event: Event) -> datetime | None:
    """The resolution time that was agreed in this event: `triage --due`."""
    if event.verb != "triage":
        return None
    new = event.changes.get("due", _NOTHING)[1]
    return None if not new or not new.get("resolution") else _time(new["resolution"])
