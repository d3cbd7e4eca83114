"""The desk: every use case is one method and one unit of work: load, ask, apply the verb, save.

Methods that take keys treat each key as a unit of its own under one operation id, and answer `Done`: what changed, and
every failure by key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from csctool.desk.ports import Clock, Decisions, Directory, Question, Store, Unit
from csctool.domain import handover, lifecycle
from csctool.domain.organisation import DeskSettings, Queue
from csctool.domain.query import Query, most_urgent, sort_key
from csctool.domain.ticket import Stamp, Ticket, plain, split_key
from csctool.domain.words import INCOMPLETE, TICKET_KEY
from csctool.errors import CscError, NotFoundError, RefusedError, UsageError

if TYPE_CHECKING:
    from csctool.desk.promises import Promising
    from csctool.domain.business_hours import Calendar

T = TypeVar("T")
#: Columns of a list that are no fields of a ticket by that name.
COLUMNS = ("due.response", "due.resolution", "hold")
Step = Callable[[Ticket, Stamp], Ticket]


class Actor(msgspec.Struct, frozen=True):
    """Who acts: the person (or Unix name) and the real Unix user behind it."""

    name: str
    via: str


class Done(msgspec.Struct):
    """What a command over several keys did: the tickets as they stand now, and what failed."""

    tickets: list[Ticket]
    failures: list[tuple[str, CscError]]


class Desk:
    """A service desk, wired by `bootstrap`. `dry_run` does everything but save."""

    def __init__(
        self, settings: DeskSettings, store: Store, directory: Directory, decisions: Callable[[str], Decisions],
        clock: Clock, actor: Actor, op: str, *, zone: tzinfo = UTC, root: str = "", frozen_clock: bool = False,
        dry_run: bool = False, brace: Callable[[Iterable[str]], None] = lambda _: None,
        dismiss: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.store = store
        self.directory = directory
        self.clock = clock
        self.actor = actor
        self.op = op
        self.zone = zone
        self.root = root
        self.dry_run = dry_run
        self.notices: list[str] = []
        self._setbacks: list[CscError] = []
        self.at: datetime | None = None
        self._frozen = frozen_clock
        self._decisions_for = decisions
        self._decisions: dict[str, Decisions] = {}
        self.brace = brace
        self.dismiss = dismiss
        self._fresh: list[Ticket] = []
        self._promising: Promising | None = None

    # -- looking -------------------------------------------------------------------------------------------

    def show(self, keys: Sequence[str]) -> Done:
        """The tickets of these keys."""
        done = Done([], [])
        for key in keys:
            try:
                ticket = self.store.get("-".join(map(str, split_key(key))))
                done.tickets.append(self.seen(ticket))
            except CscError as error:
                done.failures.append((key, error))
        return done

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets, in no order. Raises NotFoundError for an agency, queue or person that is not there."""
        for key in query.agencies:
            self.directory.agency(key)
        for queue in (*query.queues, *query.desks):
            self.queue(queue)
        return self.store.find(query)

    def listed(self, query: Query, order: str | None = None, columns: Sequence[str] = ()) -> list[Ticket]:
        """The matching tickets in order: the most urgent first, or by a field (`-field` turned round)."""
        field = (order or "").removeprefix("-")
        for name in (*columns, *((field,) if field else ())):
            self.column(name)
        key = sort_key(field) if field else most_urgent
        if {"hold", "history"}.isdisjoint((*columns, field)):
            query = msgspec.structs.replace(query, detail="outline")
        now = self.clock()
        found = (self.seen(ticket, now) for ticket in self.find(query))
        return sorted(found, key=key, reverse=bool(order and order.startswith("-")))

    def seen(self, ticket: Ticket, now: datetime | None = None) -> Ticket:
        """The ticket with the states of its clocks as they are now."""
        if not ticket.sla:
            return ticket
        from csctool.domain.sla.outcome import shown

        return shown(ticket, now or self.clock())

    def column(self, name: str) -> str:
        """A column of a list. Raises UsageError with the nearest name."""
        names = [*Ticket.__struct_fields__, *COLUMNS]
        if name in names or name.startswith("fields."):
            return name
        from difflib import get_close_matches

        near = get_close_matches(name, names, 1)
        raise UsageError(
            f"no such field: {name!r}", f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
        )

    def my_queues(self) -> tuple[str, ...]:
        """The queues of the actor. Raises NotFoundError for somebody who is in none."""
        queues = self.settings.queues_of(self.actor.name)
        if not queues:
            raise NotFoundError(f"{self.actor.name} is a member of no queue", "csctool queue list shows who is")
        return queues

    # -- work ----------------------------------------------------------------------------------------------

    def assign(
        self, keys: Sequence[str], *, queue: str | None = None, person: str | None = None, force: bool = False,
        reason: str | None = None,
    ) -> Done:  # fmt: skip
        """Give tickets to a queue, a person, or both."""
        if queue is None and person is None:
            raise UsageError("assign to whom?", "--to PERSON, --me or --queue QUEUE")
        tier = self.queue(queue).tier if queue else None
        if person:
            self.person(person)

        def step(ticket: Ticket, stamp: Stamp) -> Ticket:
            if queue:
                self.handles(queue, ticket)
                handover.brake(ticket, queue, self.settings.lifecycle.bounce_limit, force=force, reason=reason)
            return handover.assign(ticket, stamp, queue=queue, tier=tier, person=person, note=reason)

        return self.change(keys, "assign", step)

    def start(self, keys: Sequence[str], *, note: str | None = None) -> Done:
        """Begin work."""
        return self.change(keys, "start", lambda t, s: lifecycle.start(t, s, note=note))

    def hold(self, keys: Sequence[str], cause: str, until: datetime | None, note: str | None) -> Done:
        """Wait for somebody."""
        return self.change(keys, "hold", lambda t, s: lifecycle.hold(t, s, cause, until, note=note))

    def resume(self, keys: Sequence[str], note: str | None) -> Done:
        """End a hold."""
        return self.change(keys, "resume", lambda t, s: lifecycle.resume(t, s, note=note))

    def callback(self, keys: Sequence[str], reached: bool, note: str | None) -> Done:
        """Record a call-back."""
        return self.change(keys, "callback", lambda t, s: lifecycle.callback(t, s, reached, note=note))

    def escalate(
        self, keys: Sequence[str], reason: str, *, to: str | None = None, hierarchic: bool = False,
        by: str | None = None, force: bool = False,
    ) -> Done:  # fmt: skip
        """Functional escalation to the next tier, or hierarchic to the queue's lead."""
        if to:
            self.queue(to)

        def step(ticket: Ticket, stamp: Stamp) -> Ticket:
            lifecycle.require(ticket, "escalate")
            if hierarchic:
                return handover.escalate_hierarchic(ticket, stamp, reason, to=to or self.above(ticket), by=by)
            return self.escalated(ticket, stamp, reason, to, by, force)

        return self.change(keys, "escalate", step)

    def escalated(
        self, ticket: Ticket, stamp: Stamp, reason: str, to: str | None = None, by: str | None = None,
        force: bool = False,
    ) -> Ticket:  # fmt: skip
        """One ticket handed on to the next tier, or a lead told where whoever is asked says so. Raises RefusedError."""
        verdict = None
        if to is None:
            question = Question(ticket, stamp.at, "escalate", {}, reason)
            verdict = self.decisions(ticket.agency).escalate(question)
            lead = verdict.answer.get("lead")
            if lead and "queue" not in verdict.answer:
                decided = (verdict.decision,) if verdict.decision else ()
                return handover.escalate_hierarchic(ticket, stamp, reason, to=lead, by=by, decisions=decided)
            to = verdict.answer.get("queue")
        if to is None:
            raise RefusedError(f"{ticket.key}: {ticket.queue} escalates {ticket.kind} to nobody", "name one with --to")
        if to == ticket.queue:
            raise RefusedError(f"{ticket.key} is in {to} already", "name another queue with --to")
        self.handles(to, ticket)
        limit = self.settings.lifecycle.bounce_limit
        handover.brake(ticket, to, limit, force=force, reason=reason)
        return handover.escalate(
            ticket, stamp, reason, queue=to, tier=self.queue(to).tier, by=by,
            forced=handover.braked(ticket, to, limit),
            decisions=(verdict.decision,) if verdict and verdict.decision else (),
        )  # fmt: skip

    def give_back(self, keys: Sequence[str], reason: str) -> Done:
        """`return`: to the owning desk."""

        def step(ticket: Ticket, stamp: Stamp) -> Ticket:
            tier = self.queue(ticket.desk).tier if ticket.desk else ""
            return handover.give_back(ticket, stamp, reason, tier=tier)

        return self.change(keys, "return", step)

    def diagnose(self, keys: Sequence[str], cause: str, note: str | None) -> Done:
        """Record the cause."""
        return self.change(keys, "diagnose", lambda t, s: lifecycle.diagnose(t, s, cause, note=note))

    def note(
        self, keys: Sequence[str], text: str, *, public: bool = False, from_requester: bool = False,
        channel: str | None = None, minutes: int = 0,
    ) -> Done:  # fmt: skip
        """Write something down."""
        return self.change(
            keys, "note",
            lambda t, s: lifecycle.note(
                t, s, text, public=public, from_requester=from_requester, channel=channel, minutes=minutes
            ),
        )  # fmt: skip

    # -- finish --------------------------------------------------------------------------------------------

    def resolve(
        self, keys: Sequence[str], resolution: str, *, code: str | None = None, internal: str | None = None,
        training: str | None = None, minutes: int = 0, breach_reason: str | None = None,
    ) -> Done:  # fmt: skip
        """The trouble is over."""
        step = self.resolving(
            resolution, code=code, internal=internal, training=training, minutes=minutes, breach_reason=breach_reason
        )
        return self.change(keys, "resolve", step)

    def resolving(
        self, resolution: str, *, code: str | None = None, internal: str | None = None, training: str | None = None,
        minutes: int = 0, breach_reason: str | None = None,
    ) -> Step:  # fmt: skip
        """The step that resolves one ticket, its words checked against the settings."""
        codes = self.settings.lifecycle.resolution_codes
        code = code or codes[0]
        if code not in codes:
            raise UsageError(f"no such resolution code: {code}", f"one of: {', '.join(codes)}")

        def step(ticket: Ticket, stamp: Stamp) -> Ticket:
            lifecycle.require(ticket, "resolve")
            missing = self._unmet(ticket, stamp) if INCOMPLETE in ticket.flags else []
            return lifecycle.resolve(
                ticket, stamp, resolution, code=code, internal=internal, training=training, minutes=minutes,
                objections=missing, breach_reason=breach_reason,
            )  # fmt: skip

        return step

    def close(self, keys: Sequence[str], note: str | None) -> Done:
        """Accepted."""
        return self.change(keys, "close", lambda t, s: lifecycle.close(t, s, note=note))

    def reopen(self, keys: Sequence[str], reason: str) -> Done:
        """As before resolving, within the window."""

        def step(ticket: Ticket, stamp: Stamp) -> Ticket:
            until = self.window_end(ticket.agency, ticket.closed_at) if ticket.closed_at else None
            return lifecycle.reopen(ticket, stamp, reason, until=until)

        return self.change(keys, "reopen", step)

    def cancel(self, keys: Sequence[str], reason: str, code: str | None, refer_to: str | None) -> Done:
        """End without a resolution."""
        codes = self.settings.lifecycle.cancel_codes
        code = code or codes[0]
        if code not in codes:
            raise UsageError(f"no such code: {code}", f"one of: {', '.join(codes)}")
        return self.change(keys, "cancel", lambda t, s: lifecycle.cancel(t, s, reason, code=code, refer_to=refer_to))

    def archive(self, agencies: Iterable[str] = ()) -> dict[str, int]:
        """Housekeeping: move finished tickets to their months' archives. Answers how many moved, per agency."""
        keys = list(agencies) or self.store.agencies()
        for key in keys:
            self.directory.agency(key)
        move = self.store.archivable if self.dry_run else self.store.archive
        moved = {}
        for key in keys:
            try:
                moved[key] = move(key)
            except CscError as error:  # one damaged or busy agency keeps no other from its housekeeping
                self._setbacks.append(error)
        return moved

    # -- the one path of a change --------------------------------------------------------------------------

    def change(self, keys: Sequence[str], verb: str, step: Step) -> Done:
        """Each key by itself: load, apply, ask for objections, save. A failure names its key and stops no other."""
        done = Done([], [])
        self.brace(agencies_of(keys))
        for key in keys:
            try:
                agency, number = split_key(key)
                with self.unit(agency) as unit:
                    ticket = unit.get(f"{agency}-{number}")
                    changed = step(ticket, self.stamp(ticket))
                    self.object(ticket, changed, verb)
                    changed = self.recorded(self.promised(unit, changed, len(ticket.history)))
                    unit.put(changed)
                done.tickets.append(changed)
            except CscError as error:
                done.failures.append((key, error))
        return done

    def promised(self, unit: Unit, ticket: Ticket, first: int) -> Ticket:
        """The ticket with what is promised by its events from number `first` (from 0) on: due times and clocks."""
        if not (self.settings.sla or self.settings.ola or ticket.sla or "breach_reason" in ticket.history[-1].changes):
            return ticket  # a desk that promises nothing pays nothing
        return self.promising.kept_up(unit, ticket, first)

    @property
    def promising(self) -> "Promising":
        """What this desk promises; made once a command."""
        if self._promising is None:
            from csctool.desk.promises import Promising

            self._promising = Promising(self)
        return self._promising

    def unit(self, *agencies: str) -> "UnitGuard":
        """A unit of work over these agencies, which a dry run discards."""
        return UnitGuard(self, agencies)

    def stamp(self, ticket: Ticket | None = None) -> Stamp:
        """Who, when, in which operation. A real clock that runs behind a colleague's is lifted to the last event."""
        now = self.clock()
        at = self.at or now
        if at > now:
            raise UsageError(f"--at {lifecycle.rfc3339(at)} lies in the future")
        if ticket and ticket.updated_at and at < ticket.updated_at and not self._frozen and self.at is None:
            at = ticket.updated_at
        return Stamp(self.op, at, self.actor.name, self.actor.via)

    def object(self, before: Ticket, after: Ticket, verb: str) -> None:
        """Refuse a change that somebody objects to, with every objection."""
        said = self.decisions(after.agency).validate(
            Question(after, after.history[-1].at, verb, difference(before, after))
        )
        if said and not (INCOMPLETE in before.flags and verb != "resolve"):
            raise RefusedError(f"{after.key}: {'; '.join(said)}")

    def recorded(self, ticket: Ticket) -> Ticket:
        """The ticket as it is to be saved: with the plugins that failed when they were asked about it.

        Who wants to know is told of its new events when the unit of work has been saved.
        """
        ticket = lifecycle.deciding(ticket, self.decisions(ticket.agency).unrecorded(ticket.key))
        self._fresh.append(ticket)
        return ticket

    def announce(self, saved: bool) -> None:
        """The end of a unit of work: tell of what was saved, forget what was not."""
        fresh, self._fresh = self._fresh, []
        for ticket in fresh if saved and not self.dry_run else ():
            decisions = self.decisions(ticket.agency)
            for event in ticket.history:
                if event.op == self.op:
                    decisions.changed(event, Question(ticket, event.at, event.verb))

    def _unmet(self, ticket: Ticket, stamp: Stamp) -> list[str]:
        return self.decisions(ticket.agency).validate(Question(ticket, stamp.at, "resolve", {}))

    # -- what the settings know ----------------------------------------------------------------------------

    def decisions(self, agency: str) -> Decisions:
        """Those who are asked for an agency; wired once a command."""
        if agency not in self._decisions:
            self._decisions[agency] = self._decisions_for(agency)
        return self._decisions[agency]

    def failures(self) -> list[CscError]:
        """Plugins that failed and agencies that could not be read, since the last call."""
        failed = [error for decisions in self._decisions.values() for error in decisions.failures()]
        setbacks, self._setbacks = self._setbacks, []
        return failed + setbacks + self.store.troubles()

    def queue(self, name: str) -> Queue:
        """A queue of the settings. Raises NotFoundError."""
        return known(self.settings.queues, name, "queue")

    def person(self, name: str) -> str:
        """A person's key; any name while nobody is configured. Raises NotFoundError."""
        if self.settings.people:
            known(self.settings.people, name, "person")
        return name

    def handles(self, queue: str, ticket: Ticket) -> None:
        """Refuse a queue that does not take tickets of this kind."""
        kinds = self.queue(queue).kinds
        if kinds and ticket.kind not in kinds:
            takes = ", ".join(kinds)
            raise RefusedError(f"{ticket.key}: {queue} takes {takes}, not {ticket.kind}", "triage its kind first")

    def desk_of(self, queue: str) -> str:
        """The desk that owns what comes into a queue."""
        settings = self.queue(queue)
        return queue if settings.desk else settings.owner or self.settings.default_queue

    def above(self, ticket: Ticket) -> str:
        """Who is told of a hierarchic escalation: the queue's lead, else a coordinator, else a manager."""
        lead = self.queue(ticket.queue).lead if ticket.queue else None
        if lead:
            return lead
        for role in ("coordinator", "manager"):
            for name, person in self.settings.people.items():
                if role in person.roles:
                    return name
        return "manager"

    def window_end(self, agency: str, since: datetime) -> datetime:
        """Until when a ticket that closed at `since` may be reopened."""
        from csctool.desk.calendars import window_end

        within = self.settings.lifecycle.reopen_within
        return window_end(self.settings, self.directory.agency(agency), self.directory.statutory, since, within)

    def calendar(self, name: str) -> "Calendar":
        """A calendar by its name. Raises NotFoundError."""
        from csctool.desk.calendars import calendar_named

        return calendar_named(self.settings, name, self.directory.statutory)

    def load(self, people: Iterable[str]) -> Mapping[str, int]:
        """Open tickets per person, over the whole desk: what `least-loaded` asks."""
        wanted = tuple(people)
        counts = dict.fromkeys(wanted, 0)
        for ticket in self.store.find(Query(assignees=wanted)):
            if ticket.open and ticket.assignee:
                counts[ticket.assignee] += 1
        return counts


class UnitGuard:
    """A store's unit of work, discarded at the end of a dry run."""

    def __init__(self, desk: Desk, agencies: tuple[str, ...]) -> None:
        self._desk = desk
        self._agencies = agencies
        self._context = desk.store.unit(*agencies)

    def __enter__(self) -> Unit:
        for agency in self._agencies:
            self._desk.decisions(agency).prepare()
        unit = self._context.__enter__()
        if self._desk.dry_run:
            unit.discard()
        return unit

    def __exit__(self, *failure: Any) -> bool | None:
        saved = False
        try:
            passed = self._context.__exit__(*failure)
            saved = failure[0] is None
        finally:
            self._desk.announce(saved)
        return passed


def difference(before: Ticket, after: Ticket) -> dict[str, Any]:
    """The fields that a change gives a new value, in plain values."""
    return {
        name: plain(getattr(after, name))
        for name in Ticket.__struct_fields__
        if name not in ("history", "version", "updated_at") and getattr(before, name) != getattr(after, name)
    }


def agencies_of(keys: Iterable[str]) -> set[str]:
    """The agencies of those words that can be keys of tickets."""
    return {found[1] for key in keys if (found := TICKET_KEY.fullmatch(key.upper()))}


def known(named: Mapping[str, T], name: str, what: str) -> T:
    """A named setting. Raises NotFoundError with the nearest name."""
    if name in named:
        return named[name]
    from difflib import get_close_matches

    near = get_close_matches(name, list(named), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(named)[:20]) or 'none'}"
    raise NotFoundError(f"no such {what}: {name!r}", hint)
