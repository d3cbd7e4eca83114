"""The public contract with plugin authors: every hook, what it gets, what it may answer, what happens when it fails.

All arguments are frozen values; none of them reaches the store. An answer is a plain string or an `Answer`; None passes
the question on to the next in line. A hook takes those of its arguments that it wants, by name.

A plugin that raises, takes too long (2 seconds for one ticket), ends its process, or answers nonsense is named on
stderr and in the ticket's history, and the next in line is asked. `docs/plugins.md` shows every hook at work.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
import pluggy

from csctool.domain.ticket import Event, Ticket

#: The version of this contract. A plugin may state `CSCTOOL_API = 1`; without it 1 is meant.
API = 1
PROJECT = "csctool"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class _Plain(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands first in an `Answer`, without a name."""

    plain: str | None = None


class Answer(_Plain, frozen=True, omit_defaults=True, kw_only=True):
    """An answer with a reason, which `explain` shows. Only the fields that the hook asks for are looked at.

    What a plain text would say may stand first: `Answer("apps", reason="…")` names a queue where a queue is asked for.
    `rule` names what inside the plugin decided, e.g. `on-call table, night`.
    """

    category: str | None = None
    kind: str | None = None
    service: str | None = None
    impact: int | None = None
    urgency: int | None = None
    priority: str | None = None
    queue: str | None = None
    person: str | None = None
    lead: str | None = None
    reason: str | None = None
    rule: str | None = None


class Agency(msgspec.Struct, frozen=True, omit_defaults=True):
    """The agency whose ticket it is.

    `now` is the time of the change, UTC; `zone` the IANA name of the time zone of its working hours. `directory` is its
    own directory on the desk. `settings` is what `[settings.PLUGIN]` says for this plugin, in agency.toml or for every
    agency in csctool.toml; dates and times in it are texts.
    """

    key: str
    name: str
    now: datetime
    locale: str = "en"
    contacts: tuple[str, ...] = ()
    zone: str = "UTC"
    directory: str = ""
    settings: Mapping[str, Any] = {}

    @property
    def local(self) -> datetime:
        """The time of the change on the agency's own clocks."""
        from zoneinfo import ZoneInfo

        return self.now.astimezone(ZoneInfo(self.zone))

    def read(self, name: str) -> bytes:
        """A file of the agency's directory, e.g. `plugins/words.json`; whose file may be read is as for plugin files.

        Raises FileNotFoundError, OSError, and csctool.plugins.trust.UntrustedError for a file that others may write.
        """
        import os

        from csctool.plugins.trust import read_within, trust

        desk = os.path.dirname(os.path.dirname(self.directory))
        return read_within(self.directory, name, trust(desk, self.directory))[1]


class Change(msgspec.Struct, frozen=True):
    """What is about to happen: the verb and the new value of each field that would change."""

    verb: str
    fields: Mapping[str, Any]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to be told: by which transport, to whom, and a text or the name of a template.

    `to` is an address that the transport understands, or a word that the desk knows as in rules: `requester`,
    `assignee`, `coordinator`. An empty `transport` is the one that the desk names. It waits in the outbox until
    `after`, where that is given, and for `delay`; `digest`, `quiet` and `urgent` mean what they mean in rules.
    A message to be delivered has the words that were made of its template, and `ticket`, `id` (the same at every try)
    and `event` besides.
    """

    transport: str
    to: str
    text: str | None = None
    template: str | None = None
    subject: str | None = None
    ticket: str | None = None
    after: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    id: str | None = None
    event: str | None = None
    delay: str | None = None
    digest: str | None = None
    quiet: str | None = None
    urgent: bool = False


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a transport got for a message that it delivered: an identity at the other end, and a word about it."""

    id: str | None = None
    detail: str | None = None


class Report(msgspec.Struct, frozen=True):
    """A report of the desk's own: `rows` gets every ticket that was asked for and answers rows by column name."""

    name: str
    help: str
    columns: tuple[str, ...]
    rows: Callable[[Iterable[Ticket]], list[dict[str, Any]]]


class Command(msgspec.Struct, frozen=True):
    """A command of the desk's own: `run` gets the words after its name and answers an exit status."""

    name: str
    help: str
    run: Callable[[list[str]], int]


Said = str | Answer | None


class Hooks:
    """The hook specifications."""

    @hookspec(firstresult=True)
    def categorize(self, ticket: Ticket, agency: Agency) -> Said:
        """What is this about?

        Called when a ticket is opened or re-routed, for the fields nobody set. `ticket` has its final key. Answer a
        category (`telecom/voice/voicemail`), or an `Answer` with category, kind and service. The first answer wins.
        On failure the next in line is asked.
        """

    @hookspec(firstresult=True)
    def prioritize(self, ticket: Ticket, agency: Agency) -> Said:
        """How bad is it?

        Called after categorize. Answer a priority (`P1`), or an `Answer` with impact and urgency (1 to 3), from which
        the matrix gives the priority. The first answer wins. On failure the next in line is asked.
        """

    @hookspec
    def validate(self, change: Change, ticket: Ticket, agency: Agency) -> list[str] | None:
        """What speaks against this change?

        Called before every change with the ticket as it would stand. Answer a list of objections, empty for none.
        Everybody is asked and every objection shown; one refuses the change, except the opening of an incident,
        complaint or contact, which is captured as incomplete. A failing validate is no objection.
        """

    @hookspec(firstresult=True)
    def route(self, ticket: Ticket, agency: Agency) -> Said:
        """Who takes it?

        Called when a ticket is opened or re-routed, after prioritize. Answer a queue, or an `Answer` with queue and
        person. The first answer wins. On failure the next in line is asked.
        """

    @hookspec(firstresult=True)
    def escalate(self, ticket: Ticket, reason: str, agency: Agency) -> Said:
        """Who takes it next?

        Called when a ticket is escalated without naming a queue. `reason` is what the technician said. Answer a queue,
        or an `Answer` with queue or lead. The first answer wins. On failure the next in line is asked.
        """

    @hookspec
    def notify(self, event: Event, ticket: Ticket, agency: Agency) -> list[Message] | None:
        """Who is told about this?

        Called for each event of a ticket, inside the unit of work. `event` is what happened (its `verb` and `changes`),
        `ticket` the ticket after it. Answer a list of `Message`; everybody is asked and every message counts, but a
        mailbox is told once by each transport that is named, and not again by one that names none. Nothing is sent
        here: messages are saved with the change, and the outbox delivers them after it. On failure this plugin tells
        nobody, and everybody else's messages stand.
        """

    @hookspec
    def changed(self, event: Event, ticket: Ticket, agency: Agency) -> None:
        """It has happened.

        Called after the change is saved, once for each event, for what lies outside the desk: a wallboard, a counter, a
        log. `event` and `ticket` as in notify. What it returns is not looked at. An import calls nobody. On failure the
        change stands, and the plugin is named on stderr.
        """

    @hookspec(firstresult=True)
    def deliver(self, message: Message) -> Receipt | str | None:
        """Can you send this?

        Called by the outbox for a message whose transport is none of csctool's own; `message` names it. It may take 30
        seconds: no lock is held. Answer a `Receipt`, or a plain text that becomes one, or None when the transport is
        not yours. On failure the message stays in the outbox and is tried again later, with the same `id`.
        """

    @hookspec
    def reports(self) -> list[Report] | None:
        """Which reports do you add?

        Asked of desk-wide plugins only, when a report is wanted that csctool does not have. Answer a list of `Report`.
        On failure the plugin adds none.
        """

    @hookspec
    def commands(self) -> list[Command] | None:
        """Which commands do you add?

        Asked of desk-wide plugins only, when a command is wanted that csctool does not have. Answer a list of
        `Command`. On failure the plugin adds none.
        """


def arguments(hook: str) -> tuple[str, ...]:
    """The names of a hook's arguments, in their order."""
    code = getattr(Hooks, hook).__code__
    return tuple(code.co_varnames[1 : code.co_argcount])


#: Every hook, in the order of a ticket's life.
HOOKS = tuple(name for name in vars(Hooks) if not name.startswith("_"))
#: Hooks that only a desk-wide plugin may answer.
DESK_WIDE = frozenset({"reports", "commands"})
