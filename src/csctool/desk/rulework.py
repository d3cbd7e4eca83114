"""Looking after rules: what is wrong with them, whether they answer what an agency expects, and making expectations."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.opening import catalogued
from csctool.desk.replay import rehearsed
from csctool.domain import lifecycle
from csctool.domain.matching import Book
from csctool.domain.notice import Delivery, Notice
from csctool.domain.organisation import Rules
from csctool.domain.past import ticket_after
from csctool.domain.query import Query
from csctool.domain.rehearsal import Expectation, given_at, opening, outcome
from csctool.domain.rulecheck import EXCLUSIVE, Finding, Names, categories_answered, every, shadowed, unknown, unworded
from csctool.domain.ticket import Stamp, Ticket
from csctool.errors import CscError, NotPermittedError, RefusedError, UsageError

# -- check ---------------------------------------------------------------------------------------------------


class Checked(msgspec.Struct):
    """What a check looked at and found; `failures` are files that could not be read at all."""

    rules: int = 0
    tickets: int = 0
    findings: list[Finding] = msgspec.field(default_factory=list)
    failures: list[CscError] = msgspec.field(default_factory=list)


class _Seen(msgspec.Struct):
    """What past tickets have had, and the rules that were the first to fit one: by file, the names."""

    tickets: int = 0
    categories: set[str] = msgspec.field(default_factory=set)
    fields: set[str] = msgspec.field(default_factory=set)
    fired: set[tuple[str, str]] = msgspec.field(default_factory=set)


def check_rules(desk: Desk, agencies: Sequence[str], *, past: bool = True) -> Checked:
    """What is wrong with the rules of these agencies, or of all and of the desk itself.

    `past` looks at the tickets that there have been: a rule that none of them would have come to is a finding, and what
    none of them has is unknown.
    """
    checked = Checked()
    keys = list(agencies) or desk.store.agencies()
    desk_rules = _read(desk, checked, None, tell=not agencies)
    everywhere = _Seen()
    fields = _required(desk, desk.directory.keys())
    answered = set(categories_answered(desk_rules))
    for key in keys:
        rules = _read(desk, checked, key, tell=True)
        seen = _past(desk, key, rules, desk_rules) if past else _Seen()
        checked.tickets += seen.tickets
        names = Names(
            desk.settings, frozenset(desk.directory.keys()), key,
            frozenset(seen.categories | categories_answered(rules) | categories_answered(desk_rules)),
            frozenset(seen.fields | fields) if seen.tickets else frozenset(),
        )  # fmt: skip
        checked.findings += _found(rules, names, seen)
        checked.findings += _unworded(desk, checked, rules, [key], key)
        answered |= categories_answered(rules)
        _merge(everywhere, seen)
    if not agencies:
        names = Names(
            desk.settings, frozenset(keys), None, frozenset(everywhere.categories | answered),
            frozenset(everywhere.fields | fields) if everywhere.tickets else frozenset(),
        )  # fmt: skip
        checked.findings += _found(desk_rules, names, everywhere)
        checked.findings += _unworded(desk, checked, desk_rules, keys)
    checked.findings.sort(key=lambda finding: (finding.file, finding.line))
    return checked


def _read(desk: Desk, checked: Checked, agency: str | None, *, tell: bool) -> Rules:
    """A file's rules; what is wrong with it is told once, by the check that it belongs to."""
    if agency:
        desk.directory.agency(agency)
    try:
        rules, wrong = desk.directory.rules_of(agency, desk.settings)
    except CscError as error:
        if tell:
            checked.failures.append(error)
        return Rules("")
    if tell:
        checked.rules += len(list(every(rules)))
        checked.findings += wrong
    return rules


def _found(rules: Rules, names: Names, seen: _Seen) -> Iterable[Finding]:
    yield from unknown(rules, names)
    dead = set()
    for section in (*EXCLUSIVE, "notify"):
        for finding in shadowed(rules.source, getattr(rules, section)):
            dead.add(finding.rule)
            yield finding
    if not seen.tickets:
        return
    for rule in every(rules):
        if rule.section in EXCLUSIVE and rule.name not in dead and (rules.source, rule.name) not in seen.fired:
            message = f"never fired on {seen.tickets} past ticket{'s' * (seen.tickets != 1)}"
            yield Finding(
                "never-fired", rules.source, rule.line, rule.name, message, "csctool plugin replay tries changes"
            )


def _unworded(
    desk: Desk, checked: Checked, rules: Rules, keys: Iterable[str], own: str | None = None
) -> Iterable[Finding]:  # fmt: skip
    """Rules that ask for words which there are not; nobody looks for any where no rule asks."""
    if not any("template" in rule.then for rule in rules.notify):
        return ()
    templates = {}
    for key in keys:
        try:
            templates[key] = desk.post.templates(key)
        except CscError as error:
            checked.failures.append(error)
    return unworded(rules, templates, own)


def _required(desk: Desk, keys: Iterable[str]) -> set[str]:
    fields = set()
    for key in keys:
        with suppress(NotPermittedError):  # another group's: told where it is asked for
            required = desk.directory.agency(key).required
            fields |= {name.removeprefix("fields.") for some in required.values() for name in some}
    return fields


def _merge(everywhere: _Seen, seen: _Seen) -> None:
    everywhere.tickets += seen.tickets
    everywhere.categories |= seen.categories
    everywhere.fields |= seen.fields
    everywhere.fired |= seen.fired


def _past(desk: Desk, agency: str, rules: Rules, desk_rules: Rules) -> _Seen:
    """One look at each ticket that the agency has had."""
    seen = _Seen()
    books = (Book(rules), Book(desk_rules))
    for ticket in desk.store.find(Query(agencies=(agency,), everything=True)):
        seen.tickets += 1
        seen.fields.update(ticket.fields)
        if ticket.category:
            seen.categories.add(ticket.category)
        _fire(desk, books, ticket, seen)
    return seen


def _fire(desk: Desk, books: Sequence[Book], ticket: Ticket, seen: _Seen) -> None:
    """Note the rule of each section that fits the ticket first, whether or not somebody had said it already."""
    old = opening(ticket)
    if old is None:
        return
    seen.fields.update(old.draft.fields)
    if old.draft.category:
        seen.categories.add(old.draft.category)
    draft = old.draft
    for section in ("categorize", "prioritize", "route"):
        then = _first(books, section, draft, seen)
        new = {name: value for name, value in then.items() if name not in old.given and name not in ("queue", "person")}
        if section == "prioritize" and "priority" not in {**old.given, **new}:
            impact, urgency = new.get("impact", draft.impact), new.get("urgency", draft.urgency)
            new["priority"] = desk.settings.priorities.of(impact, urgency)
        draft = msgspec.structs.replace(draft, **new) if new else draft
    for number, event in enumerate(ticket.history):
        if event.verb == "escalate" and number:
            _first(books, "escalate", ticket_after(ticket, number), seen)


def _first(books: Sequence[Book], section: str, ticket: Ticket, seen: _Seen) -> dict[str, Any]:
    for book in books:
        rule = book.first(section, ticket)
        if rule is not None:
            seen.fired.add((book.rules.source, rule.name))
            return rule.then
    return {}


# -- test ----------------------------------------------------------------------------------------------------


class Miss(msgspec.Struct, frozen=True):
    """One answer that was not the expected one, and who gave it."""

    field: str
    expected: Any
    got: Any
    plugin: str | None = None
    rule: str | None = None
    reason: str | None = None


class Tried(msgspec.Struct, frozen=True):
    """An expectation, and what missed it."""

    expect: int
    line: int
    name: str | None
    agency: str
    misses: list[Miss]


_HOOK = {"category": "categorize", "kind": "categorize", "service": "categorize", "impact": "prioritize",
         "urgency": "prioritize", "priority": "prioritize", "queue": "route", "assignee": "route"}  # fmt: skip


def try_rules(desk: Desk, path: str, agency: str | None) -> list[Tried]:
    """Hold the rules against each expectation of a file. Raises NotFoundError, SettingsError, UsageError."""
    expectations = desk.directory.expectations(path)
    desk.brace({key for key in (agency, *(expected.agency for expected in expectations)) if key})
    return [_tried(desk, expected, agency) for expected in expectations]


def _tried(desk: Desk, expected: Expectation, default: str | None) -> Tried:
    agency = _agency(desk, expected, default)
    given = catalogued(desk, dict(expected.given))
    described = {"kind": "contact", **given}
    draft = Ticket(key=f"{agency}-1", agency=agency, number=1, status="queued", **described)
    at = expected.at or desk.clock()
    found = rehearsed(desk, draft, given, at)
    deciders = {decision.hook: decision for decision in found.decisions}
    misses = []
    for name, wanted in expected.wants.items():
        if name == "notify":
            got, wanted = sorted(told_at_opening(desk, found.ticket, at)), sorted(set(wanted))
        else:
            got = getattr(found.ticket, name)
        if got != wanted:
            by = deciders.get(_HOOK.get(name, ""))
            misses.append(Miss(name, wanted, got, *((by.plugin, by.rule, by.reason) if by else ())))
    return Tried(expected.number, expected.line, expected.name, agency, misses)


def _agency(desk: Desk, expected: Expectation, default: str | None) -> str:
    key = expected.agency or default
    if key is None:
        keys = desk.directory.keys()
        if len(keys) != 1:
            raise UsageError(f"expect[{expected.number}]: of which agency?", "--agency KEY, or agency = in the file")
        key = keys[0]
    desk.directory.agency(key)
    return key


def told_at_opening(desk: Desk, draft: Ticket, at: datetime) -> set[str]:
    """As what people would be told of the opening of a ticket that is decided: roles, persons' keys, addresses."""
    queue = desk.settings.queues.get(draft.queue or "")
    flags = lifecycle.callback_flag(draft.flags, draft.channel, None, draft.priority, desk.settings.priorities.phone)
    whole = msgspec.structs.replace(
        draft, flags=flags, status="assigned" if draft.assignee else "queued", tier=queue.tier if queue else None,
        desk=desk.desk_of(draft.queue) if queue and draft.queue else None,
    )  # fmt: skip
    opened = lifecycle.open_ticket(whole, Stamp("", at, ""))
    return {one.whom.role for one in desk.told_of(opened, opened.history[0]) if one.notice is not None}


# -- capture -------------------------------------------------------------------------------------------------


class Captured(msgspec.Struct, frozen=True):
    """An expectation made from a ticket; `other` is what stood there at the `moment` named, where it differs."""

    expectation: Expectation
    moment: str
    other: dict[str, Any]


def capture(desk: Desk, ticket: Ticket, *, final: bool = False) -> Captured:
    """What was said of a ticket when it was opened, and what should come out.

    That is what was decided then, and who was told, where that is on record; `final` takes what proved right:
    category, kind, service and priority as they stand now, and the queue that resolved it, else the one it is in.
    Raises RefusedError for a ticket without a history.
    """
    old = opening(ticket)
    if old is None:
        raise RefusedError(f"{ticket.key} has no history to go back in")
    given = given_at(ticket.history[0])
    happened = outcome(ticket)
    then = {"category": happened.category, "kind": happened.kind, "service": happened.service,
            "priority": happened.priority, "queue": happened.first}  # fmt: skip
    now = {"category": ticket.category, "kind": ticket.kind, "service": ticket.service, "priority": ticket.priority,
           "queue": happened.resolver or ticket.queue}  # fmt: skip
    chosen, other = (now, then) if final else (then, now)
    wants: dict[str, Any] = {
        name: value for name, value in chosen.items() if value is not None and _open(name, value, given, final)
    }
    differs = {name: value for name, value in other.items() if name in wants and value not in (None, wants[name])}
    told = _told(desk, ticket)
    if told:
        wants["notify"] = told
    name = f"{ticket.key}: {ticket.subject}"
    return Captured(
        Expectation(given, wants, name, ticket.agency, old.at), "at the opening" if final else "by now", differs
    )


def _told(desk: Desk, ticket: Ticket) -> list[str]:
    """As what people were told of the opening, as far as that is on record."""
    store = desk.store
    every: list[Notice | Delivery] = [*store.deliveries(ticket.agency, ticket.opened_at), *store.outbox(ticket.agency)]
    return sorted({one.role for one in every if one.ticket == ticket.key and one.seq == 1})


def _open(name: str, value: Any, given: dict[str, Any], final: bool) -> bool:
    """Whether a field is the rules' to answer."""
    if name in given and not (final and given[name] != value):
        return False
    return name != "kind" or value != "contact"
