"""Impact × urgency gives the priority (ITIL's matrix, configured in `[priorities]`)."""

from csctool.domain.organisation import DeskSettings
from csctool.domain.ticket import Ticket
from csctool.plugins.hookspecs import Answer, hookimpl


class Matrix:
    """Always has an answer."""

    def __init__(self, desk: DeskSettings) -> None:
        self._priorities = desk.priorities

    @hookimpl
    def prioritize(self, ticket: Ticket) -> Answer:
        """The configured cell."""
        priority = self._priorities.of(ticket.impact, ticket.urgency)
        return Answer(priority=priority, reason=f"impact {ticket.impact} × urgency {ticket.urgency}")
