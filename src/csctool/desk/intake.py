"""Taking tickets in from elsewhere: one unit of work per agency and batch, one operation, the same row never twice."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any, Protocol

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.opening import catalogued, classify
from csctool.desk.ports import Question, Unit
from csctool.desk.recognising import Known, digest_of, learn, told_before
from csctool.domain import lifecycle
from csctool.domain.effects import cancelled_by
from csctool.domain.intake import (
    CARRIED,
    UNDECIDED,
    House,
    Incoming,
    Rejected,
    lived,
    out_of_order,
    stated_status,
)
from csctool.domain.query import Query
from csctool.domain.ticket import Decision, Ticket
from csctool.domain.undoing import Share
from csctool.domain.words import OPEN
from csctool.errors import CscError, NotFoundError, UsageError

#: Tickets of one agency that are saved together, and tickets of all agencies that wait in memory for that. Each save
#: writes the agency's file, so larger batches are faster; 20,000 waiting tickets take some 100 MB.
BATCH = 5_000
WAITING = 20_000
#: From so many waiting tickets on the agencies are shared out to processes, where that is possible.
SHARED = 2_000

Reject = Callable[[Rejected], None]


class Taken(msgspec.Struct):
    """What an import did, in tickets: `known` were here already, `dirty` have times that can't be true."""

    added: int = 0
    known: int = 0
    rejected: int = 0
    dirty: int = 0
    agencies: int = 0

    def add(self, other: "Taken") -> None:
        """Count what another share of the work came to."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def default_agency(desk: Desk, named: str | None) -> str | None:
    """The agency of rows that name none: the one that was asked for, or the only one there is. Raises NotFoundError."""
    if named:
        desk.directory.agency(named)
        return named
    keys = desk.directory.keys()
    return keys[0] if len(keys) == 1 else None


def require_agency(desk: Desk, default: str | None) -> None:
    """Refuse an import whose rows can't say whose they are. Raises UsageError."""
    if default is None:
        some = ", ".join(desk.directory.keys()[:8])
        raise UsageError(
            "which agency? the map names no column for it", f"--agency KEY, e.g. one of: {some or 'none yet'}"
        )


def take_in(
    desk: Desk, rows: Iterable[Incoming | Rejected], reject: Reject, *, add_agencies: bool = False,
    progress: Callable[[int], None] = lambda _: None, crew: "Crew | None" = None,
) -> Taken:  # fmt: skip
    """Register what a file tells, in its order within each agency. Rows that can't be taken go to `reject`.

    Nothing is notified, called back or warned about. When it is stopped half-way, the same file again adds the rest.
    With a `crew` the agencies are shared out to its hands, which work while the file is read on; it changes nothing in
    what comes out.
    """
    desk.permit("import")
    if add_agencies:
        desk.permit("agency")
    desk.brace(desk.directory.keys())
    intake = _Intake(desk, reject, add_agencies, crew)
    for row in rows:
        if isinstance(row, Rejected):
            intake.refuse(row.line, row.reason, row.raw)
        else:
            intake.add(row)
            if intake.waiting >= WAITING:
                intake.flush()
                progress(row.line)
    intake.flush()
    intake.collect()
    return intake.taken


class Portion(msgspec.Struct):
    """What came of the rows of some agencies that one hand of a crew saved: the counts, the rows that were refused with
    why, what is known of the agencies now, and failures that stopped nothing."""

    taken: Taken
    refused: list[tuple[int, str, Any]]
    known: dict[str, Known]
    setbacks: list[CscError]


class Crew(Protocol):
    """Processes that do portions of the work."""

    hands: int

    def start(self, portion: Callable[[], Portion]) -> None:
        """Have a portion done, by a process that begins with everything as it stands now."""

    def answers(self) -> Iterator[Portion]:
        """What came of the portions that were started; waits for them. Raises what one failed with."""


class _Intake:
    """Rows waiting by agency, and what is known of each agency."""

    def __init__(self, desk: Desk, reject: Reject, add_agencies: bool, crew: "Crew | None" = None) -> None:
        self.desk = desk
        self._crew = crew
        self.taken = Taken()
        self.waiting = 0
        self._reject = reject
        self._add_agencies = add_agencies
        self._rows: dict[str, list[Incoming]] = {}
        self._known: dict[str, Known] = {}
        self._stamp = desk.stamp()
        self._loads: dict[str, int] = {}
        settings = desk.settings
        self._house = House({name: queue.tier for name, queue in settings.queues.items()}, settings.priorities.of)

    def refuse(self, line: int, reason: str, raw: Any) -> None:
        """One more row that can't be taken in."""
        self.taken.rejected += 1
        self._reject(Rejected(line, reason, raw))

    def add(self, row: Incoming) -> None:
        """One more row, saved when enough of its agency are together."""
        agency = row.agency
        if agency is None:
            self.refuse(row.line, "names no agency; --agency KEY says whose it is", row.raw)
            return
        rows = self._rows.get(agency)
        if rows is None:
            problem = self._unusable(agency, row)
            if problem:
                self.refuse(row.line, problem, row.raw)
                return
            rows = self._rows[agency] = []
            self.taken.agencies += 1
        rows.append(row)
        self.waiting += 1
        if len(rows) >= BATCH:
            self.collect()
            self._save(agency)

    def flush(self) -> None:
        """Save what waits, or have it saved."""
        self.collect()
        agencies = sorted(agency for agency, rows in self._rows.items() if rows)
        if self._crew is None or self.waiting < SHARED or len(agencies) < 2:
            for agency in agencies:
                self._save(agency)
            return
        for agency in agencies:  # made ready here, every hand begins with them
            self.desk.decisions(agency)
        for portion in _portions(agencies, self._rows, self._crew.hands):
            self._crew.start(partial(self._portion, portion))
        for agency in agencies:
            self._rows[agency] = []
        self.waiting = 0

    def collect(self) -> None:
        """Take over what the crew has done. Raises what a hand of it failed with."""
        for done in self._crew.answers() if self._crew is not None else ():
            self.taken.add(done.taken)
            self._known |= done.known
            for line, why, raw in done.refused:
                self._reject(Rejected(line, why, raw))
            for error in done.setbacks:
                self.desk.setback(error)

    def _portion(self, agencies: Iterable[str]) -> Portion:
        """In a process of its own: save what waits of these agencies."""
        self.desk.failures()  # what failed before is told by who began
        done = Portion(Taken(), [], {}, [])
        self.taken, self._reject = done.taken, lambda row: done.refused.append((row.line, row.reason, row.raw))
        for agency in agencies:
            self._save(agency)
            done.known[agency] = self._known[agency]
        done.setbacks = self.desk.failures()
        return done

    def _unusable(self, agency: str, row: Incoming) -> str | None:
        try:
            self.desk.directory.agency(agency)
        except NotFoundError as error:
            if not self._add_agencies:
                return str(error)
            from csctool.desk.organising import add_agency

            try:
                add_agency(self.desk, agency, row.agency_name or agency, None)
            except CscError as refusal:
                return str(refusal)
        return None

    # -- one agency, one batch -----------------------------------------------------------------------------

    def _save(self, agency: str) -> None:
        rows = self._rows[agency]
        if not rows:
            return
        self._rows[agency] = []
        self.waiting -= len(rows)
        if self.desk.dry_run and agency not in self.desk.store.agencies():
            self.taken.added += len(rows)  # it would be made first
            return
        refused: list[tuple[Incoming, str]] = []
        with self.desk.unit(agency) as unit:
            known = self._lookup(unit, agency, any(row.number for row in rows))
            for row in rows:
                told = told_before(row, known)
                if told is None and (row.number or 0) in known.undone:
                    told = self._bring_back(unit, row, known)
                elif told is None:
                    self._enter(unit, row, known)
                if told:
                    refused.append((row, told))
                elif told is not None:
                    self.taken.known += 1
        for row, why in refused:
            self.refuse(row.line, why, row.raw)

    def _lookup(self, unit: Unit, agency: str, keyed: bool) -> Known:
        counter = unit.raise_to(agency, "number", 0)
        known = self._known.get(agency)
        if known and (known.counter == counter or self.desk.dry_run) and (known.numbers is not None or not keyed):
            return known
        known = Known({}, {} if keyed else None, counter)
        if known.numbers is None:
            found: Iterable[Ticket] = (ticket for _, ticket in unit.identities(agency))
        else:
            found = unit.find(Query(agencies=(agency,), everything=True, hidden=True))
        for ticket in found:
            learn(known, ticket)
        self._known[agency] = known
        return known

    def _bring_back(self, unit: Unit, row: Incoming, known: Known) -> str | None:
        """A row whose ticket was imported before and undone; why it can't be, else None."""
        ticket = unit.get(f"{row.agency}-{row.number}")
        if known.undone[ticket.number] != (digest_of(row.whole) if row.whole else row.digest):
            return f"{ticket.key} was undone with other content, and a number is never used twice"
        share = Share(ticket, cancelled_by(ticket) or "")
        if share.obstacle():
            return f"{ticket.key} was undone, and somebody worked on it since"
        back = share.undone(self.desk.stamp(ticket))
        unit.put(self.desk.promised(unit, back, len(ticket.history)))
        self.taken.added += 1
        del known.undone[ticket.number]
        learn(known, back)
        return None

    def _enter(self, unit: Unit, row: Incoming, known: Known) -> None:
        agency = row.agency or ""
        number = row.number or unit.count(agency, "number")
        ticket = row.whole or self._new(unit, row, agency, number)
        ticket = lifecycle.deciding(ticket, self.desk.decisions(agency).unrecorded(ticket.key))
        unit.put(ticket)
        self.taken.added += 1
        self.taken.dirty += out_of_order(ticket)
        known.counter = max(known.counter, unit.raise_to(agency, "number", number))
        if row.whole:
            learn(known, ticket)
        else:
            known.identities[row.identity or ""] = row.digest
            if known.numbers is not None:
                known.numbers[number] = row.digest

    def _new(self, unit: Unit, row: Incoming, agency: str, number: int) -> Ticket:
        given = catalogued(self.desk, dict(row.given))
        described = {name: value for name, value in given.items() if name not in CARRIED}
        draft = Ticket(**{"kind": "contact", "status": "queued", **described,
                          "key": f"{agency}-{number}", "agency": agency, "number": number})  # fmt: skip
        draft, decisions = self._decided(unit, draft, row, given)
        objections: list[str] = []
        if _unsettled(row):
            change = {name: getattr(draft, name) for name in ("kind", "subject", "service", "category", "priority")}
            objections = self.desk.decisions(agency).validate(Question(draft, self._stamp.at, "open", change))
        ticket = lived(draft, row, self._stamp, self._house, decisions=decisions, objections=objections)
        return self.desk.promised(unit, ticket, 0)

    def _decided(
        self, unit: Unit, draft: Ticket, row: Incoming, given: Mapping[str, Any]
    ) -> tuple[Ticket, tuple[Decision, ...]]:
        """What nobody stated, asked of rules and plugins. A queue that the settings don't know stays as it is."""
        desk = self.desk
        draft, decisions = classify(desk, draft, self._stamp, given)
        queue, person = draft.queue, draft.assignee
        if queue is None and not _finds_queue(row):
            free = person is None and row.moments is None and stated_status(row) is None
            staff = _Staff(self, unit, draft.agency) if free else _Nobody()
            verdict = desk.decisions(draft.agency).route(Question(draft, self._stamp.at), staff)
            queue = verdict.answer.get("queue") or desk.settings.default_queue
            person = verdict.answer.get("assignee") if free else person
            if verdict.decision:
                decisions.append(verdict.decision if free else _without_person(verdict.decision))
        new: dict[str, Any] = {"queue": queue, "assignee": person}
        if draft.tier is None:
            new["tier"] = self._house.tiers.get(queue or "")
        if draft.desk is None:
            new["desk"] = desk.desk_of(queue) if queue in desk.settings.queues else desk.settings.default_queue
        new["status"] = row.status if row.status in ("queued", "assigned") else "assigned" if person else "queued"
        return msgspec.structs.replace(draft, **new), tuple(decisions)

    def load(self, people: tuple[str, ...]) -> Mapping[str, int]:
        """Open tickets per person, counted once an import and then kept up."""
        missing = [name for name in people if name not in self._loads]
        if missing:
            self._loads.update(self.desk.load(missing))
        return self._loads

    def handed(self, person: str) -> None:
        """One more open ticket of a person."""
        self._loads[person] = self._loads.get(person, 0) + 1


def _portions(agencies: Iterable[str], rows: Mapping[str, list[Incoming]], hands: int) -> list[list[str]]:
    """The agencies in so many portions at most, of about as many rows each: the largest to whoever has least."""
    portions: list[list[str]] = [[] for _ in range(hands)]
    sizes = [0] * hands
    for agency in sorted(agencies, key=lambda key: -len(rows[key])):
        least = sizes.index(min(sizes))
        sizes[least] += len(rows[agency])
        portions[least].append(agency)
    return [sorted(portion) for portion in portions if portion]


class _Staff:
    """Automatic assignment of tickets that come in new. Implements `desk.ports.Staffing`."""

    def __init__(self, intake: _Intake, unit: Unit, agency: str) -> None:
        self._intake, self._unit, self._agency = intake, unit, agency

    def turn(self, queue: str) -> int:
        """One more ticket handed out in this queue."""
        return self._unit.count(self._agency, f"turn:{queue}")

    def load(self, people: Iterable[str]) -> Mapping[str, int]:
        """Open tickets per person; the least loaded of them is about to get one more."""
        names = tuple(people)
        now = dict(self._intake.load(names))
        self._intake.handed(min(names, key=lambda name: now.get(name, 0)))
        return now


class _Nobody:
    """Automatic assignment has no say in a ticket whose life is told: nobody's turn is used up."""

    def turn(self, queue: str) -> int:  # noqa: ARG002 - the port's signature
        """Always the first."""
        return 1

    def load(self, people: Iterable[str]) -> Mapping[str, int]:  # noqa: ARG002 - the port's signature
        """Nobody has anything."""
        return {}


def _finds_queue(row: Incoming) -> bool:
    """Whether a later row names the queue that the first one lacks."""
    return any("queue" in moment.new for moment in row.moments or ())


def _unsettled(row: Incoming) -> bool:
    """Whether somebody still has to work on it."""
    if row.moments is None:
        status = stated_status(row)
    else:
        status = next((moment.status for moment in reversed(row.moments) if moment.status), None)
    return status is None or status == UNDECIDED or status in OPEN


def _without_person(decision: Decision) -> Decision:
    answer = {name: value for name, value in decision.answer.items() if name != "assignee"}
    return msgspec.structs.replace(decision, answer=answer)


def given_out(desk: Desk, query: Query) -> Iterator[Ticket]:
    """The matching tickets for an export, agency by agency in order of number; one agency's are held at a time."""
    for _, tickets in groupby(desk.find(query), key=lambda ticket: ticket.agency):
        yield from sorted(tickets, key=lambda ticket: ticket.number)
