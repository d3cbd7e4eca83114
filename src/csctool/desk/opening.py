"""Opening and triage: what a person said, completed by those who are asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from csctool.desk.core import Done, agencies_of
from csctool.desk.desk import Desk
from csctool.desk.ports import Question, Unit, Verdict
from csctool.domain import lifecycle
from csctool.domain.handover import moved
from csctool.domain.naming import known
from csctool.domain.ticket import Decision, Due, Link, Stamp, Ticket, split_key
from csctool.domain.words import CAPTURED_KINDS, INCOMPLETE, INVERSE, LinkType
from csctool.errors import CscError, RefusedError, UsageError


class NewTicket(msgspec.Struct, frozen=True):
    """What was said at opening: `given` holds the described fields that a person set, and only those.

    `ties` are links to other tickets; `resolution` settles it during the call, with `code` and `training`; `close`
    closes it too. `minutes` are what the call took, settled or not.
    """

    given: Mapping[str, Any]
    agency: str | None = None
    queue: str | None = None
    person: str | None = None
    once: str | None = None
    ties: tuple[tuple[LinkType, str], ...] = ()
    resolution: str | None = None
    code: str | None = None
    training: str | None = None
    minutes: int = 0
    close: bool = False
    flags: tuple[str, ...] = ()


class Opened(msgspec.Struct):
    """The ticket; `fresh` is False when `--once` found it; `failure` when it was registered but not settled."""

    ticket: Ticket
    fresh: bool
    failure: CscError | None = None


def open_ticket(desk: Desk, new: NewTicket) -> Opened:
    """Register a contact: everything that belongs to it is one unit of work."""
    _permitted(desk, new)
    agency = agency_for(desk, new)
    _check_names(desk, new)
    others = {split_key(key)[0] for _, key in new.ties}
    with desk.unit(*sorted({agency, *others})) as unit:
        if new.once and (known_ticket := unit.once(agency, new.once)):
            return Opened(known_ticket, False)
        stamp = desk.stamp()
        ticket = _registered(desk, unit, agency, new, stamp)
        failure = None
        if new.resolution is not None:
            ticket, failure = _settled(desk, ticket, new, stamp)
            ticket = desk.promised(unit, ticket, 1)
        ticket = desk.saved(unit, ticket, 0)
    _supportability(desk, ticket)
    return Opened(ticket, True, failure)


def _permitted(desk: Desk, new: NewTicket) -> None:
    """What somebody opens, and answers in the same breath, is theirs: whoever may do it at all may do it here."""
    for verb, wanted in (
        ("open", True), ("link", new.ties), ("resolve", new.resolution is not None), ("close", new.close),
    ):  # fmt: skip
        if wanted:
            desk.permit(verb)


def agency_for(desk: Desk, new: NewTicket) -> str:
    """The agency: named, or of the requester's domain, or the only one there is."""
    if new.agency:
        desk.directory.agency(new.agency)
        return new.agency
    requester = new.given.get("requester") or ""
    domain = requester.rpartition("@")[2].rstrip(">").strip()
    if "@" in requester and domain and (found := desk.directory.of_domain(domain)):
        return found
    keys = desk.directory.keys()
    if len(keys) == 1:
        return keys[0]
    some = ", ".join(keys[:8]) + (" …" if len(keys) > 8 else "")
    raise UsageError("which agency?", f"--agency KEY, one of: {some}" if keys else "csctool agency add KEY makes one")


def _check_names(desk: Desk, new: NewTicket) -> None:
    if new.queue:
        desk.queue(new.queue)
    if new.person:
        desk.person(new.person)
    if new.resolution is not None:
        desk.resolving(new.resolution, code=new.code)
        return
    for option, said in (("--code", new.code), ("--training", new.training), ("--close", new.close)):
        if said:
            raise UsageError(f"{option} goes with --resolution")


def _registered(desk: Desk, unit: Unit, agency: str, new: NewTicket, stamp: Stamp) -> Ticket:
    given = catalogued(desk, dict(new.given))
    number = unit.count(agency, "number")
    key = f"{agency}-{number}"
    links = tuple(Link(kind, other) for kind, other in new.ties)
    effort = new.minutes if new.resolution is None else 0  # else it is booked with the answer
    draft = Ticket(key=key, agency=agency, number=number, kind=given.pop("kind", "contact"), status="queued",
                   subject=given.pop("subject"), links=links, minutes=effort, **given)  # fmt: skip
    draft, decisions = decide(desk, unit, draft, stamp, new.given, queue=new.queue, person=new.person)
    objections = desk.decisions(agency).validate(Question(draft, stamp.at, "open", _said(draft)))
    if objections and draft.kind not in CAPTURED_KINDS:
        raise RefusedError(f"a {draft.kind} needs more: {'; '.join(objections)}")
    flags = lifecycle.callback_flag(new.flags, draft.channel, None, draft.priority, desk.settings.priorities.phone)
    draft = msgspec.structs.replace(draft, flags=flags)
    for kind, other in new.ties:
        target = unit.get(other)
        desk.saved(unit, lifecycle.link(target, desk.stamp(target), INVERSE[kind], key), len(target.history))
    opened = lifecycle.open_ticket(draft, stamp, decisions=decisions, objections=objections, once=new.once)
    return desk.promised(unit, opened, 0)


def _said(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in ("kind", "subject", "service", "category", "priority", "queue")}


def decide(
    desk: Desk, unit: Unit, draft: Ticket, stamp: Stamp, given: Mapping[str, Any], *, queue: str | None = None,
    person: str | None = None,
) -> tuple[Ticket, tuple[Decision, ...]]:  # fmt: skip
    """Categorise, prioritise, route: answers fill what nobody gave. The ticket gets queue, tier, desk and status."""
    draft, first = classify(desk, draft, stamp, given)
    decisions = list(first)
    asked, staffing = desk.decisions(draft.agency), Staff(desk, unit, draft.agency)
    if queue is None:
        verdict = asked.route(Question(draft, stamp.at), staffing)
        decisions += _noted(verdict)
        queue = verdict.answer.get("queue") or desk.settings.default_queue
        person = person or verdict.answer.get("assignee")
    elif person is None:
        verdict = asked.staffed(Question(msgspec.structs.replace(draft, queue=queue), stamp.at), staffing)
        decisions += _noted(verdict)
        person = verdict.answer.get("assignee")
    settings = desk.queue(queue)
    return msgspec.structs.replace(
        draft, queue=queue, tier=settings.tier, desk=desk.desk_of(queue), assignee=person,
        status="assigned" if person else "queued",
    ), tuple(decisions)  # fmt: skip


def classify(desk: Desk, draft: Ticket, stamp: Stamp, given: Mapping[str, Any]) -> tuple[Ticket, list[Decision]]:
    """Category, kind, service, then priority, each where nobody gave it."""
    asked = desk.decisions(draft.agency)
    decisions: list[Decision] = []
    if not all(name in given for name in ("category", "kind", "service")):
        verdict = asked.categorize(Question(draft, stamp.at))
        new = {name: value for name, value in verdict.answer.items() if name not in given}
        draft = msgspec.structs.replace(draft, **new)
        decisions += _noted(verdict)
    if "priority" in given:
        return draft, decisions
    if "impact" in given and "urgency" in given:
        return msgspec.structs.replace(
            draft, priority=desk.settings.priorities.of(draft.impact, draft.urgency)
        ), decisions
    verdict = asked.prioritize(Question(draft, stamp.at))
    new = {name: value for name, value in verdict.answer.items() if name not in given}
    if "impact" in given or "urgency" in given:
        draft = msgspec.structs.replace(draft, **new)
        named = desk.settings.priorities.of(draft.impact, draft.urgency)
        direct = verdict.decision and "impact" not in verdict.answer and "urgency" not in verdict.answer
        new["priority"] = new["priority"] if direct else named
    return msgspec.structs.replace(draft, **new), decisions + _noted(verdict)


def _noted(verdict: Verdict) -> list[Decision]:
    return [verdict.decision] if verdict.decision else []


def _settled(desk: Desk, ticket: Ticket, new: NewTicket, stamp: Stamp) -> tuple[Ticket, CscError | None]:
    """Resolved, and closed when asked, during the call; what was registered stays registered when that is refused."""
    step = desk.resolving(new.resolution or "", code=new.code, training=new.training, minutes=new.minutes)
    try:
        resolved = step(ticket, stamp)
        desk.object(ticket, resolved, "resolve")
        return (lifecycle.close(resolved, stamp) if new.close else resolved), None
    except RefusedError as error:
        return ticket, RefusedError(f"{ticket.key} was registered but not resolved: {error.message}", error.hint)


def _supportability(desk: Desk, ticket: Ticket) -> None:
    service = desk.settings.services.get(ticket.service or "")
    if service is None or service.supported:
        return
    refer = f" --refer-to {service.refer_to!r}" if service.refer_to else " --refer-to WHOM"
    desk.notices.append(
        f"{ticket.service} is not supported here: csctool cancel {ticket.key} --code not-supported --reason TEXT{refer}"
    )


def catalogued(desk: Desk, given: dict[str, Any]) -> dict[str, Any]:
    """A service by any of its names becomes its catalogue key."""
    if given.get("service"):
        given["service"] = desk.settings.service_named(given["service"]) or given["service"]
    return given


class Staff:
    """What automatic assignment may ask, answered from this unit of work. Implements `desk.ports.Staffing`."""

    def __init__(self, desk: Desk, unit: Unit, agency: str) -> None:
        self._desk, self._unit, self._agency = desk, unit, agency

    def turn(self, queue: str) -> int:
        """One more ticket handed out in this queue."""
        return self._unit.count(self._agency, f"turn:{queue}")

    def load(self, people: Iterable[str]) -> Mapping[str, int]:
        """Open tickets per person."""
        return self._desk.load(people)


# -- triage --------------------------------------------------------------------------------------------------


class Correction(msgspec.Struct, frozen=True):
    """What triage sets: described fields, extra `fields`, the owning desk, the owner, an agreed due time."""

    given: Mapping[str, Any] = {}
    fields: Mapping[str, Any] = {}
    desk: str | None = None
    owner: str | None = None
    due: datetime | None = None
    reason: str | None = None
    reroute: bool = False


def triage(desk: Desk, keys: Sequence[str], change: Correction) -> Done:
    """Correct what describes tickets; priority follows, and routing is asked again when wanted."""
    if change.desk and not desk.queue(change.desk).desk:
        raise UsageError(f"{change.desk} is no desk", f"a desk has desk = true; e.g. {desk.settings.default_queue}")
    if (change.desk or change.due) and not change.reason:
        raise UsageError("a new desk or an agreed due time needs a reason", "--reason TEXT")
    if change.due and change.due <= (desk.at or desk.clock()):
        raise UsageError(f"--due {lifecycle.rfc3339(change.due)} has passed", "agree on a later time")
    if change.owner:
        desk.person(change.owner)
    if not (change.given or change.fields or change.desk or change.owner or change.due or change.reroute):
        raise UsageError("triage what?", "give e.g. --kind, --category, --impact or --reroute")
    done = Done([], [])
    desk.brace(agencies_of(keys))
    for key in keys:
        try:
            done.tickets.append(_triaged(desk, key, change))
        except CscError as error:
            done.failures.append((key, error))
    return done


def _triaged(desk: Desk, key: str, change: Correction) -> Ticket:
    agency, number = split_key(key)
    with desk.unit(agency) as unit:
        ticket = unit.get(f"{agency}-{number}")
        desk.permit("triage", ticket)
        lifecycle.require(ticket, "triage")
        stamp = desk.stamp(ticket)
        new, decisions = _corrected(desk, unit, ticket, change, stamp)
        after = msgspec.structs.replace(ticket, **new)
        objections = desk.decisions(agency).validate(Question(after, stamp.at, "triage", new))
        if objections and INCOMPLETE not in ticket.flags:
            raise RefusedError(f"{ticket.key}: {'; '.join(objections)}")
        changed = lifecycle.triage(
            ticket, stamp, new, note=change.reason, decisions=decisions, objections=objections,
            phone=desk.settings.priorities.phone,
        )  # fmt: skip
        return desk.keep(unit, changed, len(ticket.history))


def _corrected(
    desk: Desk, unit: Unit, ticket: Ticket, change: Correction, stamp: Stamp
) -> tuple[dict[str, Any], tuple[Decision, ...]]:
    new = catalogued(desk, dict(change.given))
    if change.fields:
        new["fields"] = {k: v for k, v in {**ticket.fields, **change.fields}.items() if v != ""}
    if "priority" not in new and ("impact" in new or "urgency" in new):
        impact, urgency = new.get("impact", ticket.impact), new.get("urgency", ticket.urgency)
        new["priority"] = desk.settings.priorities.of(impact, urgency)
    if change.desk:
        new["desk"] = change.desk
    if change.owner:
        new["owner"] = change.owner
    if change.due:
        new["due"] = Due(ticket.due.response, change.due)
    if not change.reroute:
        return new, ()
    draft = msgspec.structs.replace(ticket, **new)
    routed, decisions = decide(desk, unit, draft, stamp, _standing(draft))
    for name in ("category", "kind", "service", "impact", "urgency", "priority"):
        if getattr(routed, name) != getattr(ticket, name):
            new[name] = getattr(routed, name)
    if routed.queue and routed.queue != ticket.queue:
        known(desk.settings.queues, routed.queue, "queue")
        new.update(moved(ticket, routed.queue, routed.tier or ""))
        new["assignee"] = routed.assignee
        if ticket.status not in ("on-hold", "resolved"):
            new["status"] = routed.status
    return new, decisions


def _standing(ticket: Ticket) -> dict[str, Any]:
    """What a re-routing takes as given: every description the ticket has; only what is empty is asked for."""
    names = ("category", "service", "impact", "urgency", "priority")
    given = {name: getattr(ticket, name) for name in names if getattr(ticket, name) is not None}
    if ticket.kind != "contact":
        given["kind"] = ticket.kind
    return given
