"""`config check`: every settings file of a desk, read in full, every one of them even when another is wrong."""

import os
from collections.abc import Callable
from typing import NamedTuple

from csctool.domain.address import AddressError, address
from csctool.domain.organisation import AgencySettings, CalendarTable, DeskSettings
from csctool.errors import CscError, NotPermittedError, SettingsError
from csctool.settings.check import agency_against_desk
from csctool.settings.load import (
    AGENCY_FILE,
    DESK_FILE,
    RULES_FILE,
    agency_keys,
    agency_path,
    load_agency,
    load_desk,
    zone_named,
)  # fmt: skip
from csctool.settings.rules import load_rules, rule_references
from csctool.settings.statutory import holidays_of


class Audited(NamedTuple):
    """The files that were read, what is wrong in them, and the agencies that were left out: they may not be read."""

    files: list[str]
    wrong: list[CscError]
    left_out: list[CscError]


def audit(root: str) -> Audited:
    """A look at every settings file that may be read."""
    files: list[str] = []
    wrong: list[CscError] = []
    left_out: list[CscError] = []

    def attempt(path: str, read: Callable[[], object]) -> None:
        files.append(path)
        try:
            read()
        except CscError as error:
            wrong.append(error)

    desk: list[DeskSettings] = []
    attempt(os.path.join(root, DESK_FILE), lambda: desk.append(_desk(root)))
    settings = desk[0] if desk else None
    attempt_rules(attempt, os.path.join(root, RULES_FILE), settings)
    for key in agency_keys(root):
        place = agency_path(root, key)
        if not os.access(place, os.R_OK | os.X_OK):
            left_out.append(NotPermittedError(f"you may not read {place}", f"{key} was left out"))
            continue
        path = agency_path(root, key, AGENCY_FILE)
        found: list[AgencySettings] = []
        attempt(path, lambda k=key, p=path, f=found: f.append(_agency(root, k, p, settings)))  # type: ignore[misc]
        transport = found[-1].notify.transport if found else None
        attempt_rules(attempt, agency_path(root, key, RULES_FILE), settings, transport)
    return Audited(files, wrong, left_out)


def _desk(root: str) -> DeskSettings:
    settings = load_desk(root)
    path = os.path.join(root, DESK_FILE)
    zone_named(settings.timezone, path)
    for name, table in settings.calendars.items():
        _calendar(name, table, settings.timezone, path)
    for name, person in settings.people.items():
        _mailbox(person.email, f"{path}: people.{name}.email")
    return settings


def _mailbox(email: str | None, place: str) -> None:
    """Refuse what no mail would be sent to; here and not at every command, which has other things to do."""
    try:
        if email is not None:
            address(email)
    except AddressError as error:
        raise SettingsError(f"{place}: {email!r} {error}", "write e.g. ana@example.gov") from None


def _calendar(name: str, table: CalendarTable, timezone: str, path: str) -> None:
    from csctool.domain.business_hours import parse_calendar

    zone = table.timezone or timezone
    zone_named(zone, f"{path}: calendars.{name}")
    try:
        parse_calendar(name, zone=zone, hours=table.hours, holidays=table.holidays, exceptions=table.exceptions)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error.message}", error.hint) from None
    if table.statutory:
        holidays_of(table.statutory, f"{path}: calendars.{name}.statutory")


def _agency(root: str, key: str, path: str, settings: DeskSettings | None) -> AgencySettings:
    agency = load_agency(root, key)
    if settings is not None:
        agency_against_desk(agency, settings, path)
    return agency


def attempt_rules(
    attempt: Callable[[str, Callable[[], object]], None], path: str, settings: DeskSettings | None,
    transport: str | None = None,
) -> None:  # fmt: skip
    """Check a rules file where there is one."""
    if os.path.exists(path):
        attempt(path, lambda: rule_references(load_rules(path), settings, transport))
