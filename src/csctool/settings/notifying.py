"""What `[[notify]]` rules and the `[notify]` sections may say."""

from collections.abc import Iterator, Sequence
from typing import Any

from csctool.domain.address import AddressError, address
from csctool.domain.default_rules import DEFAULTS
from csctool.domain.naming import nearest
from csctool.domain.occasion import EVENTS
from csctool.domain.organisation import AgencyNotify, DeskSettings, Rule
from csctool.domain.recipients import WORDS, is_place
from csctool.domain.timing import elapsed_seconds, known_quiet, right_quiet, wrong_timing
from csctool.errors import SettingsError

#: (kind of finding, message, hint)
Problem = tuple[str, str, str]

_SWITCHES = ("urgent", "continue", "only")


def likely(word: str, known: Sequence[str]) -> str:
    """What to say after an unknown word."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else f"known: {', '.join(known)}"


# -- a rule by itself ----------------------------------------------------------------------------------------


def answer(key: str, value: Any) -> Iterator[Problem]:
    """What is wrong with one answer of a rule, as far as that can be seen without the desk's settings."""
    if key in ("on", "to"):
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            yield "unreadable", f"{key}: must be a list of texts", ""
        elif key == "on":
            yield from (("unknown-value", f"on: no such event: {item!r}", likely(item, EVENTS))
                        for item in value if item not in EVENTS)  # fmt: skip
    elif key in _SWITCHES:
        if not isinstance(value, bool):
            yield "unreadable", f"{key}: must be true or false, not {value!r}", ""
    elif not isinstance(value, str) or not value.strip():
        yield "unreadable", f"{key}: must be text", ""
    elif key in ("delay", "digest"):
        wrong = wrong_timing(DeskSettings(), **{key: value})
        if wrong:
            yield "unknown-value", f"{key}: {wrong[0].partition(' ')[2]}", wrong[1]


def together(then: dict[str, Any]) -> Iterator[Problem]:
    """What of a rule's answers does not go together."""
    if then.get("to") == [] and not then.get("only"):
        yield (
            "unreadable",
            "to: tells nobody",
            "name somebody, or say only = true, so that nobody else tells of it",
        )
    if then.get("on") == []:
        yield "unreadable", "on: speaks of nothing", 'e.g. on = ["opened", "resolved"]'
    if then.get("only") and then.get("continue"):
        yield "unreadable", "only and continue exclude each other", "only ends the asking, continue goes on"
    if then.get("urgent"):
        for key in ("delay", "digest", "quiet"):
            if then.get(key):
                yield "unreadable", f"urgent and {key} exclude each other", "what is urgent waits for nothing"


# -- a rule on a desk ----------------------------------------------------------------------------------------


def check_rule(rule: Rule, place: str, desk: DeskSettings, transport: str | None) -> None:
    """Refuse a rule that names somebody, or hours, that the desk does not have. `transport` is what a rule that names
    none would take. Raises SettingsError."""
    for _, message, hint in on_desk(rule, desk, transport):
        raise SettingsError(f"{place}: {message}", hint)


def on_desk(rule: Rule, desk: DeskSettings, transport: str | None) -> Iterator[Problem]:
    """What of a rule that reads well can't be on this desk."""
    way = rule.then.get("transport") or transport
    if way is None and rule.then["to"]:
        right = 'write e.g. transport = "smtp", or that in [notify] of csctool.toml'
        yield "unreadable", "names no transport", right
    for word in rule.then["to"]:
        yield from _recipient(word, desk, free=way is not None and _free_words(way, desk))
    quiet = rule.then.get("quiet")
    if quiet is not None and not known_quiet(desk, quiet):
        wrong = f"quiet: neither hours nor a calendar of this desk: {quiet!r}"
        yield "unknown-value", wrong, right_quiet(desk)


def no_transport(rule: Rule, desk: DeskSettings, plain: Sequence[str]) -> Iterator[Problem]:
    """A transport that neither settings nor csctool know, in a rule for one of the agencies that are `plain`: no plugin
    may deliver their messages."""
    from csctool.domain.rulecheck import meant_for
    from csctool.domain.transports import KINDS

    way, ways = rule.then.get("transport"), tuple(dict.fromkeys((*desk.transports, *KINDS)))
    if way is not None and way not in ways and meant_for(rule, plain):
        yield "unknown-value", f"transport: there is no {way!r}", likely(way, ways)


def no_place(rule: Rule, desk: DeskSettings, transport: str | None) -> Iterator[Problem]:
    """Recipients that a web hook never calls: each message to them would be given up."""
    from csctool.domain.endpoint import EndpointError, allowed, endpoint, hosts_of
    from csctool.domain.transports import Webhook

    way = rule.then.get("transport") or transport or ""
    table = desk.transports.get(way)
    if not isinstance(table, Webhook):
        return
    for word in rule.then["to"]:
        if "://" not in word:
            if table.url is None:
                yield "unknown-value", f"to: {word!r} is no URL, and [transports.{way}] has none", ""
            continue
        try:
            there = endpoint(word)
        except EndpointError as error:
            yield "unknown-value", f"to: {error}", "write e.g. https://hooks.example.gov/csctool"
            continue
        if not allowed(there, hosts_of(table.url, table.hosts)):
            wrong = f"to: {there.host}:{there.port} is none of the hosts that may be called"
            yield "unknown-value", wrong, f"name it in hosts of [transports.{way}]"


def _free_words(way: str, desk: DeskSettings) -> bool:
    """Whether a transport may have names for places that only it knows; mail has none."""
    return getattr(desk.transports.get(way), "kind", way) != "smtp"


def _recipient(word: str, desk: DeskSettings, *, free: bool) -> Iterator[Problem]:
    known = (*WORDS, *desk.people)
    if word in known:
        return
    if "@" in word and "/" not in word:
        try:
            address(word)
        except AddressError as error:
            yield "unknown-value", f"to: {word!r} {error}", "write e.g. noc@example.gov"
    elif not is_place(word) and not (free and nearest(word, known) is None):
        yield "unknown-person", f"to: there is nobody called {word!r}", likely(word, known)


# -- [notify] ------------------------------------------------------------------------------------------------


def check_desk(desk: DeskSettings, path: str) -> None:
    """Refuse `[notify]` of csctool.toml, and hours of people, that can't be. Raises SettingsError."""
    own = desk.notify
    _section(desk, AgencyNotify(own.transport, own.defaults, own.quiet, own.delay), path, desk.plugins)
    merge = elapsed_seconds(own.merge) if own.merge is not None else 0
    if merge is None or merge > 86400:
        raise SettingsError(f"{path}: notify.merge: no time of at most a day: {own.merge!r}", "write e.g. 5m, or 0s")
    if own.letters_per_hour is not None and own.letters_per_hour < 1:
        raise SettingsError(f"{path}: notify.letters_per_hour: {own.letters_per_hour} is below 1")


def check_person(desk: DeskSettings, name: str, path: str) -> None:
    """Refuse hours of a person that can't be. Raises SettingsError."""
    person, key = desk.people[name], f"{path}: people.{name}"
    if person.quiet is not None and not known_quiet(desk, person.quiet):
        raise SettingsError(f"{key}.quiet: neither hours nor a calendar: {person.quiet!r}", right_quiet(desk))
    calendars = ("business", *desk.calendars)
    if person.calendar is not None and person.calendar not in calendars:
        raise SettingsError(f"{key}.calendar: there is no {person.calendar!r}", likely(person.calendar, calendars))
    if person.timezone is not None:
        from csctool.domain.business_hours import check_zone

        check_zone(person.timezone, f"{key}.timezone")


def check_agency(desk: DeskSettings, own: AgencyNotify, path: str, plugins: Sequence[str]) -> None:
    """Refuse `[notify]` of agency.toml. Raises SettingsError."""
    _section(desk, own, path, (*plugins, *desk.plugins))


def _section(desk: DeskSettings, own: AgencyNotify, path: str, plugins: Sequence[str]) -> None:
    from csctool.domain.transports import KINDS

    ways = list(dict.fromkeys((*desk.transports, *KINDS)))
    if own.transport is not None and own.transport not in ways and not plugins:
        raise SettingsError(f"{path}: notify.transport: there is no {own.transport!r}", likely(own.transport, ways))
    if not isinstance(own.defaults, bool | None):
        for name in own.defaults:
            if name not in DEFAULTS:
                raise SettingsError(f"{path}: notify.defaults: there is no {name!r}", likely(name, tuple(DEFAULTS)))
    if own.quiet is not None and not known_quiet(desk, own.quiet):
        raise SettingsError(f"{path}: notify.quiet: neither hours nor a calendar: {own.quiet!r}", right_quiet(desk))
    wrong = wrong_timing(desk, own.delay)
    if wrong:
        raise SettingsError(f"{path}: notify.delay: {wrong[0].partition(' ')[2]}", wrong[1])
