"""What a template may say: plain texts, numbers and times about a letter, by name.

There are two audiences. A client (requester, affected, cc, an agency's contacts, whoever is no person of the desk)
reads what was written for clients: public notes, the resolution, a referral. What technicians write for each other
(notes, reasons, causes, queues) is among the fields of the staff only, so that no template can tell it to a client.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from csctool.desk.ports import Letter
from csctool.domain.address import AddressError, address, mailbox
from csctool.domain.effects import standing
from csctool.domain.lifecycle import holding, rfc3339
from csctool.domain.notice import name_of
from csctool.domain.organisation import AgencySettings, DeskSettings, Person
from csctool.domain.outage import is_outage
from csctool.domain.recipients import CLIENTS
from csctool.domain.ticket import Event, Ticket
from csctool.notify.neutral import neutral, one_line
from csctool.notify.tongue import Tongue

Audience = Literal["client", "staff"]

#: The fields that are lists.
LISTS = frozenset({"notes", "entries", "history", "flags", "objections", "linked"})
#: A longer text is cut: in a mail nobody reads on. How many public notes, past events and tickets of a digest are told.
LONGEST, LONGEST_LINE, NOTES, EVENTS, ENTRIES = 20_000, 300, 5, 8, 100


def people(settings: DeskSettings) -> Mapping[str, Person]:
    """The persons of the desk by their mailboxes."""
    found = ((person.email and mailbox(person.email), person) for person in settings.people.values())
    return {spec: person for spec, person in found if spec}


def colleague(letter: Letter, known: Mapping[str, Person]) -> Person | None:
    """The person of the desk who reads a letter as such; None for a client, and whoever is not known."""
    return None if letter.notice.role in CLIENTS else known.get(mailbox(letter.notice.to) or "")


def facts(
    letter: Letter, settings: DeskSettings, agency: AgencySettings, tongue: Tongue, whom: Audience,
    letters: Sequence[Letter] = (),
) -> dict[str, Any]:  # fmt: skip
    """Every field of an audience, always all of them: an empty text, 0 or an empty list where there is nothing.

    `letters` are those that a digest tells in one; `letter` is the last of them.
    """
    found = _clients(letter, settings, agency, tongue)
    found |= {
        "count": len(letters), "tickets": len({one.ticket.key for one in letters}),
        "entries": [_entry(one, tongue) for one in letters[:ENTRIES]], "more": max(0, len(letters) - ENTRIES),
    }  # fmt: skip
    if whom == "staff":
        found |= _staffs(letter, settings, tongue)
    return {name: _plain(value) for name, value in found.items()}


def _clients(letter: Letter, settings: DeskSettings, agency: AgencySettings, tongue: Tongue) -> dict[str, Any]:
    notice, ticket, event = letter.notice, letter.ticket, letter.event
    service = settings.services.get(ticket.service or "")
    hold = holding(ticket) or {}
    before, promised = _promise(event)
    notes, tie = _notes(ticket, settings), _tie(event)
    return {
        "key": ticket.key, "subject": one_line(ticket.subject, LONGEST_LINE), "description": ticket.description,
        "kind": ticket.kind, "kind_name": tongue.name("kind", ticket.kind),
        "status": ticket.status, "status_name": tongue.name("status", ticket.status),
        "priority": ticket.priority, "priority_name": tongue.name("priority", ticket.priority),
        "service": (service and service.title) or ticket.service, "category": ticket.category,
        "agency": letter.agency, "agency_name": agency.name or letter.agency, "desk": settings.name,
        "event": notice.event, "event_name": tongue.name("event", notice.event),
        "role": notice.role, "yours": notice.role == "requester", "name": _name(notice.to),
        "requester": _shown(ticket.requester), "affected": _shown(ticket.affected),
        "responsible": _person(settings, ticket.assignee),
        "new": ticket.history[0].op == event.op,
        "at": rfc3339(event.at), "opened_at": _time(ticket.opened_at), "responded_at": _time(ticket.responded_at),
        "resolved_at": _time(ticket.resolved_at), "closed_at": _time(ticket.closed_at),
        "answer_by": _time(ticket.due.response), "due": _time(ticket.due.resolution),
        "promise_changed": bool(before) and promised != before, "due_before": before,
        "held_for": hold.get("for"), "held_for_name": tongue.name("hold", hold.get("for")),
        "held_until": hold.get("until"),
        "resolution": ticket.resolution, "code": ticket.code, "code_name": tongue.name("code", ticket.code),
        "refer_to": _new(event, "referred_to"), "other": tie.get("key"), "other_type": tie.get("type"),
        "note": event.note if "public" in event.changes else None, "note_by": _author(event, settings),
        "note_is_theirs": "from" in event.changes,
        "last_note": next((n["text"] for n in reversed(notes) if not n["theirs"]), None),
        "notes": notes[-NOTES:],
        "reached": bool((_new(event, "callback") or {}).get("reached")),
        "tries": (_new(event, "callback") or {}).get("try", 0),
        "escalation": _new(event, "escalation"),
        "outage": is_outage(ticket), "begins": _begins(ticket), "ends": _told_time(ticket, "until"),
        "risk": ticket.fields.get("risk") if is_outage(ticket) else None,
        "fields": {} if is_outage(ticket) else {name: str(value) for name, value in ticket.fields.items()},
    }  # fmt: skip


def _staffs(letter: Letter, settings: DeskSettings, tongue: Tongue) -> dict[str, Any]:
    ticket, event = letter.ticket, letter.event
    queue = settings.queues.get(ticket.queue or "")
    old_queue = event.changes.get("queue", (None, None))[0]
    queue_before = settings.queues.get(old_queue or "")
    clock, due = _new(event, "clock"), _new(event, "due_at")
    return {
        "internal": None if "public" in event.changes else event.note, "cause": ticket.cause,
        "actor": event.actor, "requester_address": ticket.requester, "phone": ticket.phone,
        "channel": ticket.channel, "channel_name": tongue.name("channel", ticket.channel),
        "impact": ticket.impact, "urgency": ticket.urgency, "flags": list(ticket.flags),
        "queue": ticket.queue, "queue_title": (queue and queue.title) or ticket.queue,
        "queue_before": old_queue, "queue_before_title": (queue_before and queue_before.title) or old_queue,
        "tier": ticket.tier, "tier_before": event.changes.get("tier", (None, None))[0],
        "owner": ticket.owner, "assignee": ticket.assignee,
        "assignee_before": event.changes.get("assignee", (None, None))[0],
        "handovers": ticket.handovers, "bounces": ticket.bounces, "minutes": ticket.minutes,
        "lead": _new(event, "told"), "clock": clock, "clock_name": tongue.name("clock", clock), "clock_due": due,
        "clock_broken": _new(event, "broken_at"),
        "objections": list(_new(event, "objections") or ()), "linked": [link.key for link in ticket.links],
        "history": [_line(e, tongue) for e in standing(ticket.history)[-EVENTS:]],
    }  # fmt: skip


def _new(event: Event, name: str) -> Any:
    return event.changes.get(name, (None, None))[1]


def _promise(event: Event) -> tuple[str | None, str | None]:
    """The promised time of the resolution, before and after the event; (None, None) when it says nothing of it."""
    old, new = event.changes.get("due", (None, None))
    return (old or {}).get("resolution"), (new or {}).get("resolution")


def _notes(ticket: Ticket, settings: DeskSettings) -> list[dict[str, Any]]:
    """The public notes, the oldest first."""
    return [
        {"at": rfc3339(e.at), "by": _author(e, settings), "text": e.note or "", "theirs": "from" in e.changes}
        for e in standing(ticket.history) if e.verb == "note" and "public" in e.changes
    ]  # fmt: skip


def _entry(letter: Letter, tongue: Tongue) -> dict[str, Any]:
    """What a digest says of one of its letters: nothing that a client may not read."""
    ticket, event = letter.ticket, letter.event
    note = event.note if "public" in event.changes else ticket.resolution if event.verb == "resolve" else None
    note = letter.notice.text or note
    return {"key": ticket.key, "subject": one_line(ticket.subject, LONGEST_LINE), "at": rfc3339(event.at),
            "event": letter.notice.event, "event_name": tongue.name("event", letter.notice.event),
            "status": ticket.status, "status_name": tongue.name("status", ticket.status),
            "note": one_line(note or "", LONGEST_LINE)}  # fmt: skip


def _line(event: Event, tongue: Tongue) -> dict[str, Any]:
    name = name_of(event)
    return {"at": rfc3339(event.at), "actor": event.actor, "event": name, "event_name": tongue.name("event", name),
            "note": event.note or ""}  # fmt: skip


def _author(event: Event, settings: DeskSettings) -> str:
    """Who wrote it, as clients know the writer: by name, else the desk."""
    return "" if "from" in event.changes else _person(settings, event.actor) or settings.name


def _tie(event: Event) -> Mapping[str, str]:
    """The link to another ticket that the event made, as `key` and `type`."""
    old, new = event.changes.get("links", (None, None))
    return next((link for link in reversed(new or []) if link not in (old or [])), {})


def _person(settings: DeskSettings, key: str | None) -> str:
    person = settings.people.get(key or "")
    return person.name if person else ""


def _name(text: str) -> str:
    """The name beside an address, to greet somebody by."""
    try:
        return one_line(address(text).name, LONGEST_LINE)
    except AddressError:
        return ""


def _shown(text: str | None) -> str:
    """Somebody as others may read of him: the name, without the address where there is a name."""
    return _name(text or "") or one_line(text or "", LONGEST_LINE)


def _time(at: Any) -> str:
    return rfc3339(at) if at is not None else ""


def _begins(ticket: Ticket) -> str:
    """When an outage began: since it was reported, where nobody said otherwise."""
    return _told_time(ticket, "from") or (_time(ticket.opened_at) if is_outage(ticket) else "")


def _told_time(ticket: Ticket, field: str) -> str:
    return str(ticket.fields.get(field) or "") if is_outage(ticket) else ""


def _plain(value: Any) -> Any:
    """The value as a template gets it: nothing hidden in a text, nothing longer than anybody reads."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = neutral(value[: LONGEST + 1]).strip()
        return text if len(value) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value
