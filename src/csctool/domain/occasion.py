"""What an event is called in rules: by the name of its verb, and by what else happened with it.

A rule may so speak of what matters to people ("the status changed") instead of naming every verb that may do it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from csctool.domain.notice import NAMES, name_of
from csctool.domain.ticket import Event
from csctool.domain.words import CALLBACK, INCOMPLETE

#: Names besides those of the verbs, and when an event has them. `docs/notifications.md` shows the same table.
DERIVED: Mapping[str, str] = {
    "status": "the status changed, the opening included",
    "tier": "another support line has the ticket",
    "due": "the time for which its resolution was promised moved",
    "promised": "the same, as its letter is called",
    "queue": "it arrived in a queue, at the opening too",
    "assignee": "somebody got it",
    "owner": "somebody answers for it",
    "priority": "the priority changed after the opening",
    "public-note": "the desk wrote a note for the client",
    "answered": "the requester wrote",
    "functional": "it was escalated to another queue",
    "hierarchic": "it was escalated to a lead or manager",
    "bounced": "it came to a queue that it had left before",
    "bounce-limit": "it bounced as often as `bounce_limit` says, or was sent on beyond that with --force",
    "callback-required": "the flag was raised: somebody has to be called back",
    "incomplete": "the flag was raised: something is missing",
    "outage": "an agency hears of an outage or of planned work",
}
#: What `on` of a rule may name.
EVENTS = (*NAMES.values(), *DERIVED)

_NOTHING = (None, None)
_FLAGS = (CALLBACK, INCOMPLETE)


def names_of(event: Event, bounce_limit: int) -> frozenset[str]:
    """Everything that rules may call an event."""
    if event.verb.startswith("outage-"):  # an agency hears of it; what the changes say concerns the outage's own ticket
        return frozenset((name_of(event), "outage"))
    return frozenset((name_of(event), *_derived(event, bounce_limit)))


def letter_of(event: Event) -> str:
    """Which words tell of an event: those of its name, or of the promise where that is all a client sees changed."""
    return "promised" if event.verb == "triage" and _promised_anew(event) else name_of(event)


def _derived(event: Event, bounce_limit: int) -> Iterator[str]:
    changes = event.changes
    for name in ("status", "queue", "assignee", "owner"):
        if changes.get(name, _NOTHING)[1] is not None:
            yield name
    for name in ("tier", "priority"):
        if changes.get(name, _NOTHING)[0] is not None and event.verb != "open":
            yield name
    if _promised_anew(event):
        yield "due"
        yield "promised"
    if "from" in changes:
        yield "answered"
    elif "public" in changes:
        yield "public-note"
    if event.verb == "escalate":
        yield str(changes.get("escalation", (None, "functional"))[1])
    yield from _bounces(changes, bounce_limit)
    old, new = changes.get("flags", _NOTHING)
    for flag in _FLAGS if new else ():
        if flag in new and flag not in (old or ()):
            yield flag


def _bounces(changes: Mapping[str, tuple[Any, Any]], limit: int) -> Iterator[str]:
    old, new = changes.get("bounces", _NOTHING)
    if new is not None and new > (old or 0):
        yield "bounced"
        if new >= limit:
            yield "bounce-limit"
    elif "forced" in changes:
        yield "bounce-limit"


def _promised_anew(event: Event) -> bool:
    """Whether a resolution that had been promised is promised for another time, or for none, from here on."""
    old, new = event.changes.get("due", _NOTHING)
    before = (old or {}).get("resolution")
    return before is not None and before != (new or {}).get("resolution")
