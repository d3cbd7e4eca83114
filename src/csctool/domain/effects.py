"""Which events of a history stand. What was undone stays in the history for ever, and nothing follows from it.

An event of the verb `undo` names in `undid` the operation that it took back. It can itself be undone, and then that
operation stands again. Only a ticket can't be as if it had never been: an undo of its opening cancels it, and that is
an event like any other.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from csctool.domain.ticket import Event, Ticket
from csctool.domain.words import UNDONE

_NOTHING = (None, None)


def effects(history: Sequence[Event]) -> Sequence[Event | None]:
    """What each event of a history comes to, in the same order: None for what was undone, and for an undo without what
    it took back, because that is not there any more."""
    for event in history:
        if event.verb == "undo":
            return _weighed(history)
    return history


def standing(history: Sequence[Event]) -> Sequence[Event]:
    """The events from which something follows, in order."""
    found = effects(history)
    return history if found is history else tuple(event for event in found if event is not None)


def taken_back(history: Sequence[Event]) -> dict[str, str]:
    """The operations that are undone as things stand, each with the operation that undid it."""
    found: dict[str, str] = {}
    for event in reversed(history):
        target = undid(event)
        if target is not None and event.op not in found:
            found[target] = event.op
    return found


def undid(event: Event) -> str | None:
    """The operation that an event took back."""
    target = event.changes.get("undid", _NOTHING)[1] if event.verb == "undo" else None
    return target if isinstance(target, str) else None


def cancels(event: Event) -> bool:
    """Whether an undo took back an opening, and so cancelled the ticket."""
    old, new = event.changes.get("flags", _NOTHING)
    return event.verb == "undo" and UNDONE in (new or ()) and UNDONE not in (old or ())


def cancelled_by(ticket: Ticket) -> str | None:
    """The operation that took back the opening of a ticket that is undone."""
    return next((event.op for event in reversed(standing(ticket.history)) if cancels(event)), None)


def _weighed(history: Sequence[Event]) -> list[Event | None]:
    gone: set[str] = set()
    found: list[Event | None] = []
    for event in reversed(history):
        target = undid(event)
        if event.op in gone:
            found.append(None)
        elif target is None or cancels(event):
            found.append(event)
        else:
            gone.add(target)
            found.append(_residue(event))
    found.reverse()
    return found


def _residue(event: Event) -> Event:
    """What an undo says of its own: promises renewed, a later answer in the place of the one that is gone."""
    changes: dict[str, tuple[Any, Any]] = {}
    for name, (old, new) in event.changes.items():
        if name in ("terms", "ola") or (name == "responded_at" and old and new):
            changes[name] = (old, new)
    return msgspec.structs.replace(event, changes=changes)
