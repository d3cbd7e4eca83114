"""What can be wrong with rules that read well: one that never fires because an earlier one takes all its tickets.

The test is sound, not complete: a rule that is named here never fires; some that never fire may go unnamed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from csctool.domain.matching import GLOBBED, contains, normal, values_of, word
from csctool.domain.organisation import Rule
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
    `unknown-category`, `unknown-tier`, `unknown-agency`, `shadowed`, `never-fired`.
    """

    kind: str
    file: str
    line: int
    rule: str | None
    message: str
    hint: str = ""


def shadowed(file: str, rules: Sequence[Rule]) -> Iterable[Finding]:
    """The rules of one section that earlier ones leave no ticket to."""
    for at, rule in enumerate(rules):
        earlier = _takers(rule, rules[:at])
        if earlier:
            names = " and ".join(f"{other.name} (line {other.line})" for other in earlier)
            message = f"can never fire: {names} {'takes' if len(earlier) == 1 else 'take'} every ticket that it fits"
            yield Finding("shadowed", file, rule.line, rule.name, message, "put it before, or take it out")


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
