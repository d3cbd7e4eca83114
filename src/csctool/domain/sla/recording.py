"""Writing down what is promised: terms and due times go into the events, the clocks' standing onto the ticket."""

from collections.abc import Mapping
from typing import Any

import msgspec

from csctool.domain.effects import effects
from csctool.domain.sla.clock import CalendarOf
from csctool.domain.sla.course import Course, agreed_in
from csctool.domain.sla.outcome import dues, outcome
from csctool.domain.sla.promise import Promises
from csctool.domain.sla.terms import plain_terms
from csctool.domain.ticket import Due, Event, Ticket, plain
from csctool.domain.words import FINISHED

#: What this room adds to the changes of an event, besides `due`.
EXTRAS = ("terms", "ola")
#: What decides about terms and contracts: where an event changes none of it they stay as they were just asked for.
_ASKING = frozenset({"kind", "priority", "status", "queue", "tier", "opened_at", "hold", "due"})


def promised(ticket: Ticket, first: int, promises: Promises, calendars: CalendarOf) -> Ticket:
    """The ticket with the promises of its events from number `first` (from 0) on: terms and contracts where they
    changed, due times that moved, and where its clocks stand.

    A ticket that came with due times of its own (an import) keeps them and has no clocks. While it is open, every event
    renews the terms: settings that were edited apply from the next event on, and what had run until then stays. What
    was undone never happened to the clocks.
    """
    course = Course(calendars)
    events = list(ticket.history)
    due, stated, asked = Due(), False, False
    for at, effect in enumerate(effects(ticket.history)):
        if effect is None:
            due, asked = _told_due(events[at], due), False  # what stands now may be promised otherwise
            continue
        course.see(effect)
        stated = stated or (at == 0 and "terms" not in effect.changes and _says_due(effect))
        terms: dict[str, tuple[Any, Any]] = {}
        if at >= first and not stated and (not asked or not _ASKING.isdisjoint(effect.changes)):
            terms, asked = _terms(effect, course, promises, opening=at == 0), True
        course.turn(_with(effect, terms))
        event = _with(events[at], terms)
        if course.terms is not None:
            if at >= first:
                event = _with_due(event, due, dues(course))
        elif _says_due(effect):
            stated = True
        due = _told_due(event, due)
        events[at] = event
    due = dues(course) if course.terms is not None else ticket.due
    return msgspec.structs.replace(ticket, history=tuple(events), due=due, sla=outcome(course))


def settled(ticket: Ticket, first: int) -> bool:
    """Whether the outcome is frozen: closed or cancelled before event number `first`, and not reopened since, nor
    anything undone."""
    new = ticket.history[first:]
    return ticket.status in FINISHED and first > 0 and not any("status" in e.changes or e.verb == "undo" for e in new)


def bare(ticket: Ticket) -> Ticket:
    """The ticket as if nothing had been promised, due times that were agreed with the requester left in: what a
    simulation begins with."""
    events = tuple(_without(event, "terms", "ola", *(() if agreed_in(event) and event.verb == "triage" else ("due",)))
                   for event in ticket.history)  # fmt: skip
    return msgspec.structs.replace(ticket, history=events, due=Due(), sla={})


def _terms(event: Event, course: Course, promises: Promises, *, opening: bool) -> dict[str, tuple[Any, Any]]:
    said = agreed_in(event)
    corrected = said or "kind" in event.changes or "priority" in event.changes
    if not (opening or course.open or (course.fields["status"] == "resolved" and corrected)):
        return {}
    changes: dict[str, tuple[Any, Any]] = {}
    terms = promises.terms(course, said)
    if terms != course.terms:
        changes["terms"] = (plain_terms(course.terms), plain_terms(terms))
    if course.open:
        contracts = promises.contracts(course, event.at)
        if contracts != course.contracts:
            changes["ola"] = (plain_terms(course.contracts), plain_terms(contracts))
    return changes


def _with_due(event: Event, before: Due, after: Due) -> Event:
    if before != after:
        return _with(event, {"due": (plain(before), plain(after))})
    return _without(event, "due") if "due" in event.changes else event


def _told_due(event: Event, before: Due) -> Due:
    """What stood on the ticket after an event."""
    return msgspec.convert(event.changes["due"][1], Due) if "due" in event.changes else before


def _says_due(event: Event) -> bool:
    new = event.changes.get("due", (None, None))[1]
    return bool(new and (new.get("resolution") or new.get("response")))


def _with(event: Event, changes: Mapping[str, tuple[Any, Any]]) -> Event:
    return msgspec.structs.replace(event, changes={**event.changes, **changes}) if changes else event


def _without(event: Event, *names: str) -> Event:
    if not any(name in event.changes for name in names):
        return event
    return msgspec.structs.replace(event, changes={n: c for n, c in event.changes.items() if n not in names})
