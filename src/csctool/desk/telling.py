"""Who is told of a change: words of rules and plugins become recipients, and messages become notices in the outbox."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from csctool.desk.ports import Clock, Directory, Told
from csctool.domain.address import mailbox
from csctool.domain.notice import Notice, identity
from csctool.domain.occasion import letter_of
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.recipients import CLIENTS, NO_ADDRESS, Recipient, doers, recipients
from csctool.domain.ticket import Event, Ticket
from csctool.errors import CscError

if TYPE_CHECKING:
    from csctool.desk.calendars import Statutory
    from csctool.desk.timetable import Timetable

DID_IT = "did it"

#: What happened, and what everybody wants told of it.
Asked = tuple[Event, list[Told]]


class Telling(msgspec.Struct, frozen=True):
    """What a rule wants told to somebody: `notice` is the message; without one `why` says why there is none."""

    told: Told
    whom: Recipient
    event: Event
    notice: Notice | None = None
    why: str | None = None


class Teller:
    """Finds out who is told, for the agencies of one desk; made once a command. What can't be used of the settings of
    hours is told to `trouble`."""

    def __init__(
        self, settings: DeskSettings, directory: Directory, clock: Clock, trouble: Callable[[CscError], None]
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._trouble = trouble
        self._agencies: dict[str, _Agency] = {}

    def tellings(self, key: str, ticket: Ticket, asked: Iterable[Asked]) -> list[Telling]:
        """Everybody whom agency `key` wants told of events that one operation made, in their order.

        Each mailbox once an event, whoever wants it told, by the way that was wanted first and by others that were
        named; and not who did it. What a later event of the operation says as well is said once.
        """
        agency = self.agency(key)
        found: list[Telling] = []
        several = False
        for event, said in asked:
            several = several or bool(found)
            found += agency.of(ticket, event, said)
        return _once(found) if several else found

    def agency(self, key: str) -> "_Agency":
        """One agency's; made once."""
        if key not in self._agencies:
            own = self._directory.agency(key)
            self._agencies[key] = _Agency(self._settings, own, self._directory.statutory, self._clock, self._trouble)
        return self._agencies[key]


class _Agency:
    """Telling for one agency."""

    def __init__(
        self, settings: DeskSettings, agency: AgencySettings, statutory: "Statutory", clock: Clock,
        trouble: Callable[[CscError], None],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._agency = agency
        self._statutory = statutory
        self._clock = clock
        self._trouble = trouble
        self._hours: Timetable | None = None
        self._way = agency.notify.transport or settings.notify.transport or ""

    def of(self, ticket: Ticket, event: Event, said: Sequence[Told]) -> Iterator[Telling]:
        """The tellings of one event.

        A second way to a mailbox is taken only where a rule or a plugin names it: the default rules, and a rule that
        names no transport, tell nobody again.
        """
        seen: dict[str, dict[str, str]] = {}
        did = doers(self._settings, ticket, event) if said else ()
        for told in said:
            way = told.transport or self._way
            for whom in recipients(self._settings, self._agency, ticket, event, told.to):
                spec = mailbox(whom.to) or whom.to
                ways = seen.setdefault(spec, {})
                why = None
                if not whom.to:
                    why = NO_ADDRESS
                elif spec in did or whom.person in did:
                    why = DID_IT
                elif way in ways:
                    why = f"is told as {ways[way]}"
                elif ways and not told.transport:
                    first, role = next(iter(ways.items()))
                    why = f"is told as {role} by {first}"
                if why:
                    yield Telling(told, whom, event, None, why)
                    continue
                ways[way] = whom.role
                known = identity(ticket.key, event.seq, way, spec)
                yield Telling(told, whom, event, self._notice(ticket, event, told, whom, known, way))

    def _notice(
        self, ticket: Ticket, event: Event, told: Told, whom: Recipient, known: str, way: str
    ) -> Notice:  # fmt: skip
        return Notice(
            known, ticket.key, event.seq, letter_of(event), event.op, way, whom.to, whom.role, told.rule,
            event.at, self._due(told, whom, event.at), told.template, told.subject, told.text, group=told.digest,
            quiet=told.quiet, urgent=told.urgent,
        )  # fmt: skip

    def _due(self, told: Told, whom: Recipient, at: datetime) -> datetime:
        """Most often at once; only who has hours, and what waits, asks the timetable."""
        waits = told.after or told.delay or told.digest or told.quiet
        if not waits and not self._minds(whom):
            return at
        return self.hours.due(told, whom, at, self._clock())

    def allowed(self, notice: Notice, now: datetime) -> datetime:
        """The first moment from now on at which a notice may be delivered."""
        if notice.urgent or not (notice.quiet or self._quiet_anywhere):
            return now
        return self.hours.allowed(notice, now)

    @cached_property
    def _quiet_anywhere(self) -> bool:
        own = self._settings.notify.quiet or self._agency.notify.quiet
        return bool(own) or any(person.quiet for person in self._settings.people.values())

    @property
    def hours(self) -> "Timetable":
        """When its recipients may be told."""
        if self._hours is None:
            from csctool.desk.timetable import Timetable

            self._hours = Timetable(self._settings, self._agency, self._statutory, self._trouble)
        return self._hours

    def _minds(self, whom: Recipient) -> bool:
        """Whether the desk, the agency or the recipient has hours that are quiet, or a delay."""
        own = self._settings.notify
        if own.quiet or own.delay != "0s":
            return True
        if whom.role in CLIENTS:
            return bool(self._agency.notify.quiet or self._agency.notify.delay)
        person = self._settings.people.get(whom.person or "")
        return bool(person and person.quiet)


def _once(found: list[Telling]) -> list[Telling]:
    """The same, each recipient told by the latest what it says of earlier events as well."""
    from csctool.domain.bundles import absorbs  # here: most commands make one event, and need to know of no letters

    latest: dict[tuple[str, str], Telling] = {}
    folded: list[Telling] = []
    for one in reversed(found):
        notice = one.notice
        if notice is None:
            folded.append(one)
            continue
        place = (notice.transport, mailbox(notice.to) or notice.to)
        later = latest.get(place)
        if later is not None and later.notice is not None and absorbs(later.notice, notice):
            also = (notice.seq, *later.notice.also)
            new = msgspec.structs.replace(later, notice=msgspec.structs.replace(later.notice, also=also))
            folded[folded.index(later)] = new
            latest[place] = new
            folded.append(msgspec.structs.replace(one, notice=None, why=f"is told with {later.notice.event}"))
        else:
            latest[place] = one
            folded.append(one)
    return folded[::-1]
