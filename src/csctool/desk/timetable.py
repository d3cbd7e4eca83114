"""When somebody may be told: after the delay, with the others of a digest, and not in quiet hours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from csctool.desk.calendars import Statutory, calendar_named
from csctool.desk.ports import Told
from csctool.domain.business_hours import Duration, due
from csctool.domain.notice import Notice
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.quiet import CLOSED, free_from, next_slot, parse_quiet
from csctool.domain.recipients import CLIENTS, Recipient, person_of
from csctool.domain.timing import elapsed_seconds
from csctool.errors import CscError

Free = Callable[[datetime], datetime]

#: So many quiet stretches are passed before hours that never end are given up: two rules that leave no common time.
_PATIENCE = 400


class Timetable:
    """The hours of an agency's recipients. What can't be used (a calendar that never opens) makes nothing quiet, and
    is told to `trouble`."""

    def __init__(
        self, desk: DeskSettings, agency: AgencySettings, statutory: Statutory, trouble: Callable[[CscError], None]
    ) -> None:  # fmt: skip
        self._desk = desk
        self._agency = agency
        self._statutory = statutory
        self._trouble = trouble
        self._free = cache(self._freed)
        self._person = cache(lambda to: person_of(desk, to))

    def due(self, told: Told, whom: Recipient, at: datetime, now: datetime) -> datetime:
        """The earliest moment of delivery of what happened at `at` and is enqueued `now`."""
        first = at if told.after is None else max(at, told.after.astimezone(UTC).replace(microsecond=0))
        if told.urgent:
            return first
        delay = elapsed_seconds(self._delay(told, whom)) or 0
        if delay:
            first = max(first, now + timedelta(seconds=delay))
        if told.digest:
            length = elapsed_seconds(told.digest) or 0
            first = next_slot(length, self._zone(whom), max(first, now))
        free = self.free(told.quiet, whom, max(first, now))
        return free if free > max(first, now) else first

    def allowed(self, notice: Notice, now: datetime) -> datetime:
        """The first moment from now on at which a notice may be delivered."""
        if notice.urgent:
            return now
        person = None if notice.role in CLIENTS else self._person(notice.to)
        return self.free(notice.quiet, Recipient(notice.role, notice.to, person), now)

    def free(self, rule: str | None, whom: Recipient, at: datetime) -> datetime:
        """The first moment from `at` on that is quiet neither for the rule nor for the recipient."""
        own = self._own(whom)
        hours = [self._free(text, whom.role in CLIENTS, whom.person) for text in dict.fromkeys((own, rule)) if text]
        moment = at
        for _ in range(_PATIENCE):
            before = moment
            for free in hours:
                moment = free(moment)
            if moment == before or len(hours) < 2:
                return moment
        return hours[0](at)  # no hour suits both: the recipient's count

    def _own(self, whom: Recipient) -> str:
        """The hours that are quiet for a recipient."""
        person = self._desk.people.get(whom.person or "")
        own = self._agency.notify.quiet if whom.role in CLIENTS else person.quiet if person else None
        return self._desk.notify.quiet if own is None else own

    def _delay(self, told: Told, whom: Recipient) -> str:
        own = self._agency.notify.delay
        return told.delay or (self._desk.notify.delay if own is None or whom.role not in CLIENTS else own)

    def _zone(self, whom: Recipient) -> tzinfo:
        person = self._desk.people.get(whom.person or "")
        if whom.role in CLIENTS:
            return ZoneInfo(self._desk.zone_of(self._agency))
        return ZoneInfo((person and person.timezone) or self._desk.timezone)

    def _freed(self, text: str, client: bool, person: str | None) -> Free:
        """What leads from any moment to the first that is free."""
        whom = Recipient("requester" if client else "", "", person)
        quiet = parse_quiet(text)
        if quiet is not None:
            zone = self._zone(whom)
            return lambda at: free_from(quiet, zone, at)
        if text == CLOSED:
            one = self._desk.people.get(person or "")
            text = (self._agency.calendar if client else one.calendar if one else None) or "business"
        calendar = calendar_named(self._desk, text, self._statutory)

        def opening(at: datetime) -> datetime:
            try:
                return due(calendar, at, Duration(0, "s"))
            except CscError as error:
                self._trouble(error)
                return at

        return opening
