"""Wires a Desk out of settings and adapters; the only module that knows which store, clock and plugins are real."""

import os
import pwd
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from csctool.desk.core import Actor, permit
from csctool.desk.desk import Desk
from csctool.desk.ports import Decisions
from csctool.domain.naming import known
from csctool.domain.operation import named
from csctool.domain.organisation import DeskSettings
from csctool.errors import CscError, SettingsError, UsageError
from csctool.finding import find_desk
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
from csctool.storage import files
from csctool.storage.tiny import TinyStore

if TYPE_CHECKING:
    from csctool.crew import Crew
    from csctool.desk.doctoring import Checkup
    from csctool.desk.ports import Symptom
    from csctool.domain.keeping import Backup, Restored
    from csctool.notify.mailroom import Mailroom
    from csctool.plugins.additions import Additions
    from csctool.plugins.layers import Asked
    from csctool.plugins.nursery import Nursery
    from csctool.settings.audit import Audited
    from csctool.settings.ready import Later

#: The layers of Python: an agency's, and the whole desk's.
AGENCY_LAYER = "agency-plugins"
DESK_LAYER = "desk-plugins"
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
    `desk-rules` for the desk's; `plugin` and `desk-plugin` name a file or package in place of all that are enabled.
    """
    root = root or find_desk(wishes.desk)
    later: Later = []
    settings = _settings(root, later)
    zone = zone_named(settings.timezone, os.path.join(root, DESK_FILE))
    real = datetime.now(UTC)
    now = _set_clock(wishes.now, real.replace(microsecond=0), zone) if wishes.now else None
    panel = Panel(root, settings, later, instead=instead)
    agencies = Agencies(root)
    desk = Desk(
        settings,
        TinyStore(root, wait=patience()),
        agencies,
        panel.decisions,
        lambda: now or datetime.now(UTC).replace(microsecond=0),
        who(settings, wishes.actor, root),
        named(real, os.urandom(2)),
        zone=zone,
        root=root,
        frozen_clock=now is not None,
        dry_run=dry_run,
        brace=panel.brace,
        dismiss=panel.close,
        post=lambda: mailroom(desk),
        later=later,
        send_off=partial(_send_off, root, wishes.now),
    )
    return desk


def _send_off(root: str, now: str | None, keys: Iterable[str]) -> None:
    """Have the messages of some agencies delivered by a process that nobody waits for. Raises OSError."""
    from csctool.notify.courier import send_off

    send_off(os.path.abspath(root), now, keys)


def mailroom(desk: Desk) -> "Mailroom":
    """Where letters are handed in: the transports of the settings, and those of the agencies' plugins."""
    from csctool.notify.mailroom import Mailroom
    from csctool.notify.words import Writer

    agency = desk.directory.agency
    return Mailroom(
        desk.root, desk.settings, agency, Writer(desk.root, desk.settings, agency, partial(_template, desk.root)),
        lambda letter, subject, text: desk.decisions(letter.agency).deliver(letter, subject, text),
    )  # fmt: skip


def _template(root: str, directory: str, name: str) -> bytes:
    """A template of an agency's or the desk's directory, if nobody can have written it who is not trusted with plugins.

    So no link leads a letter to what its reader must not see. Raises FileNotFoundError, OSError, SettingsError.
    """
    from csctool.plugins.trust import UntrustedError, read_within, trust

    try:
        return read_within(directory, name, trust(root, directory))[1]
    except UntrustedError as error:
        path = os.path.relpath(os.path.join(directory, name), root)
        raise SettingsError(f"{path}: {error}", "the next best words are used") from None


def _settings(root: str, later: "Later") -> DeskSettings:
    """The desk's settings; where a restore died in the middle, it is ended first."""
    try:
        return load_desk(root, later)
    except SettingsError:
        from csctool.storage.swapping import settle

        if settle(root, patience()) is None:
            raise
        return load_desk(root)


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


def who(settings: DeskSettings, wanted: str | None, root: str) -> Actor:
    """The acting person: named with `--as`, else whoever has the real Unix user, else that user's name.

    Whoever acts as somebody else has that person's rights and no others. Raises NotFoundError, NotPermittedError.
    """
    user = unix_user()
    if not settings.people:
        return Actor(wanted or user, user)
    person = next((name for name, found in settings.people.items() if (found.user or name) == user), None)
    myself = Actor(person or user, user, person is not None, steward=_owns(root))
    if wanted in (None, person) or (wanted == user and user not in settings.people):
        return myself
    known(settings.people, wanted or "", "person")
    permit(settings, myself, "as")
    return Actor(wanted or "", user)


def _owns(root: str) -> bool:
    """Whether the real Unix user is root or the owner of the desk's directory, who may write any file in it."""
    uid = os.getuid()
    return uid in (0, os.stat(root).st_uid)


def unix_user() -> str:
    """The name of the real Unix user, the number where it has no name."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class Panel:
    """Those who are asked, agency by agency, and where the processes of their Python come from."""

    def __init__(
        self, root: str, settings: DeskSettings, later: "Later | None" = None, *,
        instead: Mapping[str, str] = NOTHING,
    ) -> None:  # fmt: skip
        self._root = root
        self._settings = settings
        self._later = later
        self._instead = instead
        self._nursery: Nursery | None = None
        self._children: list[Asked] = []

    def decisions(self, key: str) -> Decisions:
        """Those who are asked for one agency. Only rule files that exist are read."""
        from csctool.plugins.host import host_for
        from csctool.settings.check import agency_against_desk

        root, settings = self._root, self._settings
        agency = load_agency(root, key)
        agency_against_desk(agency, settings, agency_path(root, key, AGENCY_FILE))
        rules = self._instead.get("rules") or agency_path(root, key, RULES_FILE)
        desk_rules = self._instead.get("desk-rules") or os.path.join(root, RULES_FILE)
        layers = (
            self._python(AGENCY_LAYER, key, agency_path(root, key), agency.plugins, self._instead.get("plugin")),
            self._rules("agency-rules", rules, agency.notify.transport),
            self._python(DESK_LAYER, key, root, settings.plugins, self._instead.get("desk-plugin")),
            self._rules("desk-rules", desk_rules, agency.notify.transport),
        )
        home = os.path.abspath(agency_path(root, key))
        return host_for(key, agency, settings, [layer for layer in layers if layer is not None], home)

    def brace(self, keys: Iterable[str]) -> None:
        """Before tickets of several agencies are read: if one of these has Python, its processes' home stands apart."""
        several = list(keys)
        if len(several) > 1 and (self._settings.plugins or any(_has_python(self._root, key) for key in several)):
            with suppress(OSError):  # told when a process is wanted
                self._home().open()

    def close(self) -> None:
        """End every process."""
        for layer in self._children:
            layer.close()
        if self._nursery is not None:
            self._nursery.close()

    def _python(
        self, name: str, key: str, directory: str, plugins: tuple[str, ...], trial: str | None
    ) -> "Asked | None":
        plugins = (trial,) if trial else plugins
        if not plugins:
            return None
        from csctool.plugins.remote import ChildLayer

        layer = ChildLayer(name, key, directory, self._root, plugins, self._home(), trial=bool(trial))
        self._children.append(layer)
        return layer

    def _rules(self, name: str, path: str, transport: str | None) -> "tuple[str, object] | None":
        """Long rules are kept ready once something was saved, but not those that stand in for others."""
        if not files.exists(path):
            return None
        from csctool.plugins.builtin.rules import rule_book
        from csctool.settings.rules import load_rules, rule_references

        rules = load_rules(path, None if path in self._instead.values() else self._later)
        rule_references(rules, self._settings, transport)
        return name, rule_book(rules, self._settings.lifecycle.bounce_limit)

    def _home(self) -> "Nursery":
        if self._nursery is None:
            from csctool.plugins.nursery import Nursery

            self._nursery = Nursery()
        return self._nursery


def _has_python(root: str, key: str) -> bool:
    """Whether an agency enables any; a file that says `plugins = []`, as new ones do, need not be parsed."""
    try:
        with open(agency_path(root, key, AGENCY_FILE), "rb") as file:
            return b"\nplugins = []" not in file.read() and bool(load_agency(root, key).plugins)
    except (CscError, OSError):
        return False  # told when it is used


def crew(_wishes: Wishes, desk: Desk, jobs: int | None) -> "Crew[Any] | None":
    """Processes for an import, as many as there are processors unless `jobs` says; None where it does all by itself.

    It does where portions of the work would touch each other: where some plugin's process serves them all, or a queue
    gives a ticket to whoever has least at the whole desk.
    """
    hands = jobs or len(os.sched_getaffinity(0))
    settings, agencies = desk.settings, desk.directory.keys()
    together = settings.plugins or any(queue.assign == "least-loaded" for queue in settings.queues.values())
    if hands < 2 or desk.dry_run or together or any(_has_python(desk.root, key) for key in agencies):
        return None
    from csctool.crew import Crew

    return Crew(hands)


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


def surroundings(_wishes: Wishes, place: str) -> "list[Symptom]":
    """What speaks against a place for a desk, where that can be seen at a glance."""
    from csctool.storage.mounts import network

    found = network(place)
    return [found] if found else []


def new_package(_wishes: Wishes, name: str, directory: str | None, *, dry_run: bool = False) -> list[str]:
    """The files of a plugin package that works and is tested, made in a directory. Needs no desk."""
    from csctool.settings.skeleton import write_package

    return write_package(name, directory or name, dry_run=dry_run)


def additions(wishes: Wishes) -> "Additions":
    """What the desk's plugins add to csctool. Raises NotFoundError where there is no desk."""
    from csctool.plugins.additions import Additions

    root = find_desk(wishes.desk)
    return Additions(root, load_desk(root).plugins)


def check_settings(wishes: Wishes) -> "Audited":
    """Every settings file of the desk, read and checked in full."""
    from csctool.settings.audit import audit

    return audit(find_desk(wishes.desk))


def doctor(wishes: Wishes, *, repair: bool = False, dry_run: bool = False) -> "Checkup":
    """A look at the whole desk, also at one whose settings can't be used. Raises NotFoundError, BusyError."""
    from csctool.desk.doctoring import doctor as look
    from csctool.settings.audit import audit
    from csctool.storage import swapping

    root = find_desk(wishes.desk)
    if repair:
        settings = _usable(root)
        permit(settings, who(settings, wishes.actor, root), "repair")
    if repair and not dry_run:
        swapping.settle(root, patience())
    wrong = [] if swapping.interrupted(root) else audit(root).wrong
    store = TinyStore(root, wait=patience())

    def more() -> "Iterator[Symptom]":
        yield from swapping.leftovers(root)
        yield from _plugin_files(root)
        yield from _secrets(root)

    return look(store, wrong, _moment(wishes), more=more, repair=repair, dry_run=dry_run)


def back_up(
    wishes: Wishes, path: str, *, force: bool, dry_run: bool, progress: Callable[[int, int], None]
) -> "tuple[Backup, list[CscError]]":
    """A backup of the desk, also of one whose settings can't be used, and what is not in it."""
    from csctool.storage.keeper import Keeper
    from csctool.storage.swapping import settle

    root = find_desk(wishes.desk)
    settle(root, patience())
    keeper = Keeper(root, patience(), progress)
    made = keeper.back_up(path, _moment(wishes), force=force, dry_run=dry_run)
    return made, keeper.troubles()


def look_at_backup(_wishes: Wishes, path: str, progress: Callable[[int, int], None]) -> "Backup":
    """What a backup holds, when it is whole. Needs no desk."""
    from csctool.storage.keeper import Keeper

    return Keeper("", 0, progress).look(path)


def restore(
    wishes: Wishes, path: str, directory: str | None, *, agency: str | None, force: bool, dry_run: bool
) -> "Restored":
    """A backup put in the place of a desk, or into a new directory. Raises what `desk.safekeeping.restore` does."""
    from csctool.desk.safekeeping import restore as put_back
    from csctool.storage.keeper import Keeper

    root = (directory or find_desk(wishes.desk)).rstrip("/") or "/"
    settings = _usable(root)
    permit(settings, who(settings, wishes.actor, root), "restore")
    keeper = Keeper(root, patience())
    return put_back(keeper, path, agency, _moment(wishes), force=force, dry_run=dry_run)


def _moment(wishes: Wishes) -> datetime:
    """Now, for what needs no settings and so knows no zone of the desk."""
    real = datetime.now(UTC).replace(microsecond=0)
    return _set_clock(wishes.now, real, UTC) if wishes.now else real


def _usable(root: str) -> DeskSettings:
    """The settings for asking who may. Those that can't be used, or are none, name nobody: then the files decide."""
    try:
        return load_desk(root)
    except (CscError, FileNotFoundError):
        return DeskSettings()


def _plugin_files(root: str) -> Iterator["Symptom"]:
    """Plugin files that the host would refuse."""
    from csctool.plugins.trust import refused

    for key in ("", *Agencies(root).keys()):
        directory = agency_path(root, key) if key else root
        with suppress(CscError):  # settings that can't be read are told by themselves
            names = (load_agency(root, key) if key else load_desk(root)).plugins
            yield from refused(root, key or None, directory, names)


def _secrets(root: str) -> Iterator["Symptom"]:
    """Secrets of transports that keep messages from leaving."""
    from csctool.notify.secrets import unusable

    with suppress(CscError):  # settings that can't be read are told by themselves
        yield from unusable(load_desk(root).transports)
