"""A desk on paper: what the documents promise of tickets, operations and messages, in the plainest way that serves.

A ticket is a card with one entry for each event. What it is now is what its entries that stand come to, one after the
other; so an operation that was undone needs no undoing here, its entries only do not count. Nothing is taken from the
code: the table of the verbs is that of the documents.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

OPEN = frozenset({"queued", "assigned", "in-progress", "on-hold"})
LIVE = OPEN | {"resolved"}
ANY = LIVE | {"closed", "cancelled"}
#: verb -> from which statuses (the life of a ticket).
FROM = {
    "triage": LIVE, "assign": OPEN, "start": {"queued", "assigned"}, "hold": OPEN, "resume": {"on-hold"},
    "escalate": OPEN, "return": OPEN, "diagnose": OPEN, "resolve": OPEN, "close": {"resolved"},
    "reopen": {"resolved", "closed"}, "cancel": OPEN, "merge": LIVE, "transfer": OPEN, "note": ANY, "link": ANY,
    "callback": ANY,
}  # fmt: skip
#: queue -> where it escalates incidents to, and everything else.
ABOVE = {
    "service-desk": ("apps", "process"), "network-telecom": ("apps", "process"), "apps": ("vendors", "vendors"),
    "process": ("vendors", "vendors"), "vendors": (None, None),
}  # fmt: skip
DESKS = ("service-desk", "network-telecom")
MATRIX = (("P1", "P2", "P3"), ("P2", "P3", "P4"), ("P3", "P4", "P5"))
BY_PHONE = ("P1", "P2")
ON_THE_LINE = ("phone", "walk-in", "chat")
BOUNCE_LIMIT = 2
QUIET, WINDOW = timedelta(days=3), timedelta(days=14)
TIES = {"caused-by": "causes", "child-of": "parent-of", "relates-to": "relates-to"}
#: The name of an operation that nobody has been told yet; it comes after every other.
PENDING = "~"
SETS = ("flags", "links", "cc")
SUMS = ("minutes", "handovers", "bounces")
#: Fields that nobody sees, which say what a resumed or reopened ticket goes back to.
MEMORY = ("before_hold", "before_resolved")
SWEEP = "sweep"

Message = tuple[str, int]


class NoError(Exception):
    """The desk says no: `status` is the exit status."""

    status = 4


class NotThereError(NoError):
    """What was named is not there."""

    status = 3


@dataclass
class Entry:
    """One event: the fields that it set, with what they were; entries of lists that came and went; what was added."""

    verb: str
    at: datetime
    new: dict[str, tuple[Any, Any]]
    came: dict[str, frozenset[Any]]
    went: dict[str, frozenset[Any]]
    sums: dict[str, int]
    answers: bool = False
    first_answer: bool = False
    undid: str | None = None
    cancels: bool = False
    reversed: frozenset[Any] = frozenset()
    actor: str = "me"
    op: str = PENDING

    @property
    def atoms(self) -> frozenset[Any]:
        """What two operations can disagree on: fields, entries of lists, who has the ticket, the first answer."""
        found: set[Any] = set(self.reversed)
        found |= self.new.keys() - set(MEMORY)
        for sets in (self.came, self.went):
            found |= {(name, one) for name, ones in sets.items() for one in ones}
        if found & {"status", "assignee"}:
            found.add("hands")
        if self.first_answer:
            found.add("answer")
        return frozenset(found)


@dataclass(eq=False)
class Card:
    """A ticket. `key` is empty until the desk has told it; until then links name the card itself."""

    agency: str
    subject: str
    kind: str
    channel: str | None
    requester: str | None
    desk: str
    once: str | None = None
    row: str | None = None
    key: str = ""
    answered: datetime | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def born(self) -> str:
        """The operation that opened it."""
        return self.entries[0].op


@dataclass
class Waiting:
    """A message in an outbox."""

    agency: str
    op: str
    held: bool = False


class Paper:
    """The desk."""

    def __init__(self, agencies: Iterable[str]) -> None:
        self.agencies = sorted(agencies)
        self.cards: list[Card] = []
        self.waiting: dict[Message, Waiting] = {}
        self.sent: set[Message] = set()
        #: Messages about cards that have no key yet.
        self._due: list[tuple[Card, int]] = []
        #: Whether what is due by the same command leaves as well.
        self._leaving = False

    # -- reading -----------------------------------------------------------------------------------------------

    def find(self, key: str) -> Card:
        """The card of a key."""
        for card in self.cards:
            if card.key == key:
                return card
        raise NotThereError

    def gone(self) -> set[str]:
        """The operations that are undone as things stand."""
        undid = {e.op: e.undid for card in self.cards for e in card.entries if e.undid}
        gone: set[str] = set()
        for op in sorted(undid, reverse=True):
            if op not in gone:
                gone.add(undid[op] or "")
        return gone

    def standing(self, card: Card, gone: set[str] | None = None) -> Iterator[Entry]:
        """The entries that count. An opening always does: a ticket can't be as if it had never been."""
        gone = self.gone() if gone is None else gone
        return (e for e in card.entries if e.op == card.born or e.op not in gone)

    def now(self, card: Card, gone: set[str] | None = None) -> dict[str, Any]:
        """What a ticket is."""
        found: dict[str, Any] = {name: set() for name in SETS} | dict.fromkeys(SUMS, 0)
        found |= dict.fromkeys((*MEMORY, "hold", "assignee", "cause", "resolution", "resolved_at", "closed_at"))
        answered = card.answered
        for entry in self.standing(card, gone):
            found |= {name: new for name, (_, new) in entry.new.items()}
            for name in SETS:
                found[name] = (found[name] - entry.went.get(name, frozenset())) | entry.came.get(name, frozenset())
            for name in SUMS:
                found[name] += entry.sums.get(name, 0)
            if answered is None and entry.answers:
                answered = entry.at
        return found | {"responded_at": answered, "kind": found.get("kind", card.kind)}

    def hidden(self, card: Card, gone: set[str] | None = None) -> bool:
        """Whether its opening is undone."""
        return "undone" in self.now(card, gone)["flags"]

    # -- writing -----------------------------------------------------------------------------------------------

    def _write(
        self, card: Card, verb: str, at: datetime, *, came: dict[str, Iterable[Any]] | None = None,
        went: dict[str, Iterable[Any]] | None = None, sums: dict[str, int] | None = None, answers: bool = False,
        actor: str = "me", **new: Any,
    ) -> Entry:  # fmt: skip
        now = self.now(card)
        added = {name: frozenset(ones) - now[name] for name, ones in (came or {}).items()}
        taken = {name: frozenset(ones) & now[name] for name, ones in (went or {}).items()}
        changes = {name: (now.get(name), value) for name, value in new.items() if now.get(name) != value}
        entry = Entry(
            verb, at, changes, added, taken, sums or {},
            answers, answers and now["responded_at"] is None, actor=actor,
        )  # fmt: skip
        card.entries.append(entry)
        return entry

    def _tell(self, card: Card) -> None:
        """The requester hears of the latest event, and of no earlier one of the same operation."""
        self._due = [(other, seq) for other, seq in self._due if other is not card]
        if card.requester:
            self._due.append((card, len(card.entries)))

    def name(self, card: Card, key: str) -> None:
        """The desk has told the key of a new ticket."""
        card.key = key
        for entry in (entry for other in self.cards for entry in other.entries if "links" in entry.came):
            entry.came["links"] = frozenset((how, key if end is card else end) for how, end in entry.came["links"])

    def settle(self, names: dict[str, list[str]]) -> set[str]:
        """Learn the names of the operations from the desk (`names`: key -> the name of each event's); answers the
        new ones. Messages wait from now on."""
        told = set()
        for card in self.cards:
            for entry, name in zip(card.entries, names[card.key], strict=True):
                if entry.op == PENDING:
                    entry.op = name
                    told.add(name)
        for card, seq in self._due:
            self.waiting[card.key, seq] = Waiting(card.agency, card.entries[seq - 1].op)
        self._due = []
        if self._leaving:
            self.deliver()
            self._leaving = False
        return told

    def _may(self, key: str, verb: str) -> tuple[Card, dict[str, Any]]:
        card = self.find(key)
        now = self.now(card)
        if now["status"] not in FROM[verb]:
            raise NoError
        return card, now

    # -- opening -----------------------------------------------------------------------------------------------

    def open(
        self, at: datetime, agency: str, subject: str, *, kind: str = "contact", requester: str | None = None,
        channel: str | None = None, impact: int = 3, urgency: int = 3, queue: str = "service-desk",
        person: str | None = None, once: str | None = None, settled: bool = False, close: bool = False,
        follows: str | None = None,
    ) -> None:  # fmt: skip
        """Register a ticket, perhaps one that is settled during the call."""
        if once and any(self._is_live(card) for card in self.cards if (card.agency, card.once) == (agency, once)):
            return
        earlier = self.find(follows) if follows else None
        desk = queue if queue in DESKS else "service-desk"
        card = Card(agency, subject, kind, channel, requester, desk, once)
        if channel in ON_THE_LINE:
            card.answered = at
        self._born(card, at, impact, urgency, queue, person, self._asks_back(channel, MATRIX[impact - 1][urgency - 1]))
        if earlier:
            card.entries[0].came["links"] = frozenset({("follows", earlier.key)})
            self._write(earlier, "link", at, came={"links": [("followed-by", card)]})
        if settled:
            self._resolve(card, at)
            if close:
                self._write(card, "close", at, status="closed", closed_at=at)
        self._tell(card)

    def _is_live(self, card: Card) -> bool:
        return self.now(card)["status"] in LIVE

    def _asks_back(self, channel: str | None, priority: str) -> frozenset[str]:
        quiet = channel in ON_THE_LINE or channel == "monitoring"
        return frozenset() if quiet or priority not in BY_PHONE else frozenset({"callback-required"})

    def _born(
        self, card: Card, at: datetime, impact: int, urgency: int, queue: str, person: str | None, flags: frozenset[str]
    ) -> None:  # fmt: skip
        self.cards.append(card)
        self._write(
            card, "open", at, came={"flags": flags}, subject=card.subject, impact=impact, urgency=urgency,
            kind=card.kind, priority=MATRIX[impact - 1][urgency - 1], queue=queue, assignee=person,
            status="assigned" if person else "queued",
        )  # fmt: skip

    def take_in(self, at: datetime, agency: str, rows: list[dict[str, Any]]) -> None:
        """An agency's rows of a file, those that are not known yet. Nobody is told."""
        known = {card.row for card in self.cards if not self.hidden(card)}
        for row in rows:
            if row["agency"] == agency and row["subject"] not in known:
                subject = row["subject"]
                card = Card(agency, subject, row["kind"], None, row["requester"], "service-desk", row=subject)
                times = [datetime.fromisoformat(row[name]) for name in ("opened_at", "resolved_at") if name in row]
                self._born(card, times[0] if times else at, 3, 3, "service-desk", None, frozenset())
                if times:
                    self._write(
                        card, "resolve", times[1], answers=True, status="resolved", before_resolved="queued",
                        resolved_at=times[1],
                    )  # fmt: skip

    # -- working -----------------------------------------------------------------------------------------------

    def triage(self, at: datetime, key: str, subject: str, impact: int, urgency: int) -> None:
        """Correct what describes it; P1 and P2 ask for a call-back, others do not."""
        card, now = self._may(key, "triage")
        priority = MATRIX[impact - 1][urgency - 1]
        urgent = now["priority"] in BY_PHONE, priority in BY_PHONE
        came = self._asks_back(card.channel, priority) if urgent == (False, True) else ()
        went = ["callback-required"] if not urgent[1] else ()
        self._write(
            card, "triage", at, came={"flags": came}, went={"flags": went}, subject=subject, impact=impact,
            urgency=urgency, priority=priority,
        )  # fmt: skip

    def _moved(self, card: Card, now: dict[str, Any], queue: str) -> dict[str, int]:
        """Hand-overs and bounces; the brake on ping-pong."""
        if queue == now["queue"]:
            return {}
        moved = [(e.verb, *e.new["queue"]) for e in self.standing(card) if "queue" in e.new]
        left = {old for _, old, new in moved if old not in (None, new)}
        returned = {old for verb, old, _ in moved if verb == "return"}
        if queue != card.desk and queue in returned and now["bounces"] >= BOUNCE_LIMIT:
            raise NoError
        return {"handovers": 1, "bounces": int(queue in left)}

    def assign(self, at: datetime, key: str, *, queue: str | None = None, person: str | None = None) -> None:
        """To a queue, a person, or both; what is on hold stays on hold."""
        card, now = self._may(key, "assign")
        sums = self._moved(card, now, queue) if queue else {}
        new = {"status": "assigned" if person else "queued"} if now["status"] != "on-hold" else {}
        self._write(card, "assign", at, sums=sums, assignee=person, queue=queue or now["queue"], **new)
        self._told_of_status(card)

    def _told_of_status(self, card: Card) -> None:
        if "status" in card.entries[-1].new:
            self._tell(card)

    def start(self, at: datetime, key: str, me: str) -> None:
        """Work begins; from the queue it also takes the ticket."""
        card, now = self._may(key, "start")
        taker = me if now["status"] == "queued" else now["assignee"]
        self._write(card, "start", at, answers=True, status="in-progress", assignee=taker)
        self._tell(card)

    def hold(self, at: datetime, key: str, cause: str, until: datetime | None) -> None:
        """Wait for somebody."""
        card, now = self._may(key, "hold")
        before = now["before_hold"] if now["status"] == "on-hold" else now["status"]
        self._write(card, "hold", at, status="on-hold", hold=(cause, until), before_hold=before)
        self._told_of_status(card)

    def _resumed(self, card: Card, verb: str, at: datetime, actor: str = "me", **more: Any) -> None:
        now = self.now(card)
        self._write(card, verb, at, actor=actor, status=self._back(now, "before_hold"), hold=None, **more)

    def _back(self, now: dict[str, Any], name: str) -> str:
        """The status before; whoever has no ticket any more does not get it back by that."""
        if now["assignee"] is None:
            return "queued"
        return "assigned" if now[name] == "queued" else str(now[name])

    def resume(self, at: datetime, key: str) -> None:
        """The wait is over."""
        card, _ = self._may(key, "resume")
        self._resumed(card, "resume", at)
        self._tell(card)

    def escalate(self, at: datetime, key: str) -> None:
        """To the next tier's queue for its kind."""
        card, now = self._may(key, "escalate")
        queue = ABOVE[now["queue"]][now["kind"] != "incident"]
        if queue is None:
            raise NoError
        sums = self._moved(card, now, queue)
        self._write(card, "escalate", at, sums=sums, status="queued", assignee=None, queue=queue, hold=None)
        self._told_of_status(card)

    def give_back(self, at: datetime, key: str) -> None:
        """To the desk that owns it."""
        card, now = self._may(key, "return")
        if now["queue"] == card.desk:
            raise NoError
        sums = self._moved(card, now, card.desk)
        self._write(card, "return", at, sums=sums, status="queued", assignee=None, queue=card.desk, hold=None)
        self._told_of_status(card)

    def diagnose(self, at: datetime, key: str, cause: str) -> None:
        """Record the cause."""
        card, _ = self._may(key, "diagnose")
        self._write(card, "diagnose", at, cause=cause)

    def note(self, at: datetime, key: str, minutes: int, *, public: bool = False, answer: bool = False) -> None:
        """Write something down; the requester's answer ends a wait for it."""
        card, now = self._may(key, "note")
        if answer and now["status"] == "on-hold" and now["hold"][0] == "requester":
            self._resumed(card, "note", at, sums={"minutes": minutes})
            return  # who answers is not told
        self._write(card, "note", at, sums={"minutes": minutes}, answers=public and not answer)

    def link(self, at: datetime, key: str, how: str, other: str) -> None:
        """Tie two tickets."""
        card, now = self._may(key, "link")
        end = self.find(other)
        if key == other or (how, other) in now["links"]:
            raise NoError
        self._write(card, "link", at, came={"links": [(how, other)]})
        if (TIES[how], key) not in self.now(end)["links"]:
            self._write(end, "link", at, came={"links": [(TIES[how], key)]})

    def callback(self, at: datetime, key: str, *, reached: bool) -> None:
        """Somebody called back."""
        card, _ = self._may(key, "callback")
        self._write(card, "callback", at, went={"flags": ["callback-required"] if reached else []}, answers=reached)

    # -- finishing ---------------------------------------------------------------------------------------------

    def _resolve(self, card: Card, at: datetime, minutes: int = 0) -> None:
        now = self.now(card)
        before = "queued" if now["status"] == "on-hold" else now["status"]
        self._write(
            card, "resolve", at, sums={"minutes": minutes}, answers=True, status="resolved", resolution="done",
            resolved_at=at, hold=None, before_resolved=before,
        )  # fmt: skip

    def resolve(self, at: datetime, key: str, minutes: int) -> None:
        """It works again."""
        card, _ = self._may(key, "resolve")
        self._resolve(card, at, minutes)
        self._tell(card)

    def close(self, at: datetime, key: str, actor: str = "me") -> None:
        """Accepted."""
        card, _ = self._may(key, "close")
        self._write(card, "close", at, actor=actor, status="closed", closed_at=at)
        self._tell(card)

    def reopen(self, at: datetime, key: str) -> None:
        """As before resolving, within the window."""
        card, now = self._may(key, "reopen")
        if now["status"] == "closed" and at > now["closed_at"] + WINDOW:
            raise NoError
        status = self._back(now, "before_resolved")
        self._write(card, "reopen", at, status=status, resolution=None, resolved_at=None, closed_at=None)
        self._tell(card)

    def cancel(self, at: datetime, key: str) -> None:
        """The end without a resolution."""
        card, _ = self._may(key, "cancel")
        self._write(card, "cancel", at, status="cancelled", closed_at=at, hold=None)
        self._tell(card)

    def merge(self, at: datetime, key: str, into: str) -> None:
        """A duplicate ends; the other takes requester, minutes and link."""
        card, end = self.find(key), self.find(into)
        if key == into:
            raise NoError
        now, _ = self._may(into, "merge")[1], self._may(key, "merge")
        ending = self.now(card)
        people = {p for p in (card.requester, *ending["cc"]) if p and p != end.requester} - now["cc"]
        self._write(
            card, "merge", at, came={"links": [("duplicate-of", into)]}, status="cancelled", closed_at=at, hold=None
        )
        self._tell(card)
        self._write(
            end,
            "merge",
            at,
            came={"cc": people, "links": [("duplicated-by", key)]},
            sums={"minutes": ending["minutes"]},
        )

    def transfer(self, at: datetime, key: str, agency: str) -> None:
        """It goes on under a new key in the other agency."""
        if key.startswith(f"{agency}-"):
            raise NoError
        card, now = self._may(key, "transfer")
        new = Card(agency, now["subject"], now["kind"], card.channel, card.requester, "service-desk")
        new.answered = now["responded_at"] or (at if card.channel in ON_THE_LINE else None)
        self._born(new, at, now["impact"], now["urgency"], "service-desk", None, frozenset(now["flags"]))
        new.entries[0].came |= {"links": frozenset({("transferred-from", key)}), "cc": frozenset(now["cc"])}
        self._tell(new)
        self._write(
            card, "transfer", at, came={"links": [("transferred-to", new)]}, status="cancelled", closed_at=at, hold=None
        )
        self._tell(card)

    # -- taking back -------------------------------------------------------------------------------------------

    def latest(self) -> str | None:
        """My latest operation that stands and is no undo."""
        gone = self.gone()
        mine = {e.op for card in self.cards for e in card.entries if not e.undid and e.actor == "me"}
        return max(mine - gone, default=None)

    def undo(self, at: datetime, op: str | None) -> None:
        """A whole operation, or nothing of it."""
        op = op or self.latest()
        touched = [card for card in self.cards if any(e.op == op for e in card.entries)]
        if op is None or not touched:
            raise NotThereError
        gone = self.gone()
        if op in gone or any(self._in_the_way(card, op, gone) for card in touched):
            raise NoError
        before = {id(card): self.now(card) for card in touched}
        for card in touched:
            self._take_back(card, op, at)
        self._recall(op, touched, before)

    def _in_the_way(self, card: Card, op: str, gone: set[str]) -> bool:
        """Whether somebody changed the same since, or what the lifecycle would not have allowed without it."""
        mine = [e for e in card.entries if e.op == op]
        after = card.entries[card.entries.index(mine[0]) :]
        later = [e for e in after if e.op != op and e.op not in gone and (e.cancels or not e.undid)]
        if card.born == op:
            return any(not e.undid for e in later)
        if self._taken(card, mine):
            return True
        atoms = frozenset[Any]().union(*(e.atoms for e in mine))
        before = next((e.new["status"][0] for e in mine if "status" in e.new), None)
        if mine[0].undid:
            before = None if "status" not in atoms else self._before_undo(card, mine[0])
        return any(
            e.atoms & atoms or (before and "status" in atoms and before not in FROM.get(e.verb, ANY)) for e in later
        )

    def _before_undo(self, card: Card, undo: Entry) -> str:
        """The status that a ticket had before an undo: what it goes back to when that is undone."""
        earlier = Card(card.agency, card.subject, card.kind, card.channel, card.requester, card.desk)
        earlier.entries = card.entries[: card.entries.index(undo)]
        undid = {e.op: e.undid for c in self.cards for e in c.entries if e.undid and e.op < undo.op}
        gone: set[str] = set()
        for op in sorted(undid, reverse=True):
            if op not in gone:
                gone.add(undid[op] or "")
        return str(self.now(earlier, gone)["status"])

    def _taken(self, card: Card, mine: list[Entry]) -> bool:
        """Whether a ticket would come back whose identity another one has by now."""
        comes_back = card.once and any(e.cancels for e in mine)
        return bool(comes_back) and any(
            other is not card and (other.agency, other.once) == (card.agency, card.once) and self._is_live(other)
            for other in self.cards
        )

    def _take_back(self, card: Card, op: str, at: datetime) -> None:
        mine = [e for e in card.entries if e.op == op]
        if card.born == op:
            entry = self._write(
                card, "undo", at, came={"flags": ["undone"]}, status="cancelled", closed_at=at, hold=None
            )
            entry.cancels = True
        else:
            entry = self._write(card, "undo", at)
            entry.reversed = frozenset[Any]().union(*(e.atoms for e in mine)) - {"answer"}
        entry.undid = op

    def _recall(self, op: str, touched: list[Card], before: dict[int, dict[str, Any]]) -> None:
        """What still waits is taken back; who never heard of it hears nothing of its being undone."""
        agencies = {card.agency for card in touched}
        back = {m for m, waits in self.waiting.items() if waits.op == op and waits.agency in agencies}
        unheard = {key for key, _ in back}
        for message in back:
            del self.waiting[message]
        for card in touched:
            imported = card.row and card.born == op
            if self.now(card)["status"] != before[id(card)]["status"] and card.key not in unheard and not imported:
                self._tell(card)

    # -- time and messages -------------------------------------------------------------------------------------

    def sweep(self, at: datetime, agency: str) -> None:
        """What is due by now in an agency."""
        for card in [card for card in self.cards if card.agency == agency]:
            now = self.now(card)
            last = card.entries[-1].at
            if now["status"] == "on-hold" and now["hold"][1] and now["hold"][1] <= at:
                self._resumed(card, "resume", max(last, now["hold"][1]), SWEEP)
                self._tell(card)
            elif now["status"] == "resolved" and last + QUIET <= at:
                self.close(at, card.key, SWEEP)

    def deliver(self) -> None:
        """Everything that waits leaves, and what the same command caused."""
        self._leaving = True
        for message in [message for message, waits in self.waiting.items() if not waits.held]:
            del self.waiting[message]
            self.sent.add(message)

    def about(self, key: str) -> list[Message]:
        """The messages about a ticket that have not left."""
        return [message for message in self.waiting if message[0] == key]

    def withhold(self, key: str, how: str) -> None:
        """Hold, release or recall what waits about a ticket."""
        if not self.about(key):
            raise NotThereError
        for message in self.about(key):
            if how == "recall":
                del self.waiting[message]
            else:
                self.waiting[message].held = how == "hold"

    def restored(self, then: "Paper") -> None:
        """The desk goes back to what it was, but for what was told: that stays told. What was taken back since then is
        held for somebody to look at."""
        versions = {card.key: len(card.entries) for card in then.cards}
        sent = {(key, seq) for key, seq in self.sent | then.sent if seq <= versions.get(key, 0)}
        waiting = {}
        for message, waits in then.waiting.items():
            if message in self.waiting:
                waiting[message] = self.waiting[message]
            elif message not in sent:
                waiting[message] = Waiting(waits.agency, waits.op, held=True)
        self.cards, self.waiting, self.sent = then.cards, waiting, sent
