"""The default rules as a plugin, the last that is asked; `domain/default_rules.py` has what they say."""

from collections.abc import Iterator

from csctool.desk.ports import Told
from csctool.domain.default_rules import DEFAULTS, WORK
from csctool.domain.occasion import names_of
from csctool.domain.organisation import DeskSettings
from csctool.domain.ticket import Event, Ticket
from csctool.plugins.hookspecs import hookimpl


class DefaultRules:
    """The default rules of one agency; all are asked."""

    def __init__(self, names: tuple[str, ...], desk: DeskSettings) -> None:
        self._rules = {name: DEFAULTS[name] for name in names}
        self._desk = desk

    @hookimpl
    def notify(self, event: Event, ticket: Ticket) -> list[Told]:
        """What each of them wants told."""
        return list(self._wanted(event, ticket))

    def _wanted(self, event: Event, ticket: Ticket) -> Iterator[Told]:
        names = names_of(event, self._desk.lifecycle.bounce_limit)
        if not ticket.open:
            names -= WORK
        urgent = ticket.priority in self._desk.priorities.phone
        for name, rule in self._rules.items():
            for to in () if names.isdisjoint(rule.on) else rule.to:
                yield Told("", to, f"default {name}", urgent=urgent and rule.staff)
