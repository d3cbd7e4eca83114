"""Taking an operation back: what it did to a ticket, what stands in the way, and the ticket without it.

Every field that the operation changed gets its old value again. What others did since stays where both go together:
amounts are taken off again, and of lists and of the agency's own fields only those entries go back that the operation
had changed. Where they do not go together the later change stands in the way, and nothing is undone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from csctool.domain.effects import cancels, effects, taken_back
from csctool.domain.lifecycle import TRANSITIONS, holding, record, with_flag
from csctool.domain.past import as_field
from csctool.domain.ticket import Event, Frozen, Link, Stamp, Ticket, plain
from csctool.domain.words import UNDONE

#: Amounts, which several operations add to.
_AMOUNTS = frozenset({"minutes", "handovers", "bounces"})
#: Lists of which every entry stands for itself.
_LISTS = frozenset({"flags", "cc", "links"})
#: What is no field, but stands from one event to the next as fields do.
_LASTING = frozenset({"hold", "agreed"})
#: Fields whose changes no event tells of, or that follow from others.
_FOLLOWING = frozenset({"sla", "version", "updated_at", "history"})
#: Verbs that tell of time passing: nobody's work is lost when the ticket goes.
_TELLING = frozenset({"warn", "breach", "undo"})
#: A status says whether somebody has the ticket: the two are one thing.
_HANDS = frozenset({"status", "assignee"})
_NOTHING = (None, None)

#: The smallest thing on which two operations can disagree: a field and, where it has several, an entry in it.
_Atom = tuple[str, Any]
_Moves = dict[_Atom, tuple[Any, Any]]


class Traced(msgspec.Struct, frozen=True):
    """Tickets of one agency in whose histories an operation was looked for; all were `written` by then (real time)."""

    agency: str
    written: datetime
    tickets: list[Ticket]


class Obstacle(Frozen, frozen=True):
    """A later change that stands in the way of an undo, and the fields over which (none: it needs the whole ticket)."""

    event: Event
    fields: tuple[str, ...]


class Share:
    """What one operation did to one ticket. `taken_in` is the number of events that the ticket had when the operation
    imported it with its history; the operation has no event of its own then."""

    def __init__(self, ticket: Ticket, op: str, taken_in: int = 0) -> None:
        self.ticket = ticket
        self.op = op
        #: The operation's events that stand. An undo is whole here, with all that it took back.
        self.events: list[Event] = []
        #: What others wrote after the first of them, as far as it stands.
        self._later: list[Event] = []
        self.opening = bool(taken_in)
        for at, (event, effect) in enumerate(zip(ticket.history, effects(ticket.history), strict=True)):
            if event.op == op and effect is not None:
                self.events.append(event)
                self.opening = self.opening or at == 0
            elif effect is not None and (self.events or (taken_in and at >= taken_in)):
                self._later.append(effect)
        self._clocked = any(
            effect is not None and effect.op != op and "terms" in effect.changes for effect in effects(ticket.history)
        )

    @property
    def stands(self) -> bool:
        """Whether there is anything to undo."""
        if self.opening:
            return UNDONE not in self.ticket.flags
        return bool(self.events) and self.op not in taken_back(self.ticket.history)

    def obstacle(self) -> Obstacle | None:
        """The first change by others that does not go together with an undo."""
        if self.opening:
            return next((Obstacle(event, ()) for event in self._later if event.verb not in _TELLING), None)
        mine = self._moves
        names = {name for name, _ in mine}
        before = mine.get(("status", ""), _NOTHING)[0]
        for event in self._later:
            if event.verb == "undo" and not cancels(event):
                continue  # what it left is what was there before
            theirs = dict(_moves(event, self._clocked))
            both = {name for name, entry in mine if (name, entry) in theirs}
            if names & _HANDS and (hands := _HANDS.intersection(name for name, _ in theirs)):
                both |= hands
            if "agreed" in names and "terms" in event.changes:
                both.add("due")
            if before is not None and before not in TRANSITIONS.get(event.verb, (before,)):
                both.add("status")
            if both:
                return Obstacle(event, tuple(name for name in (*Ticket.__struct_fields__, "hold") if name in both))
        return None

    def undone(self, stamp: Stamp, note: str | None = None) -> Ticket:
        """The ticket without it, as one more event; a ticket that it opened is cancelled with the flag `undone`, and
        all that is on it stays to be read. Whoever calls has asked for obstacles."""
        ticket = self.ticket
        extra: dict[str, tuple[Any, Any]] = {"undid": (None, self.op)}
        held = holding(ticket)
        if self.opening:
            if held:
                extra["hold"] = (held, None)
            flags = with_flag(ticket.flags, UNDONE, True)
            new = {"status": "cancelled", "closed_at": stamp.at, "flags": flags}
            return record(ticket, stamp, "undo", new, note=note, extra=extra)
        moves = self._moves
        if ("hold", "") in moves:
            extra["hold"] = (held, moves["hold", ""][0])
        if ("agreed", "") in moves:
            old, now = moves["agreed", ""]
            extra["agreed"] = (now, old)
        return record(ticket, stamp, "undo", self._restored(moves), note=note, extra=extra)

    @property
    def _moves(self) -> _Moves:
        """What all its events come to together."""
        found: _Moves = {}
        for event in self.events:
            for atom, (old, new) in _moves(event, self._clocked):
                found[atom] = (found[atom][0] if atom in found else old, new)
        return {atom: (old, new) for atom, (old, new) in found.items() if old != new}

    def _restored(self, moves: _Moves) -> dict[str, Any]:
        new: dict[str, Any] = {}
        for name in dict.fromkeys(name for event in self.events for name in event.changes):
            if name not in Ticket.__struct_fields__ or name in _FOLLOWING or (name == "due" and self._clocked):
                continue
            now = getattr(self.ticket, name)
            steps = [event.changes[name] for event in self.events if name in event.changes]
            if name in _AMOUNTS:
                new[name] = now - sum((up or 0) - (old or 0) for old, up in steps)
            elif _unbroken(steps, plain(now)) or not (name in _LISTS or name == "fields"):
                new[name] = as_field(name, steps[0][0])
            else:
                back = {entry: old for (field, entry), (old, _) in moves.items() if field == name}
                new[name] = _fields(now, back) if name == "fields" else _list(name, now, back, steps[0][0] or ())
        if any(event.verb != "undo" and (answers(event) or "responded_at" in event.changes) for event in self.events):
            new["responded_at"] = self._response()
        return new

    def _response(self) -> datetime | None:
        """When the requester was first answered by anybody else: what was no news then is the response now."""
        at: datetime | None = None
        for event in effects(self.ticket.history):
            if event is None or event in self.events or event.verb == "undo":
                continue
            if "responded_at" in event.changes:
                at = as_field("responded_at", event.changes["responded_at"][1])
            elif at is None and answers(event):
                at = event.at
        return at


def answers(event: Event) -> bool:
    """Whether an event is a response to the requester where there was none before (domain: Time)."""
    reached = event.changes.get("callback", _NOTHING)[1]
    told = "public" in event.changes and "from" not in event.changes
    return event.verb in ("start", "resolve") or told or bool(reached and reached.get("reached"))


def _moves(event: Event, clocked: bool) -> Iterator[tuple[_Atom, tuple[Any, Any]]]:
    """What an event changed. Due times count where they follow from no clock; of promises only what was agreed does."""
    for name, (old, new) in event.changes.items():
        if name in _LISTS:
            before, after = set(map(_entry, old or ())), set(map(_entry, new or ()))
            for entry in before ^ after:
                yield (name, entry), (entry in before, entry in after)
        elif name == "fields":
            for entry in (old or {}).keys() | (new or {}).keys():
                yield (name, entry), ((old or {}).get(entry), (new or {}).get(entry))
        elif name == "terms":
            yield ("agreed", ""), ((old or {}).get("agreed"), (new or {}).get("agreed"))
        elif name in _AMOUNTS or name in _FOLLOWING or (name == "due" and clocked):
            continue
        elif name in _LASTING or name in Ticket.__struct_fields__:
            yield (name, ""), (old, new)


def _entry(value: Any) -> Any:
    return (value["type"], value["key"]) if isinstance(value, dict) else value


def _unbroken(steps: Sequence[tuple[Any, Any]], now: Any) -> bool:
    """Whether nobody else changed the field in between or since."""
    return all(new == old for (_, new), (old, _) in pairwise([*steps, (now, None)]))


def _list(name: str, now: Sequence[Any], back: Mapping[Any, bool], old: Iterable[Any]) -> tuple[Any, ...]:
    """The entries that were added go; those that were taken out come back to where they were in the `old` list."""
    there = [_entry(plain(value)) for value in now]
    wanted = {entry for entry in there if back.get(entry, True)} | {entry for entry, was in back.items() if was}
    found = [entry for entry in dict.fromkeys((*map(_entry, old), *there)) if entry in wanted]
    if name == "links":
        return tuple(Link(*entry) for entry in found)
    return tuple(sorted(found) if name == "flags" else found)


def _fields(now: Mapping[str, Any], back: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**now, **back}.items() if value is not None}


def verbs(events: Iterable[Event]) -> str:
    """What an operation was, in words: `open, resolve, close`."""
    return ", ".join(dict.fromkeys(event.verb for event in events))
