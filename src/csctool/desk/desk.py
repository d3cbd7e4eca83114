"""The desk: every use case is one method and one unit of work: load, ask, apply the verb, save.

Methods that take keys treat each key as a unit of its own under one operation id, and answer `Done`: what changed, and
every failure by key.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

import msgspec

from csctool.desk.core import Core, Done, Step
from csctool.desk.ports import Question
from csctool.domain import handover, lifecycle
from csctool.domain.naming import hint
from csctool.domain.query import Query, most_urgent, sort_key
from csctool.domain.ticket import Stamp, Ticket, split_key
from csctool.domain.words import INCOMPLETE
from csctool.errors import CscError, NotFoundError, RefusedError, UsageError

#: Columns of a list that are no fields of a ticket by that name.
COLUMNS = ("due.response", "due.resolution", "hold")


class Desk(Core):
    """A service desk, wired by `bootstrap`."""

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
        """The matching tickets, in no order. Raises NotFoundError for an agency, queue or person that is not there.

        Imported tickets may be in queues, and of people, that the settings lack: such a name is unknown only when no
        ticket has it.
        """
        for key in query.agencies:
            self.directory.require(key)
        found = self.store.find(query)
        names: list[Callable[[], object]] = [partial(self.queue, name) for name in (*query.queues, *query.desks)]
        names += [partial(self.person, name) for name in (*query.owners, *query.assignees)]
        return _or_unknown(found, names) if names else found

    def listed(self, query: Query, order: str | None = None, columns: Sequence[str] = ()) -> list[Ticket]:
        """The matching tickets in order: the most urgent first, or by a field (`-field` turned round)."""
        field = (order or "").removeprefix("-")
        for name in (*columns, *((field,) if field else ())):
            self.column(name)
        key = sort_key(field) if field else most_urgent
        if {"hold", "history"}.isdisjoint((*columns, field)):
            query = msgspec.structs.replace(query, detail="outline")
        found = map(self._seen_at(self.clock()), self.find(query))
        return sorted(found, key=key, reverse=bool(order and order.startswith("-")))

    def seen(self, ticket: Ticket) -> Ticket:
        """The ticket with the states of its clocks as they are now."""
        return self._seen_at(self.clock())(ticket) if ticket.sla else ticket

    def _seen_at(self, now: datetime) -> Callable[[Ticket], Ticket]:
        from csctool.domain.sla.standing import seen_at

        return seen_at(now)

    def column(self, name: str) -> str:
        """A column of a list. Raises UsageError with the nearest name."""
        names = [*Ticket.__struct_fields__, *COLUMNS]
        if name in names or name.startswith("fields."):
            return name
        raise UsageError(f"no such field: {name!r}", hint(name, names, "one of", len(names)))

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
                if queue != ticket.queue:
                    self.permit("dispatch", ticket)
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
        self.permit("archive")
        keys = list(agencies) or self.store.agencies()
        for key in keys:
            self.directory.agency(key)
        move = self.store.archivable if self.dry_run else self.store.archive
        moved = {}
        for key in keys:
            try:
                moved[key] = move(key)
            except CscError as error:  # one damaged or busy agency keeps no other from its housekeeping
                self.setback(error)
        return moved


def _or_unknown(found: Iterator[Ticket], names: Iterable[Callable[[], object]]) -> Iterator[Ticket]:
    """The tickets; when there is none, the names that were asked for are looked up, and an unknown one is told."""
    none = True
    for ticket in found:
        none = False
        yield ticket
    if none:
        for look_up in names:
            look_up()
