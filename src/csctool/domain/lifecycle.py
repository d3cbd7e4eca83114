"""The life of a ticket: one transition table, and the verbs that follow it.

Every verb is a pure function (ticket, stamp, …) -> ticket; the new ticket's last event is what happened.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.effects import standing
from csctool.domain.ticket import Decision, Event, Link, Stamp, Ticket, plain
from csctool.domain.words import CALLBACK, INCOMPLETE, LIVE, LIVE_CHANNELS, OPEN, STATUSES, LinkType
from csctool.errors import RefusedError

#: verb -> the statuses it starts from. What it leads to stands in the verb, because it may depend on the history.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "triage": LIVE,
    "assign": OPEN,
    "start": frozenset({"queued", "assigned"}),
    "hold": OPEN,
    "resume": frozenset({"on-hold"}),
    "escalate": OPEN,
    "return": OPEN,
    "diagnose": OPEN,
    "resolve": OPEN,
    "close": frozenset({"resolved"}),
    "reopen": frozenset({"resolved", "closed"}),
    "cancel": OPEN,
    "merge": LIVE,
    "transfer": OPEN,
    "note": frozenset(STATUSES),
    "link": frozenset(STATUSES),
    "callback": frozenset(STATUSES),
}

Decisions = tuple[Decision, ...]


def require(ticket: Ticket, verb: str) -> None:
    """Refuse a verb that the ticket's status does not allow, naming the statuses that do."""
    allowed = TRANSITIONS[verb]
    if ticket.status in allowed:
        return
    forward = next((link.key for link in ticket.links if link.type == "transferred-to"), None)
    if forward:
        raise RefusedError(f"{ticket.key} was transferred", f"go on with {forward}")
    names = ", ".join(s for s in STATUSES if s in allowed)
    raise RefusedError(f"{ticket.key} is {ticket.status}: {verb} works on tickets that are {names}")


def record(
    ticket: Ticket,
    stamp: Stamp,
    verb: str,
    new: Mapping[str, Any],
    *,
    note: str | None = None,
    decisions: Decisions = (),
    extra: Mapping[str, tuple[Any, Any]] | None = None,
) -> Ticket:
    """The ticket with `new` fields and one more event that holds what really changed, old and new.

    `extra` goes into the event's changes without being a field (the cause of a hold, an identity of a row).
    Refuses a time before the last event's: history is only appended to.
    """
    last = ticket.history[-1].at if ticket.history else None
    if last is not None and stamp.at < last:
        raise RefusedError(
            f"{ticket.key} changed last at {rfc3339(last)}, later than {rfc3339(stamp.at)}",
            "history is only appended to: give a later --at",
        )
    changed: dict[str, Any] = {}
    changes: dict[str, tuple[Any, Any]] = {}
    for name, value in new.items():
        old = getattr(ticket, name)
        if old != value:
            changed[name] = value
            # An import comes by here twenty million times: what is plain already is not asked about.
            changes[name] = (old if old is None else plain(old), value if type(value) is str else plain(value))
    if extra:
        changes.update(extra)
    event = Event(
        seq=len(ticket.history) + 1,
        op=stamp.op,
        at=stamp.at,
        actor=stamp.actor,
        via=stamp.via,
        verb=verb,
        changes=changes,
        note=note,
        decisions=decisions,
    )
    return msgspec.structs.replace(
        ticket, **changed, version=ticket.version + 1, updated_at=stamp.at, history=(*ticket.history, event)
    )


def deciding(ticket: Ticket, decisions: Decisions) -> Ticket:
    """The ticket with more decisions in its last event, which is not saved yet."""
    if not decisions:
        return ticket
    *before, last = ticket.history
    event = msgspec.structs.replace(last, decisions=(*last.decisions, *decisions))
    return msgspec.structs.replace(ticket, history=(*before, event))


def rfc3339(at: datetime) -> str:
    """A UTC time as every output of csctool writes it: whole seconds and Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_flag(flags: tuple[str, ...], flag: str, on: bool) -> tuple[str, ...]:
    """The flags with one of them raised or lowered, sorted so that equal sets are equal."""
    return tuple(sorted({*flags, flag} if on else {*flags} - {flag}))


# -- opening -------------------------------------------------------------------------------------------------


def open_ticket(
    draft: Ticket, stamp: Stamp, *, decisions: Decisions = (), objections: Iterable[str] = (), once: str | None = None,
    opened_at: datetime | None = None, responded_at: datetime | None = None, note: str | None = None,
    extra: Mapping[str, tuple[Any, Any]] | None = None,
) -> Ticket:  # fmt: skip
    """Register a draft that categorisation, priority and routing have completed.

    Every described field stands in the first event's changes, so that history alone rebuilds the ticket. Objections
    make it `incomplete`. A person opening on a live channel has thereby responded (domain: Time, the response).
    `opened_at` and `responded_at` are given for a ticket that lived before, elsewhere.
    """
    objections = tuple(objections)
    born = Ticket(key=draft.key, agency=draft.agency, number=draft.number, kind=draft.kind, status=draft.status,
                  subject=draft.subject, priority=draft.priority)  # fmt: skip
    if responded_at is None and draft.channel in LIVE_CHANNELS:
        responded_at = stamp.at
    new = {name: getattr(draft, name) for name in _OPENING}
    new["opened_at"] = opened_at or stamp.at
    new["responded_at"] = responded_at
    new["flags"] = with_flag(draft.flags, INCOMPLETE, bool(objections))
    more: dict[str, tuple[Any, Any]] = {
        name: (None, getattr(draft, name)) for name in ("kind", "status", "subject", "priority")
    }
    if once:
        more["once"] = (None, once)
    if objections:
        more["objections"] = (None, list(objections))
    return record(born, stamp, "open", new, note=note, decisions=decisions, extra={**more, **(extra or {})})


_OPENING = (
    "description", "channel", "requester", "phone", "affected", "cc", "service", "category", "impact", "urgency",
    "queue", "tier", "desk", "owner", "assignee", "fields", "links", "minutes", "due",
)  # fmt: skip


def callback_flag(
    flags: tuple[str, ...], channel: str | None, old: str | None, new: str, phone: Container[str | None]
) -> tuple[str, ...]:
    """The flags after a priority moved from `old` (None: just opened) to `new`.

    P1 and P2 are handled by phone: coming to one without a live channel (monitoring excepted) asks for a call-back;
    leaving them withdraws it.
    """
    if new not in phone:
        return with_flag(flags, CALLBACK, False)
    if old in phone or channel in LIVE_CHANNELS or channel == "monitoring":
        return flags
    return with_flag(flags, CALLBACK, True)


# -- describing and working ----------------------------------------------------------------------------------


def triage(
    ticket: Ticket, stamp: Stamp, new: Mapping[str, Any], *, note: str | None = None, decisions: Decisions = (),
    objections: Iterable[str] = (), phone: Container[str | None] = (),
) -> Ticket:  # fmt: skip
    """Correct what describes the ticket; the flags follow priority and objections."""
    require(ticket, "triage")
    objections = tuple(objections)
    changed = dict(new)
    priority = changed.get("priority", ticket.priority)
    channel = changed.get("channel", ticket.channel)
    flags = callback_flag(ticket.flags, channel, ticket.priority, priority, phone)
    changed["flags"] = with_flag(flags, INCOMPLETE, bool(objections))
    extra = {"objections": (None, list(objections))} if objections else None
    return record(ticket, stamp, "triage", changed, note=note, decisions=decisions, extra=extra)


def start(ticket: Ticket, stamp: Stamp, *, note: str | None = None) -> Ticket:
    """Work begins: the response, if there was none. From `queued` the actor takes the ticket."""
    require(ticket, "start")
    new = {
        "status": "in-progress",
        "assignee": stamp.actor if ticket.status == "queued" else ticket.assignee,
        "responded_at": ticket.responded_at or stamp.at,
    }
    return record(ticket, stamp, "start", new, note=note)


def hold(ticket: Ticket, stamp: Stamp, cause: str, until: datetime | None = None, *, note: str | None = None) -> Ticket:
    """Wait for somebody; the cause decides whether the resolution clock runs on (domain: Time)."""
    require(ticket, "hold")
    if until is not None and until <= stamp.at:
        raise RefusedError(f"{ticket.key}: a hold until {rfc3339(until)} is over already", "give a later --until")
    held = {"for": cause, "until": plain(until)}
    return record(ticket, stamp, "hold", {"status": "on-hold"}, note=note, extra={"hold": (holding(ticket), held)})


def holding(ticket: Ticket) -> dict[str, Any] | None:
    """What an on-hold ticket waits for, as `{"for": cause, "until": time or None}`; None when it is not on hold."""
    if ticket.status != "on-hold":
        return None
    return next((e.changes["hold"][1] for e in reversed(standing(ticket.history)) if "hold" in e.changes), None)


def status_before(ticket: Ticket, status: str) -> str:
    """The status the ticket had before it last became `status`, kept honest: nobody assigned means queued."""
    before = "queued"
    for event in reversed(standing(ticket.history)):
        old, new = event.changes.get("status", (None, None))
        if new == status and old != status:
            before = old if old in OPEN and old != "on-hold" else "queued"
            break
    if ticket.assignee is None:
        return "queued"
    return "assigned" if before == "queued" else before


def resume(ticket: Ticket, stamp: Stamp, *, note: str | None = None) -> Ticket:
    """The wait is over: the status before the hold."""
    require(ticket, "resume")
    new = {"status": status_before(ticket, "on-hold")}
    return record(ticket, stamp, "resume", new, note=note, extra={"hold": (holding(ticket), None)})


def diagnose(ticket: Ticket, stamp: Stamp, cause: str, *, note: str | None = None) -> Ticket:
    """Record the cause."""
    require(ticket, "diagnose")
    return record(ticket, stamp, "diagnose", {"cause": cause}, note=note)


def callback(ticket: Ticket, stamp: Stamp, reached: bool, *, note: str | None = None) -> Ticket:
    """A call-back of a P1 or P2: reaching the requester is a response and lowers the flag; no answer counts the try."""
    require(ticket, "callback")
    tries = sum(1 for e in standing(ticket.history) if e.verb == "callback") + 1
    extra = {"callback": (None, {"reached": reached, "try": tries})}
    new: dict[str, Any] = {}
    if reached:
        new = {"flags": with_flag(ticket.flags, CALLBACK, False), "responded_at": ticket.responded_at or stamp.at}
    return record(ticket, stamp, "callback", new, note=note, extra=extra)


def note(
    ticket: Ticket, stamp: Stamp, text: str, *, public: bool = False, from_requester: bool = False,
    channel: str | None = None, minutes: int = 0,
) -> Ticket:  # fmt: skip
    """Write something down. A public note of ours is a response; the requester's answer ends a hold for them."""
    require(ticket, "note")
    new: dict[str, Any] = {"minutes": ticket.minutes + minutes}
    extra: dict[str, tuple[Any, Any]] = {}
    if public and not from_requester:
        new["responded_at"] = ticket.responded_at or stamp.at
    if public or from_requester:
        extra["public"] = (None, True)
    if from_requester:
        extra["from"] = (None, "requester")
    if channel:
        extra["by_channel"] = (None, channel)
    held = holding(ticket)
    if from_requester and held and held["for"] == "requester":
        new["status"] = status_before(ticket, "on-hold")
        extra["hold"] = (held, None)
    return record(ticket, stamp, "note", new, note=text, extra=extra)


def link(ticket: Ticket, stamp: Stamp, type: LinkType, key: str, *, note: str | None = None) -> Ticket:
    """Tie the ticket to another; tying it twice is refused."""
    require(ticket, "link")
    tie = Link(type, key)
    if key == ticket.key:
        raise RefusedError(f"{ticket.key} can't be linked to itself")
    if tie in ticket.links:
        raise RefusedError(f"{ticket.key} is {type} {key} already")
    return record(ticket, stamp, "link", {"links": (*ticket.links, tie)}, note=note)


# -- finishing -----------------------------------------------------------------------------------------------


def resolve(
    ticket: Ticket, stamp: Stamp, resolution: str, *, code: str = "solved", internal: str | None = None,
    training: str | None = None, minutes: int = 0, objections: Iterable[str] = (), breach_reason: str | None = None,
) -> Ticket:  # fmt: skip
    """The client's trouble is over. What was missing at registration must be met by now.

    `breach_reason` says why it took longer than promised.
    """
    require(ticket, "resolve")
    objections = tuple(objections)
    if objections:
        raise RefusedError(f"{ticket.key} is incomplete: {'; '.join(objections)}", "triage it first")
    new = {
        "status": "resolved",
        "resolution": resolution,
        "code": code,
        "training": training if training is not None else ticket.training,
        "minutes": ticket.minutes + minutes,
        "resolved_at": stamp.at,
        "responded_at": ticket.responded_at or stamp.at,
        "flags": with_flag(ticket.flags, INCOMPLETE, False),
    }
    held = holding(ticket)
    extra: dict[str, tuple[Any, Any]] = {"hold": (held, None)} if held else {}
    if breach_reason:
        extra["breach_reason"] = (None, breach_reason)
    return record(ticket, stamp, "resolve", new, note=internal, extra=extra)


def close(ticket: Ticket, stamp: Stamp, *, note: str | None = None) -> Ticket:
    """Resolved and accepted."""
    require(ticket, "close")
    return record(ticket, stamp, "close", {"status": "closed", "closed_at": stamp.at}, note=note)


def reopen(ticket: Ticket, stamp: Stamp, reason: str, *, until: datetime | None) -> Ticket:
    """As before resolving. `until` is the end of the window for closed tickets (None: no limit)."""
    require(ticket, "reopen")
    if ticket.status == "closed" and until is not None and stamp.at > until:
        raise RefusedError(
            f"{ticket.key} could be reopened until {rfc3339(until)}", f"register it anew: open --follows {ticket.key}"
        )
    new = {
        "status": status_before(ticket, "resolved"),
        "resolution": None,
        "code": None,
        "resolved_at": None,
        "closed_at": None,
    }
    return record(ticket, stamp, "reopen", new, note=reason)


def cancel(
    ticket: Ticket, stamp: Stamp, reason: str, *, code: str = "withdrawn", refer_to: str | None = None,
    verb: str = "cancel", links: tuple[Link, ...] = (),
) -> Ticket:  # fmt: skip
    """End without a resolution; `refer_to` names who does support it. Merge and transfer end this way too."""
    require(ticket, verb)
    extra: dict[str, tuple[Any, Any]] = {}
    held = holding(ticket)
    if held:
        extra["hold"] = (held, None)
    if refer_to:
        extra["referred_to"] = (None, refer_to)
    new = {"status": "cancelled", "code": code, "closed_at": stamp.at, "links": (*ticket.links, *links)}
    return record(ticket, stamp, verb, new, note=reason, extra=extra)
