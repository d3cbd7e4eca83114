"""`rules.toml` as a plugin: the first rule of a section whose tests all hold answers. `domain/matching.py` says how."""

from collections.abc import Iterator

from csctool.desk.ports import Enough, Told
from csctool.domain.matching import Book
from csctool.domain.occasion import names_of
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

    def __init__(self, rules: Rules, bounce_limit: int) -> None:
        super().__init__(rules)
        self._bounce_limit = bounce_limit

    @hookimpl
    def notify(self, event: Event, ticket: Ticket) -> list[Told | Enough]:
        """What the first `[[notify]]` rule that speaks of this event and fits wants told, and what those after it want
        as long as each says `continue`."""
        return list(self._wanted(event, ticket))

    def _wanted(self, event: Event, ticket: Ticket) -> Iterator[Told | Enough]:
        names = names_of(event, self._bounce_limit)
        for rule in self._book.fitting("notify", ticket):
            then = rule.then
            if names.isdisjoint(then["on"]):
                continue
            yield from _told(rule)
            if then.get("only"):
                yield Enough()
            if not then.get("continue"):
                return


def rule_book(rules: Rules, bounce_limit: int = 2) -> RuleBook:
    """The rules of a file, asked only what they can answer."""
    return TellingRuleBook(rules, bounce_limit) if rules.notify else RuleBook(rules)


def _told(rule: Rule) -> Iterator[Told]:
    then = rule.then
    for to in then["to"]:
        yield Told(
            then.get("transport", ""), to, f"{rule.name} line {rule.line}", then.get("template"), then.get("subject"),
            then.get("text"), None, then.get("delay"), then.get("digest"), then.get("quiet"), then.get("urgent", False),
        )  # fmt: skip
