"""Where tickets go when nobody said: the service's desk, the agency's queue, the desk's; and the next tier per kind."""

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Ticket
from csctool.plugins.hookspecs import Answer, hookimpl


class QueueMap:
    """Always routes; escalates where the settings name the next queue, or where only one can be meant."""

    def __init__(self, agency: AgencySettings, desk: DeskSettings) -> None:
        self._agency = agency
        self._desk = desk

    @hookimpl
    def route(self, ticket: Ticket) -> Answer:
        """The desk of the service, else the agency's default queue, else the single point of contact."""
        service = self._desk.services.get(ticket.service or "")
        if service and service.desk:
            return Answer(queue=service.desk, reason=f"the catalogue's desk for {ticket.service}")
        if self._agency.default_queue:
            return Answer(queue=self._agency.default_queue, reason="the agency's default queue")
        return Answer(queue=self._desk.default_queue, reason="the single point of contact")

    @hookimpl
    def escalate(self, ticket: Ticket) -> Answer | None:
        """`escalates_to` of the queue for the ticket's kind, else the one queue of the next tier that handles it."""
        queue = self._desk.queues.get(ticket.queue or "")
        if queue is None:
            return None
        named = queue.next_for(ticket.kind)
        if named:
            return Answer(queue=named, reason=f"{ticket.queue} escalates {ticket.kind} to {named}")
        tier = self._desk.tier_after(queue.tier)
        able = [
            name for name, other in self._desk.queues.items()
            if other.tier == tier and (not other.kinds or ticket.kind in other.kinds)
        ]  # fmt: skip
        if len(able) != 1:
            return None
        return Answer(queue=able[0], reason=f"the only queue of tier {tier} for {ticket.kind}")
