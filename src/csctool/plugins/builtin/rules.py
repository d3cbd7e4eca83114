"""`rules.toml` as a plugin: the first rule of a section whose tests all hold answers.

No regular expressions, so no rule can hang: globs and word search are linear. Rules with words are found through an
index of their first words, so that a thousand rules cost a ticket about as much as the few that could match it.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from csctool.domain.organisation import Rule, Rules
from csctool.domain.query import globber
from csctool.domain.ticket import Ticket
from csctool.plugins.hookspecs import Answer, hookimpl

_WORD = re.compile(r"\w+")
_GLOBBED = frozenset({"category", "service"})

Test = Callable[[Ticket, str], bool]


class RuleBook:
    """The rules of one file, compiled once."""

    def __init__(self, rules: Rules) -> None:
        self.source = rules.source
        self._sections = {
            name: _Section(getattr(rules, name)) for name in ("categorize", "prioritize", "route", "escalate")
        }

    @hookimpl
    def categorize(self, ticket: Ticket) -> Answer | None:
        """The first `[[categorize]]` rule that fits."""
        return self._answer("categorize", ticket)

    @hookimpl
    def prioritize(self, ticket: Ticket) -> Answer | None:
        """The first `[[prioritize]]` rule that fits."""
        return self._answer("prioritize", ticket)

    @hookimpl
    def route(self, ticket: Ticket) -> Answer | None:
        """The first `[[route]]` rule that fits."""
        return self._answer("route", ticket)

    @hookimpl
    def escalate(self, ticket: Ticket) -> Answer | None:
        """The first `[[escalate]]` rule that fits."""
        return self._answer("escalate", ticket)

    def _answer(self, section: str, ticket: Ticket) -> Answer | None:
        rule = self._sections[section].first(ticket)
        if rule is None:
            return None
        return Answer(**rule.then, reason=rule.reason, rule=f"{rule.name} line {rule.line}")


class _Section:
    """One section's rules: those that any ticket may match, and those that need one of some words."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [(rule, [_test(key, value) for key, value in rule.when.items()]) for rule in rules]
        self._always: list[int] = []
        self._by_word: dict[str, list[int]] = {}
        for at, (rule, _) in enumerate(self._rules):
            words = _gates(rule.when.get("text"))
            if words is None:
                self._always.append(at)
            for word in words or ():
                self._by_word.setdefault(word, []).append(at)

    def first(self, ticket: Ticket) -> Rule | None:
        """The first rule that fits."""
        if not self._rules:
            return None
        text = normal(f"{ticket.subject}\n{ticket.description or ''}")
        candidates = self._always
        if self._by_word:
            found = set(self._always)
            for word in set(_WORD.findall(text)):
                found.update(self._by_word.get(word, ()))
            candidates = sorted(found)
        for at in candidates:
            rule, tests = self._rules[at]
            if all(test(ticket, text) for test in tests):
                return rule
        return None


def normal(text: str) -> str:
    """Text for comparing: case folded, composed, runs of white space as one blank."""
    if not text.isascii():
        from unicodedata import normalize

        text = normalize("NFC", text)
    return " ".join(text.casefold().split())


def contains(text: str, phrase: str) -> bool:
    """Whether normalised text contains a normalised phrase as whole words."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        before = at > 0 and _joined(text[at - 1], phrase[0])
        after = end < len(text) and _joined(phrase[-1], text[end])
        if not before and not after:
            return True
        at = text.find(phrase, at + 1)
    return False


def _joined(left: str, right: str) -> bool:
    return (left.isalnum() or left == "_") and (right.isalnum() or right == "_")


def _gates(phrases: Any) -> set[str] | None:
    """The first word of each phrase: a text without any of them can't match. None where a phrase has no word."""
    if phrases is None:
        return None
    gates = set()
    for phrase in phrases if isinstance(phrases, list) else [phrases]:
        word = _WORD.search(normal(phrase))
        if word is None:
            return None
        gates.add(word[0])
    return gates


def _test(key: str, value: Any) -> Test:
    values = value if isinstance(value, list) else [value]
    if key == "text":
        phrases = [normal(phrase) for phrase in values]
        return lambda _, text: any(contains(text, phrase) for phrase in phrases)
    if key in _GLOBBED:
        globs = [globber(str(v)) for v in values]
        return lambda ticket, _: any(g(getattr(ticket, key) or "") for g in globs) if getattr(ticket, key) else False
    wanted = frozenset(values)
    if key.startswith("fields."):
        name = key.removeprefix("fields.")
        return lambda ticket, _: _hashable(ticket.fields.get(name)) in wanted
    if key in ("flags", "cc"):
        return lambda ticket, _: not wanted.isdisjoint(getattr(ticket, key))
    return lambda ticket, _: getattr(ticket, key) in wanted


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | bool) else None
