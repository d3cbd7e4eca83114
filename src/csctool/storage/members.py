"""What a desk is made of: settings, rules, plugins, tickets. Other files there are derived, or somebody else's.

A backup takes the first and nothing else, so that a file with a password in it, wherever it lies, stays where it is.
"""

import os
import re
import stat
from collections.abc import Iterator
from typing import Literal, NamedTuple

from csctool.domain.words import AGENCY_KEY
from csctool.storage import files

#: One name of a path that leads nowhere else, hides nothing and can be shown as it is.
_NAME = r"(?![.~])[^/\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"
_SETTINGS = r"(?:{}|rules|tests)\.toml"
#: Code, and what code reads (see `taken`), in the directory for it or beside the settings.
_PLUGIN = rf"(?:plugins/(?:{_NAME}/)*)?{_NAME}\.py|plugins/(?:{_NAME}/)*{_NAME}\.(?:json|toml|csv|tsv)"
_TEMPLATE = rf"templates/(?:{_NAME}/)*{_NAME}\.(?:txt|html|toml)"
_STORE = r"open\.json|closed/\d{4}-\d\d\.json"
_JOURNAL = r"sent/\d{4}-\d\d\.jsonl"
_AGENCY = rf"agencies/(?:{AGENCY_KEY.pattern})"

#: What a desk is made of, by names relative to it.
MEMBER = re.compile(
    rf"{_SETTINGS.format('csctool')}|{_PLUGIN}|{_TEMPLATE}"
    rf"|{_AGENCY}/(?:{_SETTINGS.format('agency')}|{_PLUGIN}|{_TEMPLATE}|{_STORE}|{_JOURNAL})"
)
#: Store files among them: made by csctool alone, each with a checksum; they are replaced and never changed.
STORE = re.compile(rf"{_AGENCY}/(?:{_STORE})")
#: What was delivered: only ever added to.
JOURNAL = re.compile(rf"{_AGENCY}/(?:{_JOURNAL})")
#: What csctool makes beside them, and would make again: names without their directories.
DERIVED = re.compile(
    r"\.lock|\.delivering|\.(rules|csctool)\.cache(\.part)?|(open|\d{4}-\d\d)\.(prev|format\d+)\.json|index\.json"
    r"|\d{4}-\d\d\.brief-[\w-]+\.json|.*\.json\.(tmp|next)|.*\.damaged-\w+(\.\d+)?|\.restored-[\w-]+|__pycache__"
    r"|closed|sent|plugins|templates|messages\.jsonl"
)

Kind = Literal["member", "derived", "strange"]


class Found(NamedTuple):
    """A file by its name relative to the desk, `agencies/DHS/open.json`, and what the system says of it."""

    name: str
    stat: os.stat_result


def agencies(root: str) -> list[str]:
    """The keys of the agencies that have a place at a desk, sorted. Raises NotPermittedError, StorageError."""
    try:
        return sorted(name for name in os.listdir(f"{root}/agencies") if AGENCY_KEY.fullmatch(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.failure(f"{root}/agencies", error, "read") from error


def kind_of(name: str) -> Kind:
    """What a file is by its name relative to the desk."""
    if MEMBER.fullmatch(name):
        return "member"
    return "derived" if DERIVED.fullmatch(name.rpartition("/")[2]) else "strange"


def own(root: str, agency: str | None) -> Iterator[Found]:
    """The files of an agency, or of the desk itself, that a backup takes. Raises what `within` raises, OSError."""
    mode = os.stat(f"{root}/agencies/{agency}" if agency else root).st_mode
    return (found for found in within(root, agency) if taken(found, mode))


def taken(found: Found, directory_mode: int) -> bool:
    """Whether a file goes into a backup: a plain one of the desk's own. A plugin's data that its owner has hidden from
    those who may look into the directory, as one does with passwords, does not."""
    if not stat.S_ISREG(found.stat.st_mode) or kind_of(found.name) != "member":
        return False
    data = "/plugins/" in f"/{found.name}" and not found.name.endswith(".py")
    return not data or bool(found.stat.st_mode & 0o077) or not directory_mode & 0o077


def agency_of(name: str) -> str | None:
    """The agency whose file it is; None for the desk's own."""
    return name.split("/", 2)[1] if name.startswith("agencies/") else None


def within(root: str, agency: str | None) -> Iterator[Found]:
    """What lies in an agency's directory, or in the desk's own: names that csctool knows or might; `.git` or a
    virtual environment is not looked into. Symbolic links are not followed. Raises NotPermittedError, StorageError."""
    place = f"agencies/{agency}/" if agency else ""
    for name, found in _entries(root, place):
        if not stat.S_ISDIR(found.st_mode):
            yield Found(name, found)
        elif name in (f"{place}closed", f"{place}sent") and agency:
            yield from (Found(*entry) for entry in _entries(root, f"{name}/"))
        elif name in (f"{place}plugins", f"{place}templates"):
            yield from _below(root, name)


def _below(root: str, directory: str) -> Iterator[Found]:
    for name, found in _entries(root, f"{directory}/"):
        if not stat.S_ISDIR(found.st_mode):
            yield Found(name, found)
        elif kind_of(name) == "strange" and not name.rpartition("/")[2].startswith("."):
            yield from _below(root, name)


def _entries(root: str, place: str) -> Iterator[tuple[str, os.stat_result]]:
    directory = f"{root}/{place}".rstrip("/")
    try:
        for name in sorted(os.listdir(directory)):
            try:
                yield f"{place}{name}", os.lstat(f"{directory}/{name}")
            except FileNotFoundError:
                continue  # it went in this moment
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise files.failure(directory, error, "read") from error
