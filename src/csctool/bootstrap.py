"""Wires a Desk out of settings and adapters; the only module that knows which store, clock and plugins are real."""

import os
import pwd
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

import msgspec

from csctool.desk.desk import Actor, Desk
from csctool.desk.ports import Decisions
from csctool.domain.organisation import DeskSettings
from csctool.errors import CscError, NotFoundError, UsageError
from csctool.finding import find_desk
from csctool.settings.check import agency_against_desk
from csctool.settings.directory import Agencies
from csctool.settings.load import (
    AGENCY_FILE,
    DESK_FILE,
    RULES_FILE,
    agency_path,
    load_agency,
    load_desk,
    zone_named,
)  # fmt: skip
from csctool.storage.tiny import TinyStore

#: No file stands in for another.
NOTHING: Mapping[str, str] = {}


class Wishes(msgspec.Struct, frozen=True):
    """What the command line said before the command: `--desk --as --now --strict`."""

    desk: str | None = None
    actor: str | None = None
    now: str | None = None
    strict: bool = False


class Made(msgspec.Struct, frozen=True):
    """What `init` made: where, which agencies, how many tickets."""

    desk: str
    agencies: list[str]
    tickets: int


def open_desk(
    wishes: Wishes, *, dry_run: bool = False, root: str | None = None, instead: Mapping[str, str] = NOTHING
) -> Desk:  # fmt: skip
    """The desk of a command. Raises NotFoundError when there is none, SettingsError when it can't be used.

    `instead` names files that stand in for the desk's own while something is tried: `rules` for an agency's rules.toml,
    `desk-rules` for the desk's.
    """
    root = root or find_desk(wishes.desk)
    settings = load_desk(root)
    zone = zone_named(settings.timezone, os.path.join(root, DESK_FILE))
    real = datetime.now(UTC).replace(microsecond=0)
    now = _set_clock(wishes.now, real, zone) if wishes.now else None
    return Desk(
        settings,
        TinyStore(root, wait=patience()),
        Agencies(root),
        lambda key: decisions(root, key, settings, keep=not dry_run, instead=instead),
        lambda: now or datetime.now(UTC).replace(microsecond=0),
        who(settings, wishes.actor),
        f"{real:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}",
        zone=zone,
        root=root,
        frozen_clock=now is not None,
        dry_run=dry_run,
    )


def patience() -> float:
    """How many seconds to wait for a lock: CSCTOOL_WAIT, else 10. Raises UsageError."""
    text = os.environ.get("CSCTOOL_WAIT") or "10"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise UsageError(f"CSCTOOL_WAIT: {text!r} is no number of seconds", "e.g. CSCTOOL_WAIT=2.5")
    return seconds


def _set_clock(text: str, real: datetime, zone: tzinfo) -> datetime:
    from csctool.domain.times import moment

    return moment(text, real, zone)


def who(settings: DeskSettings, wanted: str | None) -> Actor:
    """The acting person: named with `--as`, else whoever has the real Unix user, else that user's name."""
    user = unix_user()
    if wanted is None:
        return Actor(next((n for n, p in settings.people.items() if (p.user or n) == user), user), user)
    if settings.people and wanted not in settings.people and wanted != user:
        raise NotFoundError(f"no such person: {wanted!r}", "csctool person list shows who there is")
    return Actor(wanted, user)


def unix_user() -> str:
    """The name of the real Unix user, the number where it has no name."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def decisions(
    root: str, key: str, settings: DeskSettings, *, keep: bool = False, instead: Mapping[str, str] = NOTHING
) -> Decisions:  # fmt: skip
    """Those who are asked for one agency. Only rule files that exist are read; `keep` lets them be kept ready."""
    from csctool.plugins.host import host_for

    agency = load_agency(root, key)
    agency_against_desk(agency, settings, agency_path(root, key, AGENCY_FILE))
    layers: list[tuple[str, object]] = []
    for name, path in (
        ("agency-rules", instead.get("rules") or agency_path(root, key, RULES_FILE)),
        ("desk-rules", instead.get("desk-rules") or os.path.join(root, RULES_FILE)),
    ):
        if os.path.exists(path):
            from csctool.plugins.builtin.rules import RuleBook
            from csctool.settings.rules import load_rules, rule_references

            rules = load_rules(path, keep=keep and path not in instead.values())
            rule_references(rules, settings)
            layers.append((name, RuleBook(rules)))
    return host_for(key, agency, settings, layers)


def found_desk(wishes: Wishes, directory: str | None, *, demo: bool = False, dry_run: bool = False) -> Made:
    """Make a desk with its home agency, and with a demo's life when asked. Raises RefusedError where one is already."""
    from csctool.settings.initial import DESK_TEXT, demo_text, write_desk

    root = directory or wishes.desk or os.getcwd()
    text = demo_text(unix_user()) if demo else DESK_TEXT
    write_desk(root, text, dry_run=dry_run)
    if dry_run:
        return Made(root, [], 0)
    desk = open_desk(wishes, root=root)
    if demo:
        from csctool.desk.demo import populate
        from csctool.storage.memory import MemoryStore

        return Made(root, desk.directory.keys(), populate(desk, MemoryStore()))
    from csctool.desk.organising import add_agency

    add_agency(desk, desk.settings.home_agency, desk.settings.name, None)
    return Made(root, desk.directory.keys(), 0)


def check_settings(wishes: Wishes) -> tuple[list[str], list[CscError]]:
    """Every settings file of the desk, read and checked in full: (files, what is wrong)."""
    from csctool.settings.audit import audit

    return audit(find_desk(wishes.desk))
