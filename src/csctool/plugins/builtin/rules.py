"""`rules.toml` as a plugin: the first rule of a section whose tests all hold answers. `domain/matching.py` says how."""

from collections.abc import Iterator

from csctool.desk.ports import Told
from csctool.domain.matching import Book
from csctool.domain.notice import name_of
from csctool.domain.organisation import Rule, Rules
from csctool.domain.ticket import Event, Ticket
from csctool.plugins.hookspecs import Answer, hookimpl


class RuleBook:
    """The rules of one file."""

    def __init__(self, rules: Rules) -> None:
        self.source = rules.source
        self._book = Book(rules)

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
        rule = self._book.first(section, ticket)
        return None if rule is None else Answer(**rule.then, reason=rule.reason, rule=f"{rule.name} line {rule.line}")


class TellingRuleBook(RuleBook):
    """The rules of a file that says who is told; one that does not is not asked, event by event, for nothing."""

    @hookimpl
    def notify(self, event: Event, ticket: Ticket) -> list[Told]:
        """What the first `[[notify]]` rule that speaks of this event and fits wants told."""
        name = name_of(event)
        for rule in self._book.fitting("notify", ticket):
            if name in rule.then["on"]:
                return list(self._wanted(rule))
        return []

    def _wanted(self, rule: Rule) -> Iterator[Told]:
        by = f"{rule.name} line {rule.line}"
        for to in rule.then["to"]:
            yield Told(rule.then["transport"], to, by, rule.then.get("template"), None, rule.then.get("text"))


def rule_book(rules: Rules) -> RuleBook:
    """The rules of a file, asked only what they can answer."""
    return TellingRuleBook(rules) if rules.notify else RuleBook(rules)
