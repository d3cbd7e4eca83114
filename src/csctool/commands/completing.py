"""Names for the shell's completion, read at a glance: no settings are validated, no store is opened."""

import os
import re

from csctool.errors import CscError
from csctool.finding import MARK, find_desk

_SECTION = {"queue": "queues", "person": "people", "service": "services"}
_KEY = re.compile(rb'^"(\d+)":\{', re.MULTILINE)
_AGENCY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
#: A shell puts a name into the line as it is, and would run what stands in one.
_PLAIN = re.compile(r"[\w.:@%+,=/-]+")
MOST = 200


def names(what: str, desk: str | None, begun: str) -> list[str]:
    """What could be meant, at most 200 words that are plain to a shell; nothing where there is no desk."""
    try:
        root = find_desk(desk)
        if what == "agency":
            return [key for key in _agencies(root) if key.startswith(begun.upper())]
        if what == "key":
            return _keys(root, begun.upper())
        names = (name for name in _tables(root, _SECTION[what]) if _PLAIN.fullmatch(name))
        return [name for name in names if name.startswith(begun)][:MOST]
    except (CscError, OSError, ValueError):
        return []  # the shell shows nothing; the command itself will say what is wrong


def _agencies(root: str) -> list[str]:
    return sorted(name for name in os.listdir(os.path.join(root, "agencies")) if _AGENCY.fullmatch(name))


def _keys(root: str, begun: str) -> list[str]:
    agency = begun.partition("-")[0]
    found: list[str] = []
    for key in _agencies(root):
        if not (key == agency if "-" in begun else key.startswith(agency)):
            continue
        path = os.path.join(root, "agencies", key, "open.json")
        if not os.path.exists(path):
            continue
        with open(path, "rb") as file:
            text = file.read()
        found += [f"{key}-{number.decode()}" for number in _KEY.findall(text)]
    return [key for key in found if key.startswith(begun)][:MOST]


def _tables(root: str, section: str) -> list[str]:
    import tomllib

    with open(os.path.join(root, MARK), "rb") as file:
        tables = tomllib.load(file).get(section, {})
    return sorted(tables) if isinstance(tables, dict) else []
