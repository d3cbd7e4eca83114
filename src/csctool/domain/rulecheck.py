"""What can be wrong with rules that read well: names that nobody has, and rules that can never fire.

A rule never fires when an earlier one takes every ticket that it fits. The test of that is sound, not complete: a rule
that is named here never fires; some that never fire may go unnamed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from csctool.domain.matching import GLOBBED, contains, normal, values_of, word
from csctool.domain.naming import hint, is_template, nearest
from csctool.domain.organisation import DeskSettings, Rule, Rules
from csctool.domain.query import globber
from csctool.domain.ticket import Frozen
from csctool.domain.words import KINDS, PRIORITIES, STATUSES

#: Sections in which the first rule that fits takes the ticket.
EXCLUSIVE = ("categorize", "prioritize", "route", "escalate")
#: Fields that always have one of these values: a test that wants them all tests nothing.
_WHOLE = {
    "kind": frozenset(KINDS),
    "status": frozenset(STATUSES),
    "priority": frozenset(PRIORITIES),
    "impact": frozenset("123"),
    "urgency": frozenset("123"),
}


class Finding(Frozen, frozen=True):
    """Something wrong with a rule: what kind of thing, where, and a sentence that says what to do.

    Kinds: `unreadable`, `unknown-field`, `unknown-value`, `unknown-queue`, `unknown-person`, `unknown-service`,
    `unknown-category`, `unknown-tier`, `unknown-agency`, `unknown-template`, `shadowed`, `never-fired`.
    """

    kind: str
    file: str
    line: int
    rule: str | None
    message: str
    hint: str = ""


class Names(Frozen, frozen=True):
    """What there is to name. An empty set says nothing: anything may be named then.

    `categories` are those that rules answer or past tickets have, `fields` those that past tickets have or agencies
    require. `own` is the agency whose rules they are.
    """

    settings: DeskSettings
    agencies: frozenset[str]
    own: str | None = None
    categories: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


def categories_answered(rules: Rules) -> frozenset[str]:
    """The categories that rules give."""
    return frozenset(rule.then["category"] for rule in rules.categorize if "category" in rule.then)


def unknown(rules: Rules, names: Names) -> Iterable[Finding]:
    """Every name in a rule that nobody has."""
    settings = names.settings
    people, queues, services = set(settings.people), set(settings.queues), set(settings.services)
    there: dict[str, tuple[str, Collection[str]]] = {
        "queue": ("queue", queues), "desk": ("queue", {n for n, q in settings.queues.items() if q.desk}),
        "person": ("person", people), "lead": ("person", people), "owner": ("person", people),
        "assignee": ("person", people), "service": ("service", services),
        "tier": ("tier", {tier.name for tier in settings.tiers}), "category": ("category", names.categories),
        "agency": ("agency", {names.own} if names.own else names.agencies),
    }  # fmt: skip
    for rule in every(rules):
        for key, value in rule.then.items():
            if key in there and key != "category" and rule.section != "notify":
                what, known = there[key]
                if known and value not in known:
                    yield _nobody(rules, rule, what, f"answers {key} {value!r}", str(value), known)
        for key, wanted in rule.when.items():
            what, known = there.get(key, ("", ()))
            if key.startswith("fields."):
                key, what, known = key[7:], "field", names.fields
                if known and key not in known:
                    yield _nobody(rules, rule, what, f"tests fields.{key}", key, known)
                continue
            for value in values_of(wanted):
                if known and value != "" and not _any(key, str(word(value)), known):
                    yield _nobody(rules, rule, what, f"tests {key} {value!r}", str(value), known)


def unworded(rules: Rules, templates: Mapping[str, Collection[str]], own: str | None) -> Iterable[Finding]:
    """Every rule that asks for words which an agency that it speaks for does not have.

    `templates` are the names of the words that each agency has, `own` the agency whose rules they are.
    """
    for rule in rules.notify:
        name = rule.then.get("template")
        if name is None:
            continue
        if not is_template(name):
            message, advice = f"template: {name!r} is no name of a template", "use letters and digits, hyphens between"
            yield Finding("unknown-template", rules.source, rule.line, rule.name, message, advice)
            continue
        lacking = [key for key in meant_for(rule, list(templates)) if name not in templates[key]]
        if lacking:
            near = nearest(name, {stem for key in lacking for stem in templates[key]})
            place = f"agencies/{own}/templates" if own else "templates"
            message = f"template: there is no {name!r}" + ("" if own else f" for {lacking[0]}")
            advice = f"did you mean {near}?" if near else f"write it as {place}/{name}.txt"
            yield Finding("unknown-template", rules.source, rule.line, rule.name, message, advice)


def meant_for(rule: Rule, agencies: Sequence[str]) -> list[str]:
    """Those of the agencies whose tickets a rule may fit."""
    wanted = values_of(rule.when["agency"]) if "agency" in rule.when else agencies
    return [key for key in agencies if key in wanted]


def every(rules: Rules) -> Iterable[Rule]:
    """The rules of all sections."""
    return (*rules.categorize, *rules.prioritize, *rules.route, *rules.escalate, *rules.notify)


def _any(key: str, value: str, known: Collection[str]) -> bool:
    return any(map(globber(value), known)) if key in GLOBBED else value in known


_WHERE = {
    "category": "which no rule answers and no past ticket has",
    "field": "which no past ticket has and no agency requires",
    "agency": "whose tickets these rules never see",
}


def _nobody(rules: Rules, rule: Rule, what: str, did: str, name: str, known: Collection[str]) -> Finding:
    message = f"{did}, {_WHERE.get(what, 'which this desk does not have')}"
    return Finding(f"unknown-{what}", rules.source, rule.line, rule.name, message, hint(name, sorted(known), most=10))


def shadowed(file: str, rules: Sequence[Rule]) -> Iterable[Finding]:
    """The rules of one section that earlier ones leave no ticket to; of `notify`, no event of any ticket."""
    rules = [_speaking(rule) for rule in rules]
    for at, rule in enumerate(rules):
        earlier = _takers(rule, [other for other in rules[:at] if not other.then.get("continue")])
        if earlier:
            names = " and ".join(f"{other.name} (line {other.line})" for other in earlier)
            message = f"can never fire: {names} {'takes' if len(earlier) == 1 else 'take'} every ticket that it fits"
            yield Finding("shadowed", file, rule.line, rule.name, message, "put it before, or take it out")


def _speaking(rule: Rule) -> Rule:
    """A rule that tests what it speaks of, too."""
    if rule.section != "notify":
        return rule
    return msgspec.structs.replace(rule, when={**rule.when, "on": rule.then["on"]})


def _takers(rule: Rule, earlier: Sequence[Rule]) -> list[Rule]:
    """The earlier rules that together take every ticket that fits: one, or one for each alternative of a test."""
    for other in earlier:
        if implies(rule.when, other.when):
            return [other]
    for key, wanted in rule.when.items():
        alternatives = values_of(wanted)
        if len(alternatives) < 2:
            continue
        takers = []
        for value in alternatives:
            narrowed = {**rule.when, key: value}
            taker = next((other for other in earlier if implies(narrowed, other.when)), None)
            if taker is None:
                break
            takers.append(taker)
        else:
            return sorted(set_of(takers), key=lambda taker: taker.number)
    return []


def set_of(rules: Iterable[Rule]) -> list[Rule]:
    """Each rule once."""
    return list({rule.number: rule for rule in rules}.values())


def implies(narrow: Mapping[str, Any], wide: Mapping[str, Any]) -> bool:
    """Whether every ticket that fits `narrow` fits `wide`: each test of `wide` follows from one of `narrow`."""
    return all(_follows(key, narrow.get(key), wanted) for key, wanted in wide.items())


def _follows(key: str, given: Any, wanted: Any) -> bool:
    wide = values_of(wanted)
    if key in _WHOLE and _WHOLE[key] <= {word(value) for value in wide}:
        return True
    if given is None:
        return False
    return all(any(_within(key, value, other) for other in wide) for value in values_of(given))


def _within(key: str, value: Any, other: Any) -> bool:
    """Whether one alternative holds only where the other does."""
    if key == "text":
        return contains(normal(value), normal(other))
    if key in GLOBBED and value != "":
        # A glob lies within another exactly when the other one matches it, its stars taken as letters: a literal
        # stretch of the other can never stand where the first has any run of characters.
        return globber(str(other))(str(value))
    return word(value) == word(other)
