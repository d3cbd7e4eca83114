"""Past tickets through changed rules: what would have been decided otherwise, and would it have been right?

Each ticket is taken back to what was known when it was opened (`domain/rehearsal.py`) and decided anew. Was it right?
The queue that resolved the ticket in the end is the truth that its first queue is held against. Nothing is saved.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.opening import classify
from csctool.desk.ports import Decisions, Question
from csctool.desk.retelling import Lines, Retelling
from csctool.domain.organisation import DeskSettings
from csctool.domain.query import Query
from csctool.domain.rehearsal import Outcome, lived_on, opening, outcome
from csctool.domain.ticket import Decision, Stamp, Ticket
from csctool.errors import UsageError

#: What is compared; `queue` is the first queue.
COMPARED = ("category", "kind", "service", "priority", "queue")
#: What is counted; a message that would be sent, or would not be, is a change from or to nothing.
COUNTED = (*COMPARED, "messages")
#: So many tickets are named for each change.
EXAMPLES = 3
#: So many tickets pass between two words about progress.
STEP = 2_000


#: What was answered, in that order.
Answers = tuple[str | None, str, str | None, str, str | None]


class Decided(msgspec.Struct, frozen=True):
    """A ticket as rules and plugins decided it, and how they came to it."""

    ticket: Ticket
    decisions: tuple[Decision, ...]


class Change(msgspec.Struct):
    """One way in which a decision differs: from what, to what, how often, for instance where."""

    decision: str
    old: str | None = msgspec.field(name="from")
    new: str | None = msgspec.field(name="to")
    tickets: int = 0
    examples: list[str] = msgspec.field(default_factory=list)


class Luck(msgspec.Struct):
    """How well tickets were placed: of `resolved` tickets, so many came first to the queue that resolved them (`hits`).

    `handovers` and `bounces` are sums over the same tickets. `hit_rate` is per cent of `resolved`.
    """

    resolved: int = 0
    hits: int = 0
    hit_rate: float | None = None
    handovers: int = 0
    bounces: int = 0


class Replay(msgspec.Struct):
    """What a replay found. `skipped` tickets have no history to go back in; `keys` are those that differ."""

    tickets: int = 0
    differ: int = 0
    skipped: int = 0
    changed: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    changes: list[Change] = msgspec.field(default_factory=list)
    before: Luck = msgspec.field(default_factory=Luck)
    after: Luck = msgspec.field(default_factory=Luck)
    keys: list[str] = msgspec.field(default_factory=list)


def replay(
    desk: Desk, query: Query, *, ask: Collection[str] = (), current: Desk | None = None, tried: Collection[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Replay:  # fmt: skip
    """Decide past tickets anew. `desk` is wired with the changed rules, and with the plugins that are `tried`.

    What comes out is held against what really happened, or, where `current` is given, against what that desk's rules
    answer now. Raises UsageError for a tried plugin that is not in order: its answers would be somebody else's.
    """
    tally = _Tally(desk.settings)
    new, old = Retelling(desk), Retelling(current or desk)
    for one in (desk, current):
        if one is not None:
            one.brace(query.agencies or desk.directory.keys())
    sound: set[str] = set()
    for ticket in desk.find(query):
        if tried and ticket.agency not in sound:
            _in_order(desk.decisions(ticket.agency), tried)
            sound.add(ticket.agency)
        before = opening(ticket, ask)
        if before is None:
            tally.result.skipped += 1
            continue
        happened = outcome(ticket)
        would = rehearsed(desk, before.draft, before.given, before.at, before.queue).ticket
        if current is None:
            was: Answers = (happened.category, happened.kind, happened.service, happened.priority, happened.first)
            since = old.since(ticket.agency)
            told = (old.told(ticket), new.telling(ticket, would, since)) if since else ({}, {})
        else:
            did = rehearsed(current, before.draft, before.given, before.at, before.queue).ticket
            was = _answers(did)
            told = old.telling(ticket, did), new.telling(ticket, would)
        tally.add(ticket.key, was, _answers(would), happened, told)
        if tally.result.tickets % STEP == 0:
            progress(tally.result.tickets)
    return tally.finished()


def _in_order(decisions: Decisions, tried: Collection[str]) -> None:
    for plugin in decisions.plugins():
        if plugin.name in tried and plugin.wrong:
            raise UsageError(f"{plugin.name} can't be tried: {plugin.wrong[0]}", "csctool plugin check tells more")


def _answers(ticket: Ticket) -> Answers:
    return ticket.category, ticket.kind, ticket.service, ticket.priority, ticket.queue


def rehearsed(desk: Desk, draft: Ticket, given: Mapping[str, Any], at: datetime, queue: str | None = None) -> Decided:
    """A draft decided as `open` would decide it, by nobody's turn and without a trace."""
    decided, decisions = classify(desk, draft, Stamp("", at, ""), given)
    if queue is None:
        verdict = desk.decisions(draft.agency).route(Question(decided, at), Unstaffed())
        queue = verdict.answer.get("queue") or desk.settings.default_queue
        decided = msgspec.structs.replace(decided, assignee=verdict.answer.get("assignee"))
        decisions += [verdict.decision] if verdict.decision else []
    return Decided(msgspec.structs.replace(decided, queue=queue), tuple(decisions))


class Unstaffed:
    """Automatic assignment in a rehearsal: always the first's turn, nobody has work. Implements `ports.Staffing`."""

    def turn(self, queue: str) -> int:  # noqa: ARG002 - the port's signature
        """Nobody's turn is used up."""
        return 1

    def load(self, people: Iterable[str]) -> Mapping[str, int]:  # noqa: ARG002 - the port's signature
        """Nobody has anything."""
        return {}


class _Tally:
    """Counts while tickets pass."""

    def __init__(self, settings: DeskSettings) -> None:
        self.result = Replay()
        self._changes: dict[tuple[str, str | None, str | None], Change] = {}
        self._titles = {queue.title.casefold(): name for name, queue in settings.queues.items() if queue.title}
        self._places: dict[str | None, str | None] = {None: None, **{name: name for name in settings.queues}}

    def add(self, key: str, was: Answers, would: Answers, happened: Outcome, told: tuple[Lines, Lines]) -> None:
        """One more ticket: as it was (or would be now), as it would be, and as it really went on; and its messages."""
        result = self.result
        result.tickets += 1
        was = (*was[:-1], self._place(was[-1]))
        if was != would or told[0].keys() != told[1].keys():
            result.differ += 1
            result.keys.append(key)
            for name, old, new in zip(COMPARED, was, would, strict=True):
                if old != new:
                    self._change(name, old, new, key)
            self._messages(*told, key)
        if happened.resolver is not None:
            real = self._place(happened.first), self._place(happened.resolver)
            self._luck(result.before, happened, real, was[-1])
            self._luck(result.after, happened, real, would[-1])

    def finished(self) -> Replay:
        """The result, the commonest change first."""
        order = {name: at for at, name in enumerate(COUNTED)}
        found = sorted(self._changes.values(), key=lambda change: (order[change.decision], -change.tickets))
        self.result.changes = found
        for luck in (self.result.before, self.result.after):
            luck.hit_rate = round(100 * luck.hits / luck.resolved, 1) if luck.resolved else None
        return self.result

    def _messages(self, was: Lines, would: Lines, key: str) -> None:
        """Each kind of message once a ticket, however many people it goes to."""
        gone = {was[one]: None for one in was if one not in would}
        new = {would[one]: None for one in would if one not in was}
        for text in gone:
            self._change("messages", text, None, key)
        for text in new:
            self._change("messages", None, text, key)

    def _change(self, decision: str, old: str | None, new: str | None, key: str) -> None:
        self.result.changed[decision] += 1
        change = self._changes.setdefault((decision, old, new), Change(decision, old, new))
        change.tickets += 1
        if len(change.examples) < EXAMPLES:
            change.examples.append(key)

    def _luck(self, luck: Luck, happened: Outcome, real: tuple[str | None, str | None], first: str | None) -> None:
        luck.resolved += 1
        luck.hits += first == real[1]
        handovers, bounces = lived_on(happened, real, first)
        luck.handovers += handovers
        luck.bounces += bounces

    def _place(self, queue: str | None) -> str | None:
        """A queue by its name on this desk: an imported one may stand there by its title."""
        if queue not in self._places:
            self._places[queue] = self._titles.get((queue or "").casefold(), queue)
        return self._places[queue]
