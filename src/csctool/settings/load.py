"""Reading settings files: TOML into values, with errors that name file, key and what would be right."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from csctool.domain.limits import TOML_BYTES, overgrown
from csctool.domain.naming import hint, nearest
from csctool.domain.organisation import (
    AgencySettings,
    CalendarTable,
    DeskSettings,
    Person,
    Queue,
    Section,
    Service,
    SlaPolicy,
    Target,
)
from csctool.domain.words import AGENCY_KEY
from csctool.errors import NotFoundError, NotPermittedError, SettingsError, StorageError

if TYPE_CHECKING:
    from csctool.settings.ready import Later

DESK_FILE = "csctool.toml"
AGENCY_FILE = "agency.toml"
RULES_FILE = "rules.toml"

S = TypeVar("S", bound=Section)
P = TypeVar("P", DeskSettings, AgencySettings)

#: Sections of csctool.toml that hold named tables: each is converted by itself, so that an error names its key.
_NAMED: dict[str, type[Section]] = {
    "queues": Queue,
    "services": Service,
    "people": Person,
    "calendars": CalendarTable,
    "sla": SlaPolicy,
    "ola": Target,
}


def load_desk(root: str, later: "Later | None" = None) -> DeskSettings:
    """csctool.toml of a desk. Raises SettingsError, naming what is wrong and what would be right.

    `later` gets what keeps the settings of a long file ready beside it for the next command.
    """
    from csctool.settings.ready import recalled, remember

    path = os.path.join(root, DESK_FILE)
    text = read_text(path)
    data = text.encode()
    known = recalled(path, data, DeskSettings)
    if known is not None:
        return known
    settings = desk_from(text, path)
    if later is not None:
        later.append(partial(remember, path, data, settings))
    return settings


def desk_from(text: str, path: str) -> DeskSettings:
    """The same from text that does not stand in the file yet."""
    from csctool.settings.check import references

    data = parse_toml(text, path)
    if data.get("format", 1) != 1:
        newer = isinstance(data["format"], int) and data["format"] > 1
        raise SettingsError(
            f"{path}: format: this csctool reads format 1, not {data['format']!r}",
            "a newer csctool wrote it: upgrade csctool" if newer else "format = 1",
        )
    for section, kind in _NAMED.items():
        named = data.get(section)
        if isinstance(named, dict):
            data[section] = {key: convert(value, kind, path, f"{section}.{key}") for key, value in named.items()}
    if "transports" in data:
        data["transports"] = _transports(data["transports"], path)
    settings = convert(data, DeskSettings, path)
    references(settings, path)
    return _with_plain_settings(settings)


def _transports(tables: Any, path: str) -> dict[str, Section]:
    """Each table as its kind has it; the kind is the name where the table does not say it."""
    from csctool.domain.transports import KINDS

    found: dict[str, Section] = {}
    for name, table in tables.items() if isinstance(tables, dict) else [("", tables)]:
        key = f"transports.{name}".rstrip(".")
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {key}: is no table", f"e.g. [{key if name else 'transports.smtp'}]")
        kind = str(table.get("kind", name))
        if kind not in KINDS:
            said = f"{key}.kind: there is no {kind!r}" if "kind" in table else f"{key}: which kind is it?"
            raise SettingsError(f"{path}: {said}", f"kind is one of: {', '.join(KINDS)}")
        found[name] = convert(table, KINDS[kind], path, key)
    return found


def with_policies(settings: DeskSettings, path: str) -> DeskSettings:
    """The desk's settings with the promises of another file: its `[sla.…]` and `[ola.…]` in place of the desk's.

    Its `[calendars.…]` are added. One policy alone, whatever its name, is everybody's. Raises SettingsError,
    NotFoundError.
    """
    from csctool.settings.check import references

    try:
        data = read_toml(path)
    except FileNotFoundError:
        raise NotFoundError(f"no such file: {path}") from None
    kinds = {section: kind for section, kind in _NAMED.items() if section in ("sla", "ola", "calendars")}
    for section in data:
        if section not in kinds:
            raise SettingsError(f"{path}: {section}: is no part of a policy", f"known: {', '.join(kinds)}")
    found: dict[str, Any] = {}
    for section, kind in kinds.items():
        tables = data.get(section, {})
        if not isinstance(tables, dict):
            raise SettingsError(f"{path}: {section}: is no table", f"e.g. [{section}.standard]")
        found[section] = {key: convert(value, kind, path, f"{section}.{key}") for key, value in tables.items()}
    if not found["sla"]:
        raise SettingsError(f"{path}: there is no policy in it", "e.g. [sla.standard]")
    if len(found["sla"]) == 1:
        (alone,) = found["sla"].values()
        found["sla"] = dict.fromkeys((*settings.sla, *found["sla"], "standard"), alone)
    calendars = {**settings.calendars, **found["calendars"]}
    trial = msgspec.structs.replace(settings, sla=found["sla"], ola=found["ola"] or settings.ola, calendars=calendars)
    references(trial, path)
    return trial


def load_agency(root: str, key: str) -> AgencySettings:
    """agency.toml of one agency. Raises NotFoundError when the desk has no such agency."""
    path = agency_path(root, key, AGENCY_FILE)
    try:
        data = read_toml(path)
    except FileNotFoundError:
        raise no_such_agency(root, key) from None
    settings = convert(data, AgencySettings, path)
    from csctool.settings.check import agency_references

    agency_references(settings, path)
    return _with_plain_settings(settings)


def _with_plain_settings(settings: P) -> P:
    """What plugins are told, as it reaches them: dates and times as texts."""
    if not settings.settings:
        return settings
    return msgspec.structs.replace(settings, settings=msgspec.json.decode(msgspec.json.encode(settings.settings)))


def agency_path(root: str, key: str, *names: str) -> str:
    """A path inside an agency's directory. The key is checked first, so no key leads out of the desk."""
    if not AGENCY_KEY.fullmatch(key):
        raise NotFoundError(f"no such agency: {key!r}", "a key is 2 to 10 capitals and digits, e.g. DHS")
    return os.path.join(root, "agencies", key, *names)


def agency_keys(root: str) -> list[str]:
    """The keys of the desk's agencies, sorted."""
    try:
        names = os.listdir(os.path.join(root, "agencies"))
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise NotPermittedError(f"can't read {error.filename}: {error.strerror}") from None
    return sorted(name for name in names if AGENCY_KEY.fullmatch(name))


def require_agency(root: str, key: str) -> None:
    """Raise NotFoundError unless the desk has the agency, NotPermittedError where that can't be seen."""
    path = agency_path(root, key, AGENCY_FILE)
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise no_such_agency(root, key) from None
    except PermissionError as error:
        raise NotPermittedError(f"can't read {path}: {error.strerror}") from None


def no_such_agency(root: str, key: str) -> NotFoundError:
    """The error for an unknown agency, with the nearest known one."""
    known = agency_keys(root)
    if key in known:
        return NotFoundError(
            f"no such agency: {key}", f"put back {agency_path(root, key, AGENCY_FILE)}, which is missing"
        )
    near = nearest(key, known)
    if near:
        return NotFoundError(f"no such agency: {key}", f"did you mean {near}?")
    return NotFoundError(f"no such agency: {key}", f"csctool agency add {key} makes it")


def agency_of_domain(root: str, domain: str) -> str | None:
    """The agency that lists an e-mail domain. Only files that contain the word are parsed."""
    word = domain.casefold()
    for key in agency_keys(root):
        path = agency_path(root, key, AGENCY_FILE)
        try:
            with open(path, "rb") as file:
                if word.encode() not in file.read().lower():
                    continue
        except OSError:
            continue  # an agency that can't be read owns no domain for this user
        if word in (d.casefold() for d in load_agency(root, key).domains):
            return key
    return None


def read_toml(path: str) -> dict[str, Any]:
    """A TOML file as plain data; FileNotFoundError passes through for the caller to word."""
    return parse_toml(read_text(path), path)


def read_text(path: str) -> str:
    """A settings file as text. Raises SettingsError for bytes that are no UTF-8, or far too many."""
    try:
        with open(path, "rb") as file:
            data = file.read(TOML_BYTES + 1)
        if len(data) > TOML_BYTES:
            raise SettingsError(f"{path}: over {TOML_BYTES >> 20} MiB", "no settings are that long")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except PermissionError as error:
        raise NotPermittedError(f"can't read {path}: {error.strerror}") from None
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise SettingsError(f"{path}: is a directory", "a settings file belongs there") from None
    except OSError as error:
        raise StorageError(f"can't read {path}: {error.strerror}") from None


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """TOML text as plain data; the error names the file and the place."""
    import tomllib

    if too_much := overgrown(text):
        raise SettingsError(f"{path}: {too_much}", "no settings are that long")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply") from None


def convert(data: Any, kind: type[S], path: str, prefix: str = "") -> S:
    """Plain data as a settings value; the error names the key and what would be right."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        wrong = str(error)
    if "[...]" in wrong:  # msgspec does not tell which name of a table of tables it is: convert them one by one
        for name, key, value in _each(data):
            try:
                msgspec.convert({name: {key: value}}, kind)
            except msgspec.ValidationError as error:
                wrong = str(error).replace("[...]", f".{key}", 1)
                break
    raise SettingsError(f"{path}: {_worded(wrong, kind, prefix)}")


def _each(data: Any) -> Iterator[tuple[str, str, Any]]:
    """The entries of every table in a table."""
    tables = data.items() if isinstance(data, dict) else ()
    return ((name, key, value) for name, table in tables if isinstance(table, dict) for key, value in table.items())


_WORDS = {"int": "a whole number", "str": "text", "array": "a list", "object": "a table", "bool": "true or false",
          "float": "a number", "null": "nothing", "datetime": "a date and time", "date": "a date"}  # fmt: skip


def _worded(message: str, kind: type[Section], prefix: str) -> str:
    what, _, where = message.partition(" - at `")
    place = where.rstrip("`").removeprefix("$").removeprefix(".").replace("[...]", ".*")
    key = ".".join(part for part in (prefix, place) if part)
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    if unknown:
        known = _known_keys(kind, place)
        near = nearest(unknown[1], known)
        right = f"did you mean `{near}`?" if near else f"known: {', '.join(known)}" if known else ""
        return f"{key + ': ' if key else ''}unknown key `{unknown[1]}`" + (f"; {right}" if right else "")
    choice = re.fullmatch(r"Invalid enum value '(.*)'", what)
    if choice:
        return f"{key}: there is no {choice[1]!r}; {hint(choice[1], _choices(kind, place), 'one of')}"
    for name, word in _WORDS.items():
        what = what.replace(f"`{name}`", word).replace(f"`{name} | null`", word)
    what = (
        what.replace("`str | object`", "text or a table")
        .replace("`bool | array`", "true, false or a list")
        .replace("`", "")
    )
    return f"{key or 'file'}: {what[0].lower()}{what[1:]}"


def _known_keys(kind: Any, place: str) -> list[str]:
    """The keys that the section at a place may have; none where any name may stand."""
    found = _at(kind, place)
    if isinstance(found, type) and issubclass(found, Section):
        return [field.encode_name for field in msgspec.structs.fields(found)]
    return []


def _choices(kind: Any, place: str) -> list[str]:
    """The words of which one may stand at a place; none where any may."""
    found = _at(kind, place)
    return [str(word) for part in (found, *get_args(found)) if get_origin(part) is Literal for word in get_args(part)]


def _at(kind: Any, place: str) -> Any:
    """The type of what stands at a place (`incident.P1`, `tiers[4]`) of a section."""
    for word in re.findall(r"[^.\[\]]+", place):
        if isinstance(kind, type) and issubclass(kind, Section):
            kind = next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == word), None)
        else:
            kind = next((part for part in reversed(get_args(kind)) if part is not Ellipsis), None)
    return kind


def zone_named(name: str, path: str) -> tzinfo:
    """An IANA time zone. Raises SettingsError for a name that the system's zone data does not have."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{path}: timezone: no such time zone: {name!r}", "e.g. America/Chicago") from None
