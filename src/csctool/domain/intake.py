"""What another desk's file says of a ticket, and the life that csctool writes down for it.

The fields of the ticket are taken as they are stated. Its history is made of the verbs of the lifecycle, in the order
in which the file tells them. History never runs backwards: an event whose stated time lies before the event before it
is written at that event's time and carries the stated one as `stated_at`; the ticket's own times (`opened_at`,
`resolved_at`, `closed_at`) stay as the file has them, so that nothing of dirty data is lost or mended in silence.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.handover import moved
from csctool.domain.lifecycle import Decisions, holding, open_ticket, record, rfc3339
from csctool.domain.ticket import Frozen, Stamp, Ticket, plain
from csctool.domain.words import DESCRIBING, FINISHED, OPEN

#: A status that a map may state besides the desk's own: queued, or assigned when the ticket has an assignee.
UNDECIDED = "open"
#: Fields of a ticket that an opening does not set by itself and that an import carries over.
CARRIED = ("cause", "training", "minutes", "handovers", "bounces", "sla")
#: Stated times that only a settled ticket has.
ENDS = {"resolved_at": frozenset({"resolved", "closed"}), "closed_at": FINISHED}


class Moment(Frozen, frozen=True):
    """Something that happened after the opening: `new` holds what was stated anew (described fields, queue, assignee).

    `cause` is that of a hold. A moment without `by` was made by whoever imports.
    """

    at: datetime
    by: str | None = None
    status: str | None = None
    cause: str | None = None
    new: Mapping[str, Any] = {}
    note: str | None = None


class Ends(Frozen, frozen=True):
    """How the ticket ended, as far as the file knows; `unknown` names times that its source keeps but lacks here."""

    resolved_at: datetime | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    resolution: str | None = None
    code: str | None = None
    unknown: frozenset[str] = frozenset()


class Incoming(Frozen, frozen=True):
    """One ticket of a file. `line` is where it begins, `raw` its rows as they were read, for the reject file.

    `identity` names it within its source and `digest` stands for its content: they tell a row that was imported before.
    `number` comes with a row that has a key of its own, `whole` with one that has its history too.
    """

    line: int
    raw: Any
    agency: str | None
    identity: str | None
    digest: str
    given: Mapping[str, Any] = {}
    status: str | None = None
    cause: str | None = None
    opened_at: datetime | None = None
    opened_by: str | None = None
    responded_at: datetime | None = None
    updated_at: datetime | None = None
    moments: tuple[Moment, ...] | None = None
    ends: Ends = Ends()
    number: int | None = None
    whole: Ticket | None = None
    agency_name: str | None = None


class Rejected(Frozen, frozen=True):
    """A row, or all rows of a ticket, that can't be taken in."""

    line: int
    reason: str
    raw: Any


class House(Frozen, frozen=True):
    """What the desk that takes a ticket in knows: its queues' tiers, and its priority matrix."""

    tiers: Mapping[str, str]
    priority: Callable[[int, int], str]


def lived(
    draft: Ticket, row: Incoming, stamp: Stamp, house: House, *, decisions: Decisions = (),
    objections: Iterable[str] = (),
) -> Ticket:  # fmt: skip
    """The ticket with its history. `draft` is complete; `stamp` says who imports, when, in which operation."""
    opened_at = row.opened_at or stamp.at
    carried = {name: row.given[name] for name in CARRIED if name in row.given} | contradictions(row)
    extra: dict[str, tuple[Any, Any]] = {name: (None, plain(value)) for name, value in carried.items()}
    extra["identity"] = (None, row.identity)
    extra["row"] = (None, row.digest)
    birth = Stamp(stamp.op, opened_at, row.opened_by or stamp.actor, stamp.via)
    opened = open_ticket(draft, birth, decisions=decisions, objections=objections, responded_at=row.responded_at,
                         extra=extra)  # fmt: skip
    life = _Life(msgspec.structs.replace(opened, **carried) if carried else opened, row, stamp, house)
    moments = course(row, opened_at) if row.moments is None else row.moments
    settled, closed = _last(moments, "resolved", "closed"), _last(moments, "closed", "cancelled")
    for at, moment in enumerate(moments):
        life.goes_on(moment, resolved=at == settled, ended=at == closed)
    return life.ticket


def course(row: Incoming, opened_at: datetime) -> tuple[Moment, ...]:
    """The moments of a row that states a status and times only: what must have happened in between."""
    ends = row.ends
    status = stated_status(row)
    known = row.updated_at or row.responded_at or opened_at
    if status in ("resolved", "closed"):
        resolved = Moment(ends.resolved_at or ends.closed_at or known, ends.resolved_by, "resolved")
        if status == "resolved":
            return (resolved,)
        return (resolved, Moment(ends.closed_at or resolved.at, ends.closed_by, "closed"))
    told = (Moment(known, note=ends.resolution),) if ends.resolution else ()
    if status == "cancelled":
        return (*told, Moment(ends.closed_at or known, ends.closed_by, "cancelled"))
    if status == "in-progress":
        return (*told, Moment(row.responded_at or known, status=status))
    if status == "on-hold":
        return (*told, Moment(known, status=status, cause=row.cause or "other"))
    return told


def stated_status(row: Incoming) -> str | None:
    """The status of a row: stated, or else as its times tell; None when nothing does."""
    if row.status:
        return row.status
    if row.ends.closed_at:
        return "closed"
    return "resolved" if row.ends.resolved_at else None


def contradictions(row: Incoming) -> dict[str, datetime]:
    """Ends that the stated status denies: a pending ticket may come with a closing time, and keeps it."""
    if row.moments is not None:
        return {}
    status = stated_status(row)
    denied = {name: getattr(row.ends, name) for name, statuses in ENDS.items() if status not in statuses}
    return {name: at for name, at in denied.items() if at}


def out_of_order(ticket: Ticket) -> bool:
    """Whether its times can't be true: an event could not be written when it was stated, or the end lies first."""
    opened = ticket.opened_at
    if opened and any(at and at < opened for at in (ticket.resolved_at, ticket.closed_at)):
        return True
    return any("stated_at" in event.changes for event in ticket.history)


def _last(moments: tuple[Moment, ...], *statuses: str) -> int | None:
    """Where the ticket took one of the statuses for the last time: the row on which it became so, not one after."""
    found = None
    before: str | None = None
    for at, moment in enumerate(moments):
        if moment.status is None:
            continue
        if moment.status in statuses and before not in statuses:
            found = at
        before = moment.status
    return found


class _Life:
    """A ticket while its history is written."""

    def __init__(self, ticket: Ticket, row: Incoming, stamp: Stamp, house: House) -> None:
        self.ticket = ticket
        self.row = row
        self.stamp = stamp
        self.house = house

    def goes_on(self, moment: Moment, *, resolved: bool, ended: bool) -> None:
        """One more moment, as the events it takes. `resolved` and `ended`: it is the last time that it was."""
        status = moment.status
        if status in (*OPEN, UNDECIDED) and not self.ticket.open:
            self._reopen(moment)
        if moment.new:
            self._describe(moment)
            self._hand_over(moment)
        if moment.note:
            self._write("note", moment, {}, note=moment.note)
        if status is not None:
            self._settle(moment, status, resolved, ended)

    def _reopen(self, moment: Moment) -> None:
        back = "assigned" if self.ticket.assignee else "queued"
        self._write("reopen", moment, {"status": back, "resolution": None, "code": None, "resolved_at": None,
                                       "closed_at": None})  # fmt: skip

    def _describe(self, moment: Moment) -> None:
        new = {name: value for name, value in moment.new.items() if name in DESCRIBING or name in ("fields", "owner")}
        if "priority" not in self.row.given and ("impact" in new or "urgency" in new):
            impact = new.get("impact", self.ticket.impact)
            new["priority"] = self.house.priority(impact, new.get("urgency", self.ticket.urgency))
        if self._differs(new):
            self._write("triage", moment, new)

    def _hand_over(self, moment: Moment) -> None:
        """A change of queue or person. A new queue without a person takes the ticket from the old one's."""
        queue, person = moment.new.get("queue"), moment.new.get("assignee")
        new: dict[str, Any] = {}
        if queue is not None and queue != self.ticket.queue:
            new = {**moved(self.ticket, queue, ""), "tier": self.house.tiers.get(queue), "assignee": person}
        elif person is not None:
            new = {"assignee": person}
        if self.ticket.status in ("queued", "assigned") and new:
            new["status"] = "assigned" if new["assignee"] else "queued"
        if self._differs(new):
            self._write("assign", moment, new)

    def _settle(self, moment: Moment, status: str, resolved: bool, ended: bool) -> None:
        ticket = self.ticket
        if status == UNDECIDED:
            status = "assigned" if ticket.assignee else "queued"
        if status in ("resolved", "closed") and ticket.open:
            self._resolve(moment, resolved)
        if status in FINISHED:
            self._finish(moment, status, ended)
        elif status == "on-hold":
            self._hold(moment)
        elif status in OPEN and status != ticket.status:
            self._work(moment, status)

    def _work(self, moment: Moment, status: str) -> None:
        held = holding(self.ticket)
        if held:
            self._write("resume", moment, {"status": status}, extra={"hold": (held, None)})
        elif status == "in-progress":
            self._write("start", moment, {"status": status, "responded_at": self.ticket.responded_at or moment.at})
        else:
            self._write("assign", moment, {"status": status})

    def _hold(self, moment: Moment) -> None:
        held = holding(self.ticket)
        now = {"for": moment.cause or "other", "until": None}
        if held != now:
            self._write("hold", moment, {"status": "on-hold"}, extra={"hold": (held, now)})

    def _resolve(self, moment: Moment, last: bool) -> None:
        ends = self.row.ends if last else Ends()
        held = holding(self.ticket)
        new = {"status": "resolved", "resolution": ends.resolution, "code": ends.code,
               "resolved_at": self._stated("resolved_at", moment, last),
               "responded_at": self.ticket.responded_at or moment.at}  # fmt: skip
        self._write("resolve", moment, new, by=ends.resolved_by, extra={"hold": (held, None)} if held else None)

    def _finish(self, moment: Moment, status: str, last: bool) -> None:
        ends = self.row.ends if last else Ends()
        held = holding(self.ticket)
        new: dict[str, Any] = {"status": status, "closed_at": self._stated("closed_at", moment, last)}
        if status == "cancelled":
            new["code"] = ends.code or self.ticket.code
        if self._differs(new):
            verb = "cancel" if status == "cancelled" else "close"
            self._write(verb, moment, new, by=ends.closed_by, extra={"hold": (held, None)} if held else None)

    def _stated(self, name: str, moment: Moment, last: bool) -> datetime | None:
        """The time of an end: as the file has it, nothing where the file should know it and does not, else the
        moment's."""
        if not last:
            return moment.at
        at: datetime | None = getattr(self.row.ends, name)
        return at if at or name in self.row.ends.unknown else moment.at

    def _differs(self, new: Mapping[str, Any]) -> bool:
        return any(getattr(self.ticket, name) != value for name, value in new.items())

    def _write(
        self, verb: str, moment: Moment, new: Mapping[str, Any], *, by: str | None = None, note: str | None = None,
        extra: dict[str, tuple[Any, Any]] | None = None,
    ) -> None:  # fmt: skip
        at, last = moment.at, self.ticket.history[-1].at
        if at < last:
            extra = {**(extra or {}), "stated_at": (None, rfc3339(at))}
            at = last
        stamp = Stamp(self.stamp.op, at, by or moment.by or self.stamp.actor, self.stamp.via)
        self.ticket = record(self.ticket, stamp, verb, new, note=note, extra=extra)
