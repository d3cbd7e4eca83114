"""References between settings: a queue's tier exists, a member is a person, a matrix is 3 by 3."""

import re
from collections.abc import Iterable
from datetime import date

from csctool.domain.naming import nearest
from csctool.domain.organisation import AgencyNotify, AgencySettings, DeskSettings, Notify, Queue, days
from csctool.domain.words import AGENCY_KEY, HOLD_CAUSES, KINDS, PRIORITIES, ROLES
from csctool.errors import SettingsError

DURATION = re.compile(r"\d{1,9}(s|m|h|wd|d|w)|(?=\d)(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s)?")
ELAPSED = re.compile(r"\d{1,9}[mhdw]")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
INTERVAL = re.compile(r"\d\d:\d\d-\d\d:\d\d")
LOCALE = re.compile(r"[a-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}")
#: Nothing to look at: an agency that says nothing of messages, transports that every desk has.
_SILENT, _READY = AgencyNotify(), (None, "smtp", "file")
NAME = re.compile(r"[\w][\w.@+-]*")


def references(desk: DeskSettings, path: str) -> None:
    """Refuse what names something that is not there. Raises SettingsError for the first wrong key."""
    _fiscal_year(desk, path)
    _locale(desk.locale, path)
    _tiers(desk, path)
    _queues(desk, path)
    _people(desk, path)
    _services(desk, path)
    _priorities(desk, path)
    _calendars(desk, path)
    _promises(desk, path)
    _lifecycle(desk, path)
    _sweep(desk, path)
    _settings(path, desk.settings, desk.plugins)
    if desk.permissions:
        _permissions(desk, path)
    _notify(desk, path)


def agency_references(agency: AgencySettings, path: str) -> None:
    """What can be checked in agency.toml without reading csctool.toml."""
    if agency.locale is not None:
        _locale(agency.locale, path)
    for kind, fields in agency.required.items():
        _one_of(path, f"required.{kind}", kind, KINDS)
        if not fields:
            raise SettingsError(f"{path}: required.{kind}: names no field")
    if agency.sender is not None or agency.reply_to is not None:
        from csctool.settings.transports import check_address

        check_address(agency.sender, f"{path}: sender")
        check_address(agency.reply_to, f"{path}: reply_to")


def agency_against_desk(agency: AgencySettings, desk: DeskSettings, path: str) -> None:
    """What agency.toml names in csctool.toml: calendar, SLA policy, queue."""
    if agency.calendar is not None:
        _one_of(path, "calendar", agency.calendar, _open_hours(desk))
    if agency.sla is not None:
        _one_of(path, "sla", agency.sla, desk.sla)
    if agency.default_queue is not None:
        _one_of(path, "default_queue", agency.default_queue, desk.queues)
    _settings(path, agency.settings, (*agency.plugins, *desk.plugins))
    if agency.notify != _SILENT:
        from csctool.settings.notifying import check_agency

        check_agency(desk, agency.notify, path, agency.plugins)


def _settings(path: str, settings: Iterable[str], plugins: Iterable[str]) -> None:
    enabled = list(plugins)
    for name in settings:
        if name not in enabled:
            near = nearest(name, enabled)
            right = f"did you mean {near}?" if near else f"enabled: {', '.join(enabled) or 'none'}"
            raise SettingsError(f"{path}: settings.{name}: no plugin {name!r} is enabled here", right)


def _one_of(path: str, key: str, word: str, known: Iterable[str]) -> None:
    names = list(known)
    if word in names:
        return
    near = nearest(word, names)
    right = f"did you mean {near}?" if near else f"one of: {', '.join(names) or 'nothing is defined yet'}"
    raise SettingsError(f"{path}: {key}: there is no {word!r}", right)


def _fiscal_year(desk: DeskSettings, path: str) -> None:
    """A day that every year has: 29 February would leave three years of four without a beginning."""
    text = desk.fiscal_year
    try:
        right = len(text) == len("07-01") and date.fromisoformat(f"2025-{text}")
    except ValueError:
        right = False
    if not right:
        raise SettingsError(f"{path}: fiscal_year: {text!r} is no day of every year", "write the month and day, 07-01")


def _locale(text: str, path: str) -> None:
    """A language, perhaps with script and region; whether there are words in it is told when some are needed."""
    if not LOCALE.fullmatch(text):
        raise SettingsError(f"{path}: locale: {text!r} is no language", "write it as ru, en_GB or zh_Hant_TW")


def _tiers(desk: DeskSettings, path: str) -> None:
    names = [tier.name for tier in desk.tiers]
    if not names:
        raise SettingsError(f"{path}: tiers: there must be at least one")
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{path}: tiers: {name!r} stands there twice")
    if not AGENCY_KEY.fullmatch(desk.home_agency):
        raise SettingsError(f"{path}: home_agency: {desk.home_agency!r} is no agency key", "e.g. CSC")


def _queues(desk: DeskSettings, path: str) -> None:
    if not desk.queues:
        raise SettingsError(f"{path}: queues: there must be at least one", "e.g. [queues.service-desk]")
    _one_of(path, "default_queue", desk.default_queue, desk.queues)
    if not desk.queues[desk.default_queue].desk:
        raise SettingsError(
            f"{path}: default_queue: {desk.default_queue} is no desk",
            f"set desk = true in [queues.{desk.default_queue}]",
        )
    tiers = [tier.name for tier in desk.tiers]
    for name, queue in desk.queues.items():
        _name(path, f"queues.{name}", name)
        _one_of(path, f"queues.{name}.tier", queue.tier, tiers)
        _queue_links(desk, path, f"queues.{name}", queue)


def _queue_links(desk: DeskSettings, path: str, key: str, queue: Queue) -> None:
    if queue.owner is not None:
        _one_of(path, f"{key}.owner", queue.owner, [n for n, q in desk.queues.items() if q.desk])
    for kind in queue.kinds:
        _one_of(path, f"{key}.kinds", kind, KINDS)
    if isinstance(queue.escalates_to, str):
        if queue.escalates_to:
            _one_of(path, f"{key}.escalates_to", queue.escalates_to, desk.queues)
    else:
        for kind, target in queue.escalates_to.items():
            _one_of(path, f"{key}.escalates_to", kind, (*KINDS, "default"))
            _one_of(path, f"{key}.escalates_to.{kind}", target, desk.queues)
    if desk.people:
        for person in (*queue.members, *((queue.lead,) if queue.lead else ())):
            _one_of(path, f"{key}.{'members' if person in queue.members else 'lead'}", person, desk.people)


def _people(desk: DeskSettings, path: str) -> None:
    users: dict[str, str] = {}
    for name, person in desk.people.items():
        _name(path, f"people.{name}", name)
        for role in person.roles:
            _one_of(path, f"people.{name}.roles", role, ROLES)
        for text in person.away:
            try:
                days(text)
            except ValueError:
                raise SettingsError(
                    f"{path}: people.{name}.away: no dates: {text!r}", "write 2026-12-24..2027-01-02"
                ) from None
        user = person.user or name
        if user in users:
            raise SettingsError(f"{path}: people.{name}.user: {user!r} is {users[user]}'s already")
        users[user] = name
        if person.locale is not None:
            _locale(person.locale, f"{path}: people.{name}")
        if person.quiet is not None or person.calendar is not None or person.timezone is not None:
            from csctool.settings.notifying import check_person

            check_person(desk, name, path)


def _services(desk: DeskSettings, path: str) -> None:
    names: dict[str, str] = {}
    for name, service in desk.services.items():
        if service.desk is not None:
            _one_of(path, f"services.{name}.desk", service.desk, desk.queues)
        for word in {name.casefold(), *(a.casefold() for a in service.aliases)}:
            if names.setdefault(word, name) != name:
                raise SettingsError(f"{path}: services.{name}.aliases: {word!r} means {names[word]} already")


def _priorities(desk: DeskSettings, path: str) -> None:
    matrix = desk.priorities.matrix
    if len(matrix) != 3 or any(len(row) != 3 for row in matrix):
        raise SettingsError(f"{path}: priorities.matrix: must be 3 rows (impact) of 3 columns (urgency)")
    for word in (p for row in matrix for p in row):
        _one_of(path, "priorities.matrix", word, PRIORITIES)
    for word in desk.priorities.phone:
        _one_of(path, "priorities.phone", word, PRIORITIES)


def _calendars(desk: DeskSettings, path: str) -> None:
    """What any command sees at a glance; who uses a calendar, and `config check`, read it in full."""
    for name, calendar in desk.calendars.items():
        key = f"calendars.{name}"
        if isinstance(calendar.hours, str):
            _one_of(path, f"{key}.hours", calendar.hours, ("24x7",))
            continue
        for day, hours in calendar.hours.items():
            _one_of(path, f"{key}.hours", day, DAYS)
            _intervals(path, f"{key}.hours.{day}", hours)
        for day, hours in calendar.exceptions.items():
            _date(path, f"{key}.exceptions", day)
            _intervals(path, f"{key}.exceptions.{day}", hours)
        for day in calendar.holidays:
            _date(path, f"{key}.holidays", day)


def _intervals(path: str, key: str, hours: Iterable[str]) -> None:
    for text in hours:
        if not INTERVAL.fullmatch(text):
            raise SettingsError(f"{path}: {key}: not an interval: {text!r}", "write e.g. 08:00-17:00")


def _date(path: str, key: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{path}: {key}: not a date: {text!r}", "write e.g. 2026-12-24") from None


def _promises(desk: DeskSettings, path: str) -> None:
    for name, policy in desk.sla.items():
        key = f"sla.{name}"
        if policy.calendar is not None:
            _one_of(path, f"{key}.calendar", policy.calendar, _open_hours(desk))
        if not 1 <= policy.warn_at <= 100:
            raise SettingsError(f"{path}: {key}.warn_at: {policy.warn_at} is no per cent from 1 to 100")
        for cause in policy.pauses:
            _one_of(path, f"{key}.pauses", cause, HOLD_CAUSES)
        for kind in (*KINDS, "default"):
            targets = getattr(policy, kind.replace("-", "_"))
            for priority, target in targets.items():
                _one_of(path, f"{key}.{kind}", priority, (*PRIORITIES, "default"))
                _target(desk, path, f"{key}.{kind}.{priority}", target)
    for name, target in desk.ola.items():
        if name.startswith("tier:"):
            _one_of(path, f"ola.{name}", name.removeprefix("tier:"), [t.name for t in desk.tiers])
        else:
            _one_of(path, f"ola.{name}", name, desk.queues)
        _target(desk, path, f"ola.{name}", target)


def _open_hours(desk: DeskSettings) -> tuple[str, ...]:
    """The calendars that may be named: every desk has a `business` one, configured or not."""
    return (*desk.calendars, *(() if "business" in desk.calendars else ("business",)))


def _target(desk: DeskSettings, path: str, key: str, target: object) -> None:
    for field in ("respond", "resolve"):
        text = getattr(target, field)
        if text is not None:
            _duration(path, f"{key}.{field}", text)
    calendar = getattr(target, "calendar", None)
    if calendar is not None:
        _one_of(path, f"{key}.calendar", calendar, _open_hours(desk))


def _duration(path: str, key: str, text: str) -> None:
    if not DURATION.fullmatch(text):
        raise SettingsError(f"{path}: {key}: not a duration: {text!r}", "write e.g. 15m, 4h, 3wd, 14d or 2w")


def _lifecycle(desk: DeskSettings, path: str) -> None:
    life = desk.lifecycle
    _duration(path, "lifecycle.close_after", life.close_after)
    _duration(path, "lifecycle.reopen_within", life.reopen_within)
    if life.bounce_limit < 0:
        raise SettingsError(f"{path}: lifecycle.bounce_limit: {life.bounce_limit} is below 0")
    if not life.resolution_codes:
        raise SettingsError(f"{path}: lifecycle.resolution_codes: there must be at least one")


def _sweep(desk: DeskSettings, path: str) -> None:
    tiers = [tier.name for tier in desk.tiers]
    for number, rule in enumerate(desk.sweep.escalate, 1):
        key = f"sweep.escalate[{number}]"
        for field, known in (("kinds", KINDS), ("priorities", PRIORITIES), ("queues", desk.queues), ("tiers", tiers)):
            for word in getattr(rule, field):
                _one_of(path, f"{key}.{field}", word, known)


def _permissions(desk: DeskSettings, path: str) -> None:
    from csctool.domain.permissions import ANYBODY, DEFAULTS, DESKWIDE, REACHES

    for verb, row in desk.permissions.items():
        key = f"permissions.{verb}"
        _one_of(path, "permissions", verb, DEFAULTS)
        for word in row:
            role, colon, reach = word.partition(":")
            _one_of(path, key, role, (*ROLES, ANYBODY))
            if colon:
                _one_of(path, f"{key}: {role}", reach, REACHES)
                if verb in DESKWIDE or role == ANYBODY:
                    raise SettingsError(f"{path}: {key}: {word!r} is about some tickets only", f"write {role!r} alone")


def _notify(desk: DeskSettings, path: str) -> None:
    if not ELAPSED.fullmatch(desk.notify.give_up):
        wrong = f"not a duration in elapsed time: {desk.notify.give_up!r}"
        raise SettingsError(f"{path}: notify.give_up: {wrong}", "write e.g. 90m, 12h, 3d or 1w")
    if desk.notify.answers_per_hour < 1:
        raise SettingsError(f"{path}: notify.answers_per_hour: {desk.notify.answers_per_hour} is below 1")
    if desk.notify.transport not in _READY or desk.notify != Notify(desk.notify.transport):
        from csctool.settings.notifying import check_desk

        check_desk(desk, path)
    for name in desk.transports:
        _name(path, f"transports.{name}", name)
    if desk.transports:
        from csctool.settings.transports import check_transports

        check_transports(desk.transports, path)


def _name(path: str, key: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise SettingsError(f"{path}: {key}: {name!r} is no name", "use letters, digits and . _ @ + -")
