"""Use cases that touch two tickets at once: link, merge, transfer. Both sides are one unit of work."""

from collections.abc import Sequence

from csctool.desk.core import Done, UnitGuard, agencies_of
from csctool.desk.desk import Desk
from csctool.desk.opening import decide
from csctool.desk.ports import Question, Unit
from csctool.domain import lifecycle
from csctool.domain.effects import standing
from csctool.domain.ticket import Link, Stamp, Ticket, split_key
from csctool.domain.words import INVERSE, LinkType
from csctool.errors import CscError, RefusedError


def link(desk: Desk, keys: Sequence[str], kind: LinkType, target: str) -> Done:
    """Tie each ticket to the target; the target shows the tie from its side."""
    done = Done([], [])
    desk.brace(agencies_of((*keys, target)))
    for key in keys:
        try:
            with _both(desk, key, target) as unit:
                ticket, other = _load(unit, key), _load(unit, target)
                desk.permit("link", ticket)
                tied = lifecycle.link(ticket, desk.stamp(ticket), kind, other.key)
                back = Link(INVERSE[kind], ticket.key)
                desk.object(ticket, tied, "link")
                tied = desk.keep(unit, tied, len(ticket.history))
                if back not in other.links:
                    answered = lifecycle.link(other, desk.stamp(other), back.type, back.key)
                    desk.saved(unit, answered, len(other.history))
            done.tickets.append(tied)
        except CscError as error:
            done.failures.append((key, error))
    return done


def merge(desk: Desk, keys: Sequence[str], into: str, reason: str | None) -> Done:
    """Each ticket ends as a duplicate of `into`, which takes over its requesters and notes."""
    done = Done([], [])
    desk.brace(agencies_of((*keys, into)))
    for key in keys:
        try:
            with _both(desk, key, into) as unit:
                ticket, target = _load(unit, key), _load(unit, into)
                ended, grown = _merged(desk, ticket, target, reason)
                ended = desk.keep(unit, ended, len(ticket.history))
                desk.keep(unit, grown, len(target.history))
            done.tickets.append(ended)
        except CscError as error:
            done.failures.append((key, error))
    return done


def _merged(desk: Desk, ticket: Ticket, target: Ticket, reason: str | None) -> tuple[Ticket, Ticket]:
    if ticket.key == target.key:
        raise RefusedError(f"{ticket.key} can't be merged into itself")
    for one in (ticket, target):
        desk.permit("merge", one)
    lifecycle.require(target, "merge")
    duplicate: tuple[Link, ...] = (Link("duplicate-of", target.key),)
    original: tuple[Link, ...] = (Link("duplicated-by", ticket.key),)
    ended = lifecycle.cancel(
        ticket, desk.stamp(ticket), reason or f"duplicate of {target.key}", code="duplicate", verb="merge",
        links=tuple(tie for tie in duplicate if tie not in ticket.links),
    )  # fmt: skip
    desk.object(ticket, ended, "merge")
    told = (target.requester, target.affected, *target.cc)
    more = [p for p in (ticket.requester, ticket.affected, *ticket.cc) if p and p not in told]
    new = {
        "cc": (*target.cc, *dict.fromkeys(more)),
        "minutes": target.minutes + ticket.minutes,
        "links": (*target.links, *(tie for tie in original if tie not in target.links)),
    }
    grown = lifecycle.record(target, desk.stamp(target), "merge", new, note=_digest(ticket))
    return ended, grown


def _digest(ticket: Ticket) -> str:
    """What the other ticket said, so that whoever works on the surviving one need not look it up."""
    lines = [f"{ticket.key}: {ticket.subject}"]
    if ticket.description:
        lines.append(ticket.description)
    lines += [f"{lifecycle.rfc3339(e.at)} {e.actor}: {e.note}" for e in standing(ticket.history)
              if e.verb == "note" and e.note]  # fmt: skip
    return "\n".join(lines)


def transfer(desk: Desk, keys: Sequence[str], agency: str, reason: str | None) -> Done:
    """Each ticket goes on under a new key in the right agency; the old one forwards. Answers the new tickets."""
    desk.directory.agency(agency)
    done = Done([], [])
    desk.brace((*agencies_of(keys), agency))
    for key in keys:
        try:
            home, _ = split_key(key)
            if home == agency:
                raise RefusedError(f"{key} is {agency}'s already")
            with desk.unit(*sorted({home, agency})) as unit:
                new = _transferred(desk, unit, _load(unit, key), agency, reason)
            done.tickets.append(new)  # told only when the unit is saved
        except CscError as error:
            done.failures.append((key, error))
    return done


def _transferred(desk: Desk, unit: Unit, old: Ticket, agency: str, reason: str | None) -> Ticket:
    desk.permit("transfer", old)
    lifecycle.require(old, "transfer")
    stamp = desk.stamp(old)
    number = unit.count(agency, "number")
    key = f"{agency}-{number}"
    draft = Ticket(
        key=key, agency=agency, number=number, kind=old.kind, status="queued", subject=old.subject,
        description=old.description, channel=old.channel, requester=old.requester, phone=old.phone,
        affected=old.affected, cc=old.cc, service=old.service, category=old.category, impact=old.impact,
        urgency=old.urgency, priority=old.priority, flags=old.flags, fields=old.fields,
        links=(Link("transferred-from", old.key),),
    )  # fmt: skip
    given = {name: getattr(draft, name) for name in ("impact", "urgency", "priority", "kind")}
    given |= {name: getattr(draft, name) for name in ("category", "service") if getattr(draft, name)}
    draft, decisions = decide(desk, unit, draft, stamp, given)
    objections = desk.decisions(agency).validate(Question(draft, stamp.at, "transfer", {"agency": agency}))
    new = lifecycle.open_ticket(
        draft,
        stamp,
        decisions=decisions,
        objections=objections,
        opened_at=old.opened_at,
        responded_at=old.responded_at,
        note=reason,
        extra={"ran": (None, ran)} if (ran := _ran(desk, old, stamp)) else None,
    )
    new = desk.promised(unit, new, 0)
    ended = lifecycle.cancel(
        old, stamp, reason or f"transferred to {key}", code="transferred", verb="transfer",
        links=(Link("transferred-to", key),),
    )  # fmt: skip
    desk.object(old, ended, "transfer")
    new = desk.saved(unit, new, 0)
    desk.keep(unit, ended, len(old.history))
    return new


def _ran(desk: Desk, old: Ticket, stamp: Stamp) -> dict[str, int]:
    """The working seconds that the clocks ran so far: somebody has waited since, whatever is promised from here on."""
    return desk.promising.ran(old, stamp.at) if "policy" in old.sla else {}


def _both(desk: Desk, one: str, other: str) -> UnitGuard:
    return desk.unit(*sorted({split_key(one)[0], split_key(other)[0]}))


def _load(unit: Unit, key: str) -> Ticket:
    agency, number = split_key(key)
    return unit.get(f"{agency}-{number}")
