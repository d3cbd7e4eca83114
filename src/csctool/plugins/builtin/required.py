"""Objections that settings ask for: required fields of an agency, services that the catalogue lacks."""

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Ticket
from csctool.plugins.hookspecs import Change, hookimpl

#: Verbs that describe a ticket; required fields are looked at then, and when it is to be resolved.
_DESCRIBE = frozenset({"open", "triage", "resolve", "transfer"})


class Required:
    """`required = { incident = ["service"] }` of agency.toml; a name that is no ticket field means `fields.NAME`."""

    def __init__(self, agency: AgencySettings) -> None:
        self._required = agency.required

    @hookimpl
    def validate(self, change: Change, ticket: Ticket) -> list[str]:
        """One objection for each field that is empty."""
        if change.verb not in _DESCRIBE:
            return []
        return [
            f"{name} is required for {ticket.kind}"
            for name in self._required.get(ticket.kind, ())
            if not _given(ticket, name)
        ]


def _given(ticket: Ticket, name: str) -> bool:
    name = name.removeprefix("fields.")
    value = getattr(ticket, name, None) if name in ticket.__struct_fields__ else ticket.fields.get(name)
    return value not in (None, "", ())


class Catalogue:
    """A service that the catalogue does not have is an objection; an empty catalogue accepts any."""

    def __init__(self, desk: DeskSettings) -> None:
        self._desk = desk

    @hookimpl
    def validate(self, change: Change, ticket: Ticket) -> list[str]:
        """One objection for an unknown service."""
        known = self._desk.services
        if change.verb not in _DESCRIBE or not known or ticket.service is None or ticket.service in known:
            return []
        return [f"no such service in the catalogue: {ticket.service}"]
