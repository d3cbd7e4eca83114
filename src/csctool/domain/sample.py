"""An event that has not happened, for looking at what would be said of it: no rule of the lifecycle is asked."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from csctool.domain.lifecycle import record
from csctool.domain.notice import NAMES
from csctool.domain.ticket import Due, Link, Stamp, Ticket, plain

#: What stands where a person would have written something.
RESOLUTION = "What the client reads as the resolution stands here."
NOTE = "What was written for the client stands here."
INTERNAL = "What was written for colleagues stands here."

#: What can be made up: events, and a promise that moves.
MADE_UP = frozenset({*NAMES.values(), "due", "promised"})

Made = tuple[Mapping[str, Any], Mapping[str, tuple[Any, Any]], str | None]


def sample(ticket: Ticket, stamp: Stamp, name: str) -> Ticket:
    """The ticket as it stands, with one more event, called `name` in rules and templates: only fields that such an
    event is about are changed, to values that are made up."""
    verb = next((verb for verb, called in NAMES.items() if called == name), "triage")
    make = _promise if name in ("due", "promised") else _MADE.get(verb, _nothing)
    new, extra, note = make(ticket, stamp)
    return record(ticket, stamp, verb, new, note=note, extra=dict(extra))


def _nothing(_ticket: Ticket, _stamp: Stamp) -> Made:
    return {}, {}, INTERNAL


def _status(status: str, note: str | None = INTERNAL) -> Callable[[Ticket, Stamp], Made]:
    return lambda _ticket, _stamp: ({"status": status}, {}, note)


def _assign(_ticket: Ticket, stamp: Stamp) -> Made:
    return {"status": "assigned", "assignee": stamp.actor}, {}, INTERNAL


def _hold(_ticket: Ticket, stamp: Stamp) -> Made:
    held = {"for": "requester", "until": plain(stamp.at + timedelta(days=3))}
    return {"status": "on-hold"}, {"hold": (None, held)}, INTERNAL


def _escalate(_ticket: Ticket, _stamp: Stamp) -> Made:
    return {"status": "queued", "assignee": None}, {"escalation": (None, "functional")}, INTERNAL


def _diagnose(_ticket: Ticket, _stamp: Stamp) -> Made:
    return {"cause": INTERNAL}, {}, None


def _resolve(ticket: Ticket, stamp: Stamp) -> Made:
    new = {"status": "resolved", "resolved_at": stamp.at, "resolution": ticket.resolution or RESOLUTION}
    return {**new, "code": ticket.code or "solved"}, {}, INTERNAL


def _close(ticket: Ticket, stamp: Stamp) -> Made:
    new, extra, _ = _resolve(ticket, stamp)
    return {**new, "status": "closed", "closed_at": stamp.at}, extra, None


def _end(code: str, tie: str | None = None) -> Callable[[Ticket, Stamp], Made]:
    def made(ticket: Ticket, stamp: Stamp) -> Made:
        new: dict[str, Any] = {"status": "cancelled", "code": code, "closed_at": stamp.at}
        if tie:
            new["links"] = (*ticket.links, Link(tie, f"{ticket.agency}-{ticket.number + 1}"))  # type: ignore[arg-type]
        return new, {}, INTERNAL

    return made


def _note(_ticket: Ticket, _stamp: Stamp) -> Made:
    return {}, {"public": (None, True)}, NOTE


def _link(ticket: Ticket, _stamp: Stamp) -> Made:
    return {"links": (*ticket.links, Link("relates-to", f"{ticket.agency}-{ticket.number + 1}"))}, {}, None


def _callback(_ticket: Ticket, _stamp: Stamp) -> Made:
    return {}, {"callback": (None, {"reached": False, "try": 1})}, None


def _promise(ticket: Ticket, stamp: Stamp) -> Made:
    before = ticket.due.resolution or stamp.at
    now = Due(ticket.due.response, before + timedelta(days=1))
    return {"due": now}, {"due": (plain(Due(ticket.due.response, before)), plain(now))}, INTERNAL


def _alarm(ticket: Ticket, stamp: Stamp) -> Made:
    due = ticket.due.resolution or stamp.at
    return {"due": Due(ticket.due.response, due)}, {"clock": (None, "resolution"), "due_at": (None, plain(due))}, None


_MADE: Mapping[str, Callable[[Ticket, Stamp], Made]] = {
    "assign": _assign, "start": _status("in-progress", None), "hold": _hold, "resume": _status("in-progress"),
    "escalate": _escalate, "return": _status("queued"), "diagnose": _diagnose, "resolve": _resolve, "close": _close,
    "reopen": _status("in-progress"), "cancel": _end("withdrawn"), "merge": _end("duplicate", "duplicate-of"),
    "transfer": _end("transferred", "transferred-to"), "note": _note, "link": _link, "callback": _callback,
    "warn": _alarm, "breach": _alarm, "outage-update": _note, "outage-resolve": _resolve,
}  # fmt: skip
