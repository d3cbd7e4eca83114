"""What a map may say: which column is what, how values translate, how times are written, what means missing."""

import os
import re
import tomllib
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from csctool.domain.intake import UNDECIDED
from csctool.domain.limits import TOML_BYTES, overgrown
from csctool.domain.naming import hint
from csctool.domain.words import CHANNELS, DESCRIBING, HOLD_CAUSES, KINDS, PRIORITIES, STATUSES
from csctool.errors import NotFoundError, SettingsError
from csctool.transfer.timeform import time_reader

#: Where the maps lie that come with csctool.
MAPS = os.path.join(os.path.dirname(__file__), "maps")

Value = str | int | bool | float

#: Targets that are times, and those that name who did something then.
TIMES = ("opened_at", "updated_at", "responded_at", "resolved_at", "closed_at", "due", "due_response")
ACTORS = ("opened_by", "resolved_by", "closed_by")
#: Everything that a column may be.
TARGETS = (
    "key", "agency", "agency_name", *DESCRIBING, "status", "queue", "assignee", "owner", "resolution", "code", "cause",
    "training", "minutes", *TIMES, *ACTORS,
)  # fmt: skip
#: What stands in a status: a status of the desk, `open` (queued or assigned, as the assignee says), `on-hold:CAUSE`.
HELD = tuple(f"on-hold:{cause}" for cause in HOLD_CAUSES)
WORDS: dict[str, tuple[Any, ...]] = {
    "kind": KINDS, "channel": CHANNELS, "priority": PRIORITIES, "status": (*STATUSES, UNDECIDED, *HELD),
    "impact": (1, 2, 3), "urgency": (1, 2, 3),
}  # fmt: skip
#: The value that a table gives to every cell that it does not list.
OTHERWISE = "*"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a map; unknown keys are refused."""


class Times(Section, frozen=True):
    """How times are written; `form` is `iso`, `epoch` or a form of strptime's directives."""

    form: str = "iso"
    zone: str | None = None


class Field(Section, frozen=True):
    """An extra field of the ticket, and what its cells are."""

    column: str
    type: Literal["text", "integer", "number", "boolean", "time"] = "text"


class EventLog(Section, frozen=True):
    """The columns of a row that is an event: when it was, who made it, what was written."""

    at: str
    by: str | None = None
    note: str | None = None


class Map(Section, frozen=True):
    """A whole map. `name` is part of every ticket's identity: the same id in two maps is two tickets."""

    name: str = ""
    title: str = ""
    row: Literal["ticket", "event"] = "ticket"
    id: str | None = None
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None
    times: Times = Times()
    columns: dict[str, str | tuple[str, ...]] = {}
    constants: dict[str, Value] = {}
    fields: dict[str, str | Field] = {}
    values: dict[str, dict[str, Value]] = {}
    event: EventLog | None = None

    def wanted(self) -> list[str]:
        """Every column that the map names, once."""
        names: list[str] = [self.id] if self.id else []
        for column in self.columns.values():
            names += [column] if isinstance(column, str) else column
        names += [self.field(name).column for name in self.fields]
        if self.event:
            names += [name for name in (self.event.at, self.event.by, self.event.note) if name]
        return list(dict.fromkeys(names))

    def field(self, name: str) -> Field:
        """An extra field with its type."""
        said = self.fields[name]
        return Field(said) if isinstance(said, str) else said


def shipped() -> list[str]:
    """The names of the maps that come with csctool."""
    return sorted(name.removesuffix(".toml") for name in os.listdir(MAPS) if name.endswith(".toml"))


def load_map(word: str) -> Map:
    """A map by its name, or from a file. Raises NotFoundError; SettingsError names file, key and what is right."""
    if re.fullmatch(r"[\w-]+", word) and not os.path.exists(word):
        names = shipped()
        if word not in names:
            raise NotFoundError(f"no such map: {word}", f"there are {', '.join(names)}; or name a TOML file")
        path = f"map {word}"
        text = _read(os.path.join(MAPS, f"{word}.toml"))
    else:
        path = word
        text = _read(word)
    if too_much := overgrown(text):
        raise SettingsError(f"{path}: {too_much}", "no map is that long")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply") from None
    data.setdefault("name", os.path.basename(word).removesuffix(".toml"))
    found = _converted(data, path)
    check(found, path)
    return found


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(TOML_BYTES + 1)
        if len(data) > TOML_BYTES:
            raise SettingsError(f"{path}: over {TOML_BYTES >> 20} MiB", "no map is that long")
        return data.decode("utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"no such map: {path}", f"ready ones: {', '.join(shipped())}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None


def _converted(data: dict[str, Any], path: str) -> Map:
    try:
        return msgspec.convert(data, Map)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        key = where.rstrip("`").removeprefix(".").replace("[...]", "") or "map"
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
        if not unknown:
            raise SettingsError(f"{path}: {key}: {what[0].lower()}{what[1:]}") from None
        kind: Any = {"times": Times, "event": EventLog, "fields": Field}.get(key.partition(".")[0], Map)
        known = [field.name for field in msgspec.structs.fields(kind)]
        raise SettingsError(
            f"{path}: {key}: unknown key `{unknown[1]}`", hint(unknown[1], known, "known", 99)
        ) from None


def check(found: Map, path: str) -> None:
    """Refuse what names something that is not there, or could never be filled in. Raises SettingsError."""

    def wrong(key: str, what: str, right: str) -> SettingsError:
        return SettingsError(f"{path}: {key}: {what}", right)

    for section, names in (("columns", found.columns), ("constants", found.constants)):
        for name in names:
            if name not in TARGETS:
                raise wrong(section, f"a ticket has no `{name}`", hint(name, TARGETS, "known", 99))
    for name in found.constants:
        if name in found.columns:
            raise wrong(f"constants.{name}", "it is a column too", "keep one of them")
    for name, value in found.constants.items():
        _word(path, f"constants.{name}", name, value)
    for name, table in found.values.items():
        if name not in found.columns and name.removeprefix("fields.") not in found.fields:
            raise wrong(
                f"values.{name}", "translates no column", hint(name, (*found.columns, *found.fields), "known", 99)
            )
        for cell, value in table.items():
            _word(path, f"values.{name}.{cell!r}", name, value)
    if found.row == "event" and (found.event is None or found.id is None):
        raise wrong(
            "row", "events need to know their ticket and their time", 'set id = "COLUMN" and [event] at = "COLUMN"'
        )
    if found.row == "ticket" and found.event is not None:
        raise wrong("event", "the rows are tickets", 'set row = "event"')
    if "subject" not in found.columns and "subject" not in found.constants:
        raise wrong("columns", "nothing says what the subject is", 'e.g. subject = "short_description"')
    _times(found, path)


def _times(found: Map, path: str) -> None:
    try:
        time_reader(found.times.form, ZoneInfo(found.times.zone or "UTC"))
    except (LookupError, OSError):
        raise SettingsError(f"{path}: times.zone: no such zone: {found.times.zone!r}", "e.g. America/Chicago") from None
    except ValueError as error:
        raise SettingsError(f"{path}: times.form: {error}") from None


def _word(path: str, key: str, name: str, value: Value) -> None:
    known = WORDS.get(name)
    if known and value not in known and value != "":
        raise SettingsError(f"{path}: {key}: {name} can't be {value!r}", hint(str(value), known, "known", 99))
