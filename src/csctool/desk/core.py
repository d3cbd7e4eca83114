"""What every use case stands on: the wiring, the one path of a change, and what the settings know."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import msgspec

from csctool.desk.ports import Clock, Decisions, Directory, Post, Question, Store, Unit
from csctool.domain import lifecycle
from csctool.domain.naming import known
from csctool.domain.notice import ready
from csctool.domain.organisation import DeskSettings, Queue
from csctool.domain.query import Query
from csctool.domain.ticket import Event, Stamp, Ticket, plain, split_key
from csctool.domain.words import INCOMPLETE, TICKET_KEY
from csctool.errors import CscError, PluginError, RefusedError, UsageError

if TYPE_CHECKING:
    from csctool.desk.promises import Promising
    from csctool.desk.telling import Asked, Teller, Telling
    from csctool.domain.business_hours import Calendar
    from csctool.domain.notice import Notice

Step = Callable[[Ticket, Stamp], Ticket]


class Actor(msgspec.Struct, frozen=True):
    """Who acts: the person (or Unix name) and the real Unix user behind it.

    `person` is False for a Unix user for whom nobody stands in the settings; `steward` is True for root and the
    owner of the desk, when they act as themselves.
    """

    name: str
    via: str
    person: bool = True
    steward: bool = False


def permit(settings: DeskSettings, actor: Actor, verb: str, ticket: Ticket | None = None) -> None:
    """Refuse what an actor may not do by the settings; a desk without people pays nothing for it."""
    if not settings.people:
        return
    from csctool.domain.permissions import require

    require(settings, verb, ticket, name=actor.name, person=actor.person, steward=actor.steward)


class Done(msgspec.Struct):
    """What a command over several keys did: the tickets as they stand now, and what failed."""

    tickets: list[Ticket]
    failures: list[tuple[str, CscError]]


class Core:
    """A desk's wiring and the path that every change takes.

    `dry_run` does everything but save; `later` is done when something was saved; `touched` are the agencies in which
    something was.
    """

    def __init__(
        self, settings: DeskSettings, store: Store, directory: Directory, decisions: Callable[[str], Decisions],
        clock: Clock, actor: Actor, op: str, *, zone: tzinfo = UTC, root: str = "", frozen_clock: bool = False,
        dry_run: bool = False, brace: Callable[[Iterable[str]], None] = lambda _: None,
        dismiss: Callable[[], None] = lambda: None, post: Callable[[], Post] | None = None,
        later: list[Callable[[], None]] | None = None, send_off: Callable[[Iterable[str]], None] = lambda _: None,
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
        self.foretold: list[Notice] = []
        self._setbacks: list[CscError] = []
        self.at: datetime | None = None
        self._frozen = frozen_clock
        self._decisions_for = decisions
        self._decisions: dict[str, Decisions] = {}
        self.brace = brace
        self.dismiss = dismiss
        self._later = [] if later is None else later
        self._post = post
        self._send_off = send_off
        self.touched: set[str] = set()
        self._fresh: list[tuple[Ticket, int]] = []
        self._promising: Promising | None = None
        self._teller: Teller | None = None
        self._opened_post: Post | None = None

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
                    self.permit(verb, ticket)
                    changed = step(ticket, self.stamp(ticket))
                    self.object(ticket, changed, verb)
                    changed = self.keep(unit, changed, len(ticket.history))
                done.tickets.append(changed)
            except CscError as error:
                done.failures.append((key, error))
        return done

    def permit(self, verb: str, ticket: Ticket | None = None) -> None:
        """Refuse what the actor's roles do not allow with the ticket as it is, or, without one, at all.

        The one place where permissions are asked: every use case that changes something comes by here, dry runs too.
        Raises NotPermittedError.
        """
        permit(self.settings, self.actor, verb, ticket)

    def keep(self, unit: Unit, ticket: Ticket, first: int) -> Ticket:
        """Save a ticket whose events from number `first` (from 0) on are new, with all that follows from them."""
        return self.saved(unit, self.promised(unit, ticket, first), first)

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

            self._promising = Promising(self.settings, self.directory, self.store)
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

    def saved(self, unit: Unit, ticket: Ticket, first: int) -> Ticket:
        """Put a ticket, with the messages that its events from number `first` on cause: one write for both.

        Plugins that failed when they were asked about it are recorded. Who wants to know is told of the new events
        when the unit of work has ended well.
        """
        decisions = self.decisions(ticket.agency)
        asked = [(e, decisions.notify(e, Question(ticket, e.at, e.verb))) for e in ticket.history[first:]]
        ticket = lifecycle.deciding(ticket, decisions.unrecorded(ticket.key))
        unit.put(ticket)
        if any(said for _, said in asked):
            self.tell(unit, ticket.agency, ticket, asked)
        self._fresh.append((ticket, first))
        return ticket

    def tell(self, unit: Unit, agency: str, ticket: Ticket, asked: Iterable["Asked"]) -> int:
        """Put the messages about a ticket's events into the outbox of an agency; answers how many."""
        found = self.teller.tellings(agency, ticket, asked)
        notices = [one.notice for one in found if one.notice is not None]
        if notices:
            unit.post(agency, notices)
            if self.dry_run:
                self.foretold += notices
        return len(notices)

    def told_of(self, ticket: Ticket, event: Event) -> "list[Telling]":
        """Whom the rules in force would tell of an event, and whom not, and why; nothing is saved. The ticket is the
        one after it."""
        said = self.decisions(ticket.agency).notify(event, Question(ticket, event.at, event.verb))
        return self.teller.tellings(ticket.agency, ticket, [(event, said)]) if said else []

    @property
    def teller(self) -> "Teller":
        """Who finds out who is told; made once a command."""
        if self._teller is None:
            from csctool.desk.telling import Teller

            self._teller = Teller(self.settings, self.directory, self.clock, self._mention)
        return self._teller

    def _mention(self, error: CscError) -> None:
        """Name what is wrong, once, where it stops nothing and changes no exit status."""
        if str(error) not in self.notices:
            self.notices.append(str(error))

    def announce(self, saved: bool) -> None:
        """The end of a unit of work: tell of what was saved, forget what was not."""
        fresh, self._fresh = self._fresh, []
        if not saved or self.dry_run:
            return
        while self._later:
            self._later.pop()()
        for ticket, first in fresh:
            decisions = self.decisions(ticket.agency)
            for event in ticket.history[first:]:
                decisions.changed(event, Question(ticket, event.at, event.verb))

    def _unmet(self, ticket: Ticket, stamp: Stamp) -> list[str]:
        return self.decisions(ticket.agency).validate(Question(ticket, stamp.at, "resolve", {}))

    @property
    def post(self) -> Post:
        """Where letters are handed in; made once a command."""
        if self._post is None:
            raise UsageError("this desk can send nothing")
        if self._opened_post is None:
            self._opened_post = self._post()
        return self._opened_post

    def dispatch(self) -> None:
        """The end of a command: where the settings want it, what it caused to be told goes out now, without waiting."""
        touched, self.touched = sorted(self.touched), set()
        if self.settings.notify.deliver != "at-once":
            return
        try:
            now = self.clock()
            due = [key for key in touched if ready(self.store.outbox(key), now)]
            if due:
                self._send_off(due)
        except (CscError, OSError) as error:
            self.notices.append(f"messages wait for the next sweep: {error}")

    def hang_up(self) -> None:
        """No more letters for now."""
        if self._opened_post is not None:
            self._opened_post.close()

    # -- what the settings know ----------------------------------------------------------------------------

    def decisions(self, agency: str) -> Decisions:
        """Those who are asked for an agency; wired once a command."""
        if agency not in self._decisions:
            self._decisions[agency] = self._decisions_for(agency)
        return self._decisions[agency]

    def failures(self) -> list[CscError]:
        """Plugins and templates that failed and agencies that could not be read, since the last call."""
        failed = [error for decisions in self._decisions.values() for error in decisions.failures()]
        setbacks, self._setbacks = self._setbacks, []
        if self._opened_post is not None:  # what an agency wrote and can't be used counts as its plugins do
            failed += [PluginError(error.message, error.hint) for error in self._opened_post.troubles()]
        return failed + setbacks + self.store.troubles()

    def setback(self, error: CscError) -> None:
        """Tell of a failure at the end that stops nothing."""
        self._setbacks.append(error)

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

    def __init__(self, desk: Core, agencies: tuple[str, ...]) -> None:
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
            if saved and not self._desk.dry_run:
                self._desk.touched.update(self._agencies)
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
