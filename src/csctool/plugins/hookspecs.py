"""The public contract with plugin authors: every hook, what it gets, what it may answer, what happens when it fails.

All arguments are frozen values; none of them reaches the store. An answer is a plain string or an `Answer`; None passes
the question on to the next in line. A plugin that raises or answers nonsense is named on stderr and in the ticket's
history, and the next in line is asked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pluggy

from csctool.domain.ticket import Ticket

API = 1
PROJECT = "csctool"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer with a reason. Only the fields that the hook asks for are looked at."""

    category: str | None = None
    kind: str | None = None
    service: str | None = None
    impact: int | None = None
    urgency: int | None = None
    priority: str | None = None
    queue: str | None = None
    person: str | None = None
    lead: str | None = None
    reason: str | None = None
    rule: str | None = None


class Agency(msgspec.Struct, frozen=True):
    """The agency whose ticket it is. `now` is the time of the change, UTC."""

    key: str
    name: str
    now: datetime
    locale: str = "en"
    contacts: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """What is about to happen: the verb and the new value of each field that would change."""

    verb: str
    fields: Mapping[str, Any]


Said = str | Answer | None


class Hooks:
    """The hook specifications."""

    @hookspec(firstresult=True)
    def categorize(self, ticket: Ticket, agency: Agency) -> Said:
        """What is this about?

        Called when a ticket is opened or re-routed, for the fields nobody set. `ticket` has its final key. Answer a
        category (`telecom/voice/voicemail`), or an `Answer` with category, kind and service. The first answer wins.
        On failure the next in line is asked.
        """

    @hookspec(firstresult=True)
    def prioritize(self, ticket: Ticket, agency: Agency) -> Said:
        """How bad is it?

        Called after categorize. Answer a priority (`P1`), or an `Answer` with impact and urgency (1 to 3), from which
        the matrix gives the priority. The first answer wins. On failure the next in line is asked.
        """

    @hookspec
    def validate(self, change: Change, ticket: Ticket, agency: Agency) -> list[str] | None:
        """What speaks against this change?

        Called before every change with the ticket as it would stand. Answer a list of objections, empty for none.
        Everybody is asked and every objection shown; one refuses the change, except the opening of an incident,
        complaint or contact, which is captured as incomplete. A failing validate is no objection.
        """

    @hookspec(firstresult=True)
    def route(self, ticket: Ticket, agency: Agency) -> Said:
        """Who takes it?

        Called when a ticket is opened or re-routed, after prioritize. Answer a queue, or an `Answer` with queue and
        person. The first answer wins. On failure the next in line is asked.
        """

    @hookspec(firstresult=True)
    def escalate(self, ticket: Ticket, reason: str, agency: Agency) -> Said:
        """Who takes it next?

        Called when a ticket is escalated without naming a queue. `reason` is what the technician said. Answer a queue,
        or an `Answer` with queue or lead. The first answer wins. On failure the next in line is asked.
        """
