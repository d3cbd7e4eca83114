"""The organisation that a desk serves, as its settings tell it: tiers, queues, services, people, promises, rules.

Names, types and defaults of every setting stand here; `settings/` reads the files into these values.
"""

from datetime import date
from typing import Any, Literal

import msgspec

Days = dict[str, list[str]]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a settings file: unknown keys are refused."""


class Tier(Section, frozen=True):
    """A support line; the order in the file is the order of escalation."""

    name: str
    title: str = ""


class Queue(Section, frozen=True):
    """A group that takes tickets. `kinds` empty means it handles every kind."""

    tier: str
    title: str = ""
    desk: bool = False
    owner: str | None = None
    members: tuple[str, ...] = ()
    lead: str | None = None
    kinds: tuple[str, ...] = ()
    escalates_to: str | dict[str, str] = ""
    assign: Literal["none", "round-robin", "least-loaded"] = "none"

    def next_for(self, kind: str) -> str | None:
        """The queue that takes an escalated ticket of this kind; None when none is named."""
        if isinstance(self.escalates_to, str):
            return self.escalates_to or None
        return self.escalates_to.get(kind) or self.escalates_to.get("default")


class Service(Section, frozen=True):
    """An entry of the catalogue: who supports it, or where to refer people whom nobody here supports."""

    title: str = ""
    desk: str | None = None
    supported: bool = True
    aliases: tuple[str, ...] = ()
    refer_to: str | None = None


class Person(Section, frozen=True):
    """Somebody who works tickets; `user` is the Unix user, else the key; `away` holds dates and A..B ranges.

    Messages come in the person's `locale` and `timezone` (the desk's when left out) and not in the hours that are
    `quiet`: an interval of the day, a calendar's name, or `closed` for whenever the person's own `calendar` is closed.
    """

    name: str = ""
    email: str | None = None
    user: str | None = None
    roles: tuple[str, ...] = ("csr",)
    away: tuple[str, ...] = ()
    locale: str | None = None
    timezone: str | None = None
    calendar: str | None = None
    quiet: str | None = None

    def is_away(self, day: date) -> bool:
        """Whether one of the `away` ranges holds the day."""
        return any(first <= day <= last for first, last in map(days, self.away))


def days(text: str) -> tuple[date, date]:
    """`2026-12-24..2027-01-02`, or one date, as (first, last), both included. Raises ValueError for anything else."""
    first, _, last = text.partition("..")
    found = date.fromisoformat(first), date.fromisoformat(last or first)
    if found[1] < found[0]:
        raise ValueError(f"{text!r} ends before it begins")
    return found


class Priorities(Section, frozen=True):
    """Rows impact 1-3, columns urgency 1-3; `phone` lists the priorities that are handled by phone."""

    matrix: tuple[tuple[str, ...], ...] = (("P1", "P2", "P3"), ("P2", "P3", "P4"), ("P3", "P4", "P5"))
    phone: tuple[str, ...] = ("P1", "P2")

    def of(self, impact: int, urgency: int) -> str:
        """The priority of an impact and an urgency, each 1 to 3."""
        return self.matrix[impact - 1][urgency - 1]


class CalendarTable(Section, frozen=True):
    """Opening hours in a time zone (the desk's when left out)."""

    hours: str | Days = msgspec.field(default_factory=dict)
    timezone: str | None = None
    holidays: tuple[str, ...] = ()
    statutory: str | None = None
    exceptions: dict[str, list[str]] = {}


class Target(Section, frozen=True):
    """What is promised for one kind and priority, as durations."""

    respond: str | None = None
    resolve: str | None = None
    calendar: str | None = None


class SlaPolicy(Section, frozen=True):
    """Targets per kind and priority; `warn_at` in per cent of the target, `pauses` the holds that stop the clock."""

    calendar: str | None = None
    warn_at: int = 75
    pauses: tuple[str, ...] = ("requester", "approval")
    contact: dict[str, Target] = {}
    incident: dict[str, Target] = {}
    request: dict[str, Target] = {}
    information: dict[str, Target] = {}
    new_service: dict[str, Target] = msgspec.field(default_factory=dict, name="new-service")
    complaint: dict[str, Target] = {}
    change: dict[str, Target] = {}
    problem: dict[str, Target] = {}
    default: dict[str, Target] = {}


class Lifecycle(Section, frozen=True):
    """Windows and limits of a ticket's life."""

    close_after: str = "3wd"
    reopen_within: str = "14d"
    bounce_limit: int = 2
    resolution_codes: tuple[str, ...] = ("solved", "workaround", "no-fault-found", "by-requester")
    cancel_codes: tuple[str, ...] = ("withdrawn", "not-supported", "duplicate")


class AutoEscalation(Section, frozen=True):
    """What the sweep does besides telling, when a promise is about to be broken or is: an empty list asks nothing."""

    on: Literal["warn", "breach"] = "breach"
    how: Literal["functional", "hierarchic"] = "hierarchic"
    clocks: tuple[str, ...] = ("resolution",)
    kinds: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


class Sweep(Section, frozen=True):
    """What cron's `csctool sweep` does by itself. The first escalation that fits an alarm is made."""

    escalate: tuple[AutoEscalation, ...] = ()


class Notify(Section, frozen=True):
    """Who is told, when, and how messages are delivered.

    While no `transport` is named, rules must name one and the default rules tell nobody. `defaults`: whether the
    default rules are asked, or which of them. `quiet` holds for everybody who says nothing else; `delay` is how long
    each message can be taken back. Of the same event of the same ticket one letter goes out within `merge`; what
    exceeds `letters_per_hour` to one recipient is told together. These two are 5m and 30 where a transport is named;
    else what rules ask for is told each by itself.

    `deliver`: by the next sweep, or `at-once` by a process that nobody waits for. A message that failed is tried again
    with growing pauses until `give_up` has passed in them. Who is answered by mail more than `answers_per_hour` times
    within an hour is most likely a program that answers back.
    """

    transport: str | None = None
    defaults: bool | tuple[str, ...] = True
    quiet: str = ""
    delay: str = "0s"
    merge: str | None = None
    letters_per_hour: int | None = None
    deliver: Literal["sweep", "at-once"] = "sweep"
    give_up: str = "3d"
    answers_per_hour: int = 10


class AgencyNotify(Section, frozen=True):
    """What an agency wants otherwise than the desk: by which transport, which default rules, and for its clients and
    contacts the hours that are quiet and the delay."""

    transport: str | None = None
    defaults: bool | tuple[str, ...] | None = None
    quiet: str | None = None
    delay: str | None = None


class DeskSettings(Section, frozen=True):
    """csctool.toml. `fiscal_year` is the month and day on which the fiscal year begins.

    `locale` is the language of the desk's people, and of agencies that name none. `settings` holds what desk-wide
    plugins are told, by plugin; `permissions` rows in place of the defaults of the table of who may.
    """

    format: int = 1
    name: str = "Service Desk"
    timezone: str = "UTC"
    locale: str = "en"
    fiscal_year: str = "01-01"
    default_queue: str = "service-desk"
    home_agency: str = "CSC"
    plugins: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = (Tier("1"), Tier("2"), Tier("3", "Vendors"))
    queues: dict[str, Queue] = {}
    services: dict[str, Service] = {}
    people: dict[str, Person] = {}
    priorities: Priorities = Priorities()
    calendars: dict[str, CalendarTable] = {}
    sla: dict[str, SlaPolicy] = {}
    ola: dict[str, Target] = {}
    lifecycle: Lifecycle = Lifecycle()
    sweep: Sweep = Sweep()
    notify: Notify = Notify()
    #: name -> one of `domain.transports`, which only a desk that says something of them loads.
    transports: dict[str, Any] = {}
    permissions: dict[str, tuple[str, ...]] = {}
    settings: dict[str, dict[str, Any]] = {}

    def zone_of(self, agency: "AgencySettings") -> str:
        """The IANA name of the time zone that an agency works in: its calendar's, else the desk's."""
        table = self.calendars.get(agency.calendar or "business")
        return (table and table.timezone) or self.timezone

    def tier_after(self, tier: str) -> str | None:
        """The next support line; None after the last."""
        names = [t.name for t in self.tiers]
        at = names.index(tier) + 1
        return names[at] if at < len(names) else None

    def queues_of(self, person: str) -> tuple[str, ...]:
        """The queues that a person is a member or the lead of."""
        return tuple(name for name, queue in self.queues.items() if person in queue.members or person == queue.lead)

    def service_named(self, word: str) -> str | None:
        """The catalogue's key for a name, title or alias, whatever its case; None when the catalogue lacks it."""
        if word in self.services:
            return word
        folded = word.casefold()
        for key, service in self.services.items():
            if folded in (key.casefold(), service.title.casefold(), *(a.casefold() for a in service.aliases)):
                return key
        return None


class AgencySettings(Section, frozen=True):
    """agency.toml. `required` names, per kind, the fields without which a ticket is incomplete or refused.

    `settings` holds what plugins are told, by plugin. `sender` is the address that this agency's mail comes from, and
    `reply_to` where answers to it go, in place of the transport's.
    """

    name: str = ""
    domains: tuple[str, ...] = ()
    calendar: str | None = None
    sla: str | None = None
    locale: str | None = None
    contacts: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    required: dict[str, tuple[str, ...]] = {}
    default_queue: str | None = None
    settings: dict[str, dict[str, Any]] = {}
    sender: str | None = None
    reply_to: str | None = None
    notify: AgencyNotify = AgencyNotify()


class Rule(msgspec.Struct, frozen=True):
    """One rule: `number` counts within its section from 1, `line` is where it begins in its file."""

    section: str
    number: int
    line: int
    when: dict[str, Any]
    then: dict[str, Any]
    reason: str | None = None

    @property
    def name(self) -> str:
        """`route[3]`, as explanations cite it."""
        return f"{self.section}[{self.number}]"


class Rules(msgspec.Struct, frozen=True):
    """rules.toml of an agency or of the desk, by section."""

    source: str
    categorize: tuple[Rule, ...] = ()
    prioritize: tuple[Rule, ...] = ()
    route: tuple[Rule, ...] = ()
    escalate: tuple[Rule, ...] = ()
    notify: tuple[Rule, ...] = ()
