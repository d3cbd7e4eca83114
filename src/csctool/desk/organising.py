"""Setting up and looking at a desk: agencies, queues, people, services."""

from collections.abc import Mapping
from typing import Any

import msgspec

from csctool.desk.desk import Desk
from csctool.domain.address import AddressError, address
from csctool.domain.query import Query
from csctool.domain.words import AGENCY_KEY
from csctool.errors import RefusedError, UsageError

Row = dict[str, Any]


def add_agency(desk: Desk, key: str, name: str, group: str | None) -> Row:
    """A new agency: its place in the store, then its settings. Raises UsageError for what is no key."""
    desk.permit("agency")
    if not AGENCY_KEY.fullmatch(key):
        hint = f"did you mean {key.upper()}?" if AGENCY_KEY.fullmatch(key.upper()) else "2 to 10 capitals and digits"
        raise UsageError(f"{key!r} is no agency key", hint)
    if key in set(desk.directory.keys()):
        raise RefusedError(f"there is an agency {key} already")
    if not desk.dry_run:
        desk.store.create(key, group)
        desk.directory.add_agency(key, name)
    return {"key": key, "name": name}


def add_entry(desk: Desk, section: str, key: str, values: Mapping[str, Any]) -> None:
    """A new queue or person in the settings. Raises UsageError for an address that no mail would be sent to."""
    desk.permit({"queues": "queue", "people": "person"}[section])
    if "email" in values:
        try:
            address(values["email"])
        except AddressError as error:
            raise UsageError(f"--email {values['email']!r} {error}", "write e.g. ana@example.gov") from None
    desk.directory.add_entry(section, key, values, dry_run=desk.dry_run)


def agencies_of(desk: Desk) -> list[Row]:
    """Every agency with its name and how many tickets are open; the home agency is marked."""
    counts = dict.fromkeys(desk.store.agencies(), 0)
    for ticket in desk.store.find(Query()):  # all in one, so that one that is damaged hides no other
        if ticket.open:
            counts[ticket.agency] = counts.get(ticket.agency, 0) + 1
    return [{**agency_of(desk, key), "open": count} for key, count in counts.items()]


def agency_of(desk: Desk, key: str) -> Row:
    """One agency's settings."""
    settings = msgspec.to_builtins(desk.directory.agency(key))
    return {"key": key, "home": key == desk.settings.home_agency, **settings}


def queues_of(desk: Desk) -> list[Row]:
    """The queues by tier, with what is open in each."""
    counts: dict[str | None, int] = {}
    for ticket in desk.store.find(Query()):
        if ticket.open:
            counts[ticket.queue] = counts.get(ticket.queue, 0) + 1
    order = [tier.name for tier in desk.settings.tiers]
    rows = [{**_queue(desk, name), "open": counts.get(name, 0)} for name in desk.settings.queues]
    return sorted(rows, key=lambda row: order.index(row["tier"]))


def queue_of(desk: Desk, name: str) -> Row:
    """One queue. Raises NotFoundError."""
    desk.queue(name)
    return _queue(desk, name)


def _queue(desk: Desk, name: str) -> Row:
    return {"name": name, **msgspec.to_builtins(desk.settings.queues[name])}


def people_of(desk: Desk) -> list[Row]:
    """The people with the queues they are in."""
    return [
        {"key": key, **msgspec.to_builtins(person), "user": person.user or key, "queues": desk.settings.queues_of(key)}
        for key, person in desk.settings.people.items()
    ]


def services_of(desk: Desk) -> list[Row]:
    """The catalogue."""
    return [{"key": key, **msgspec.to_builtins(service)} for key, service in desk.settings.services.items()]
