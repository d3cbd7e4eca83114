"""What the desk needs of the world: a store, a clock, decisions. Adapters implement these; nothing here is concrete."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from csctool.desk.ports.letters import Enough as Enough
from csctool.desk.ports.letters import Letter as Letter
from csctool.desk.ports.letters import Outcome as Outcome
from csctool.desk.ports.letters import Post as Post
from csctool.desk.ports.letters import Told as Told
from csctool.desk.ports.letters import Wording as Wording
from csctool.domain.agenda import Agenda
from csctool.domain.notice import Delivery, Notice
from csctool.domain.organisation import AgencySettings, DeskSettings, Rules
from csctool.domain.query import Query
from csctool.domain.ticket import Decision, Event, Ticket
from csctool.errors import CscError

if TYPE_CHECKING:  # what only a few commands use is not loaded for the others
    from csctool.domain.audit import Gap, Sealed
    from csctool.domain.keeping import Backup, Restored
    from csctool.domain.rehearsal import Expectation
    from csctool.domain.rulecheck import Finding
    from csctool.domain.undoing import Traced


class Clock(Protocol):
    """What time it is: UTC, whole seconds. Frozen by `--now`."""

    def __call__(self) -> datetime:
        """Now."""


class Unit(Protocol):
    """One unit of work: what it put is saved together when its `with` block ends well, and not at all otherwise."""

    def discard(self) -> None:
        """Save nothing at the end, whatever was put: a dry run."""

    def get(self, key: str) -> Ticket:
        """The ticket as this unit sees it, archived or not. Raises NotFoundError."""

    def put(self, ticket: Ticket) -> None:
        """Stage a new or changed ticket, live or finished."""

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets as this unit sees them, in no order; `query.agencies` lies within the unit's."""

    def traces(self, agency: str, op: str, since: datetime) -> list[Ticket]:
        """Every ticket of the agency with an event of that operation as this unit sees them, archived and undone ones
        too. It was not begun before `since` (a real time): what was not written since then may be left out. A store may
        answer with more."""

    def once(self, agency: str, identity: str) -> Ticket | None:
        """The live ticket that was opened with that `--once` identity."""

    def count(self, agency: str, counter: str) -> int:
        """Raise a counter of the agency by one and return it: `number` for tickets, `turn:QUEUE` for round-robin."""

    def raise_to(self, agency: str, counter: str, least: int) -> int:
        """Make a counter at least this much (an import brought numbers of its own) and return it."""

    def identities(self, agency: str) -> Iterator[tuple[str, Ticket]]:
        """Every imported identity of the agency with its ticket, archives included."""

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the calendars in which the agency was ever promised something, by digest."""

    def keep_calendar(self, agency: str, digest: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition for ever, with what this unit saves."""

    def outbox(self, agency: str) -> list[Notice]:
        """The agency's outbox as this unit sees it, in the order in which its notices came."""

    def post(self, agency: str, notices: Iterable[Notice]) -> None:
        """Put notices into the agency's outbox; one that is there already, by its identity, is replaced."""

    def drop(self, agency: str, ids: Collection[str]) -> None:
        """Take notices out of the agency's outbox; those that are not there are no mistake."""


class Store(Protocol):
    """Where tickets live. Every store passes the contract suite in `tests/storage/test_contract.py`."""

    def agencies(self) -> list[str]:
        """The keys of the agencies that have a place here, sorted; those that may not be read are in `skipped`."""

    def create(self, agency: str, group: str | None = None) -> None:
        """Make the agency's place, readable by the Unix group when one is given. Doing it twice changes nothing."""

    def get(self, key: str) -> Ticket:
        """One ticket, archived or not. Raises NotFoundError, DamagedError, NotPermittedError."""

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets, agency by agency, each agency seen at one moment; in no order within it.

        Without `query.agencies` all agencies are asked; one that can't be read is left out and told in `troubles`.
        """

    def traces(self, *wanted: tuple[Literal["op", "actor", "via"], str]) -> "Iterator[Traced]":
        """The tickets with an event in whose operation's name one of these texts stands, or whose actor or `via` it is,
        archived and undone ones too: in batches, what was written last first. A store may answer with more tickets, and
        with a ticket twice: its higher version counts. Agencies that can't be read are left out and told in `troubles`.
        """

    def unit(self, *agencies: str) -> AbstractContextManager[Unit]:
        """A unit of work over these agencies, holding their locks. Raises BusyError when one is not free in time."""

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the calendars in which the agency was ever promised something, by digest."""

    def sealed(self, agency: str) -> "Iterator[Sealed]":
        """Every ticket of the agency, archived and undone ones too, with the seals of its events (see domain.audit)."""

    def counter(self, agency: str, counter: str) -> int:
        """Where a counter of the agency stands; `number` is the highest ticket number that was ever given out."""

    def gaps(self, agency: str) -> "list[Gap]":
        """Numbers of the agency without tickets: a restore or a repair lost them, or an import passed them over."""

    def archive(self, agency: str) -> int:
        """Move finished tickets to the archive of the month in which they ended; returns how many moved. Idempotent."""

    def archivable(self, agency: str) -> int:
        """How many tickets `archive` would move now."""

    def outbox(self, agency: str) -> list[Notice]:
        """What waits in the agency's outbox, held and given up ones too, in the order in which it came."""

    def reading(self, agency: str) -> "Reading":
        """The agency as it stands at this moment, for whoever looks at its outbox and at many of its tickets."""

    def delivering(self, agency: str) -> "AbstractContextManager[Ledger | None]":
        """The right to deliver the agency's notices, with the ledger; None while another process has it. Not the
        lock."""

    def deliveries(self, agency: str, since: datetime | None = None) -> Iterator[Delivery]:
        """What was delivered, in its order; all that is on record without `since`."""

    def agenda(self, agency: str) -> Agenda | None:
        """What the agency's live tickets and outbox wait for, without a look at them; None where only they can tell."""

    def troubles(self) -> list[CscError]:
        """What was left out since the last call (unreadable or damaged agencies), and forgets it."""


class Reading(Protocol):
    """An agency at one moment: what is changed later is not seen."""

    def outbox(self) -> list[Notice]:
        """Its outbox, in the order in which notices came."""

    def ticket(self, key: str) -> Ticket:
        """One of its tickets, archived or not. Raises NotFoundError, DamagedError."""


class Ledger(Protocol):
    """The record of an agency's deliveries, in the hand of the one who delivers."""

    def known(self, ids: Collection[str]) -> set[str]:
        """Which of these notices, that stand in the outbox, were delivered before."""

    def expect(self, deliveries: Collection[Delivery]) -> None:
        """Make room for records like these before anything is sent: what can't be recorded would be sent again and
        again. Raises StorageError, NotPermittedError."""

    def note(self, delivery: Delivery) -> None:
        """Record one: from here on it survives the end of this process. Raises StorageError."""

    def settle(self) -> None:
        """Bring what was recorded to the disk: from here on it survives the end of the machine. Raises
        StorageError."""


class Symptom(msgspec.Struct, frozen=True):
    """What a look at the desk found: `damage` (something is lost or can't be read), `warning` (somebody should act) or
    `note` (worth knowing), where, and what to do."""

    level: Literal["damage", "warning", "note"]
    agency: str | None
    path: str
    message: str
    advice: str


class Repair(msgspec.Struct, frozen=True):
    """What was saved of a damaged file: how many tickets are intact, the keys of those that are one change `older` than
    they were and of those that are `lost`, the number at which new ones go on when the counter was lost (else 0), and
    where the original is `kept` (empty when there was none). `clocks` are the keys of intact tickets for the state of
    whose clocks nothing vouches."""

    agency: str
    path: str
    why: str
    kept: str
    intact: int
    older: list[str]
    lost: list[str]
    gap: int = 0
    clocks: list[str] = []


class Examined(Protocol):
    """A store that can be looked at for damage, and repaired."""

    def agencies(self) -> list[str]:
        """The keys of the agencies that may be read."""

    def troubles(self) -> list[CscError]:
        """What was left out."""

    def examine(self, agency: str, now: datetime) -> list[Symptom]:
        """What is wrong or odd in an agency's files. Changes nothing."""

    def repair(self, agency: str, *, dry_run: bool) -> list[Repair]:
        """Save what can be saved of damaged files, and keep the originals. Raises BusyError, StorageError."""

    def surroundings(self) -> list[Symptom]:
        """What speaks against the place where the store lies."""


class Question(msgspec.Struct, frozen=True):
    """What is asked of rules and plugins: frozen values only, never the store.

    `ticket` is the ticket as it would stand (with its final key), `change` the proposed new fields, `verb` what is
    being done, `reason` what the technician said.
    """

    ticket: Ticket
    now: datetime
    verb: str = "open"
    change: Mapping[str, Any] = {}
    reason: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The first answer to a question and the record of how it came about; no answer is an empty mapping."""

    answer: Mapping[str, Any] = {}
    decision: Decision | None = None


class Staffing(Protocol):
    """What automatic assignment needs to know, looked up only by a queue that assigns."""

    def turn(self, queue: str) -> int:
        """How many tickets the queue has handed out before this one, this one included."""

    def load(self, people: Iterable[str]) -> Mapping[str, int]:
        """Open tickets per person."""


class Plugged(msgspec.Struct, frozen=True):
    """A plugin as the host sees it: where it is enabled, what it answers, what is wrong, how long it took so far.

    `seconds` is the time of all its `calls`, both ways included; `hints` are no failures, but hardly meant.
    """

    layer: str
    name: str
    version: str | None
    hooks: tuple[str, ...]
    wrong: tuple[str, ...]
    hints: tuple[str, ...] = ()
    calls: int = 0
    seconds: float = 0.0


class Decisions(Protocol):
    """Those who are asked for one agency: its plugins, its rules, desk plugins, desk rules, built-in; in that order."""

    def prepare(self) -> None:
        """Make ready, before a lock is taken. Costs nothing where nobody runs in a process of his own."""

    def categorize(self, question: Question) -> Verdict:
        """`category`, and perhaps `kind` and `service`."""

    def prioritize(self, question: Question) -> Verdict:
        """`priority`, and `impact` and `urgency` where the answer named them."""

    def validate(self, question: Question) -> list[str]:
        """Every objection of everybody."""

    def route(self, question: Question, staffing: Staffing) -> Verdict:
        """`queue`, and perhaps `assignee`."""

    def staffed(self, question: Question, staffing: Staffing) -> Verdict:
        """`assignee`, where the queue that the ticket is in assigns by itself."""

    def escalate(self, question: Question) -> Verdict:
        """`queue`, or `lead` for a hierarchic escalation."""

    def notify(self, event: Event, question: Question) -> list[Told]:
        """What everybody wants told about an event; the question holds the ticket after it."""

    def deliver(self, letter: Letter, subject: str, text: str) -> Outcome | None:
        """Offer a letter to the plugins, whose transport is none of csctool's; None when it is nobody's."""

    def silent(self) -> bool:
        """Whether nobody is asked who is told: then no event need be looked at."""

    def plugins(self) -> list[Plugged]:
        """The Python that is asked, in its order."""

    def changed(self, event: Event, question: Question) -> None:
        """Tell who wants to know that an event has been saved. Nobody can refuse it any more."""

    def unrecorded(self, key: str) -> tuple[Decision, ...]:
        """Who failed while this ticket was asked about and stands in no verdict, as decisions for its history."""

    def failures(self) -> list[CscError]:
        """Plugins that failed since the last call, and forgets them."""


class Directory(Protocol):
    """Which agencies there are and what each has of its own."""

    def keys(self) -> list[str]:
        """The keys of all agencies, sorted."""

    def agency(self, key: str) -> AgencySettings:
        """One agency's settings. Raises NotFoundError, with the nearest known key."""

    def require(self, key: str) -> None:
        """Raise what `agency` raises for an agency that is not there, without a look at its settings."""

    def of_domain(self, domain: str) -> str | None:
        """The agency that lists an e-mail domain."""

    def rules_of(self, agency: str | None, desk: DeskSettings) -> "tuple[Rules, list[Finding]]":
        """The rules of an agency, or of the desk, and what is wrong with those that can't be used on this desk.

        Raises SettingsError for a file that is no TOML.
        """

    def expectations(self, path: str) -> "list[Expectation]":
        """What an agency expects of its rules. Raises SettingsError, NotFoundError."""

    def statutory(self, region: str) -> Callable[[int], Collection[date]]:
        """The public holidays of a region (`US-IL`) by year. Raises SettingsError for an unknown region."""

    def policies(self, settings: DeskSettings, path: str) -> DeskSettings:
        """The settings with the `sla`, `ola` and `calendars` of a file: policies and contracts in the place of the
        desk's, calendars added to them. Raises SettingsError, NotFoundError."""

    def add_agency(self, key: str, name: str, more: Mapping[str, Any] | None = None) -> None:
        """Write the settings of a new agency, whose place the store has made; `more` sets what else is known of it.

        Raises RefusedError when it exists.
        """

    def idle_plugins(self, key: str) -> list[tuple[str, str]]:
        """(file, entry that would enable it) of the plugin files that an agency has and does not enable."""

    def add_plugin(self, key: str, name: str, *, dry_run: bool = False) -> str:
        """Write an agency's plugin file that works, and enable it; answers its path. Raises RefusedError."""

    def add_entry(self, section: str, key: str, values: Mapping[str, Any], *, dry_run: bool = False) -> None:
        """Add a named table (`queues`, `people`) to the desk's settings, checked as a whole before it counts."""


class Restoring(Protocol):
    """A restore that is ready: everything is checked and lies beside the desk, whose writers wait."""

    def seen(self) -> "Restored":
        """What it would do."""

    def commit(self) -> "Restored":
        """Put it in the place of what is there, in one step. Raises StorageError, NotPermittedError."""


class Keeper(Protocol):
    """Where a desk's backups are made and read."""

    def back_up(self, path: str, made_at: datetime, *, force: bool, dry_run: bool) -> "Backup":
        """Write a consistent copy of the whole desk to a file (`-`: stdout), which appears when it is whole. What could
        not be read is told in `troubles`. Raises RefusedError when the file is there, BusyError, StorageError."""

    def look(self, path: str) -> "Backup":
        """Read a backup to its end, and say what it holds. Raises DamagedError, RefusedError, NotFoundError."""

    def restoring(
        self, path: str, agency: str | None, at: datetime, *, dry_run: bool
    ) -> AbstractContextManager[Restoring]:
        """Make ready to restore a backup, or one agency of it. Raises what `look` raises, BusyError, NotPermittedError,
        NotFoundError for an agency that is not in it, RefusedError for a directory that is neither empty nor a desk."""

    def troubles(self) -> list[CscError]:
        """What was left out, and forgets it."""
