"""Who is told when nobody says otherwise, on a desk that names a transport."""

from collections.abc import Mapping

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Frozen


class Default(Frozen, frozen=True):
    """A default rule. In one for the `staff`, what has to be handled by phone breaks into quiet hours."""

    on: frozenset[str]
    to: tuple[str, ...]
    staff: bool = False


#: "The client is informed at every change of status, of tier, and of the promised time" (docs: domain). A note for the
#: client counts as the desk's response, so it has to reach the client.
DEFAULTS: Mapping[str, Default] = {
    "requester": Default(frozenset({"status", "tier", "due", "public-note"}), ("requester", "affected", "cc")),
    "assignee": Default(frozenset({"assignee", "answered"}), ("assignee",), staff=True),
    "queue": Default(frozenset({"queue"}), ("queue", "lead"), staff=True),
    "coordinator": Default(
        frozenset({"escalated", "bounce-limit", "warned", "breached", "callback-required"}), ("coordinator",),
        staff=True,
    ),
    "lead": Default(frozenset({"hierarchic"}), ("told",), staff=True),
    "desk": Default(frozenset({"callback-required"}), ("desk",), staff=True),
    "contacts": Default(frozenset({"outage"}), ("contacts",)),
}  # fmt: skip
#: Work that arrives: there is none where the same command has settled the ticket, as most calls are.
WORK = frozenset({"queue", "assignee"})


def wanted(agency: AgencySettings, desk: DeskSettings) -> tuple[str, ...]:
    """The default rules that an agency has; none on a desk that names no transport."""
    if not (agency.notify.transport or desk.notify.transport):
        return ()
    said = desk.notify.defaults if agency.notify.defaults is None else agency.notify.defaults
    if isinstance(said, bool):
        return tuple(DEFAULTS) if said else ()
    return said
