"""Expectations: what an agency wants its rules to answer, kept in TOML beside them and run by `rules test`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from csctool.domain.naming import nearest
from csctool.domain.rehearsal import WANTED, Expectation
from csctool.domain.words import CHANNELS, DESCRIBING, KINDS, PRIORITIES
from csctool.errors import NotFoundError, SettingsError
from csctool.settings.load import parse_toml, read_text

_SAID = (*DESCRIBING, "fields")
_ABOUT = ("name", "agency", "at", "ticket")
_CHOICES: dict[str, tuple[Any, ...]] = {
    "kind": KINDS, "channel": CHANNELS, "priority": PRIORITIES, "impact": (1, 2, 3), "urgency": (1, 2, 3)
}  # fmt: skip


def read_expectations(path: str) -> list[Expectation]:
    """Every `[[expect]]` of a file. Raises NotFoundError where there is none, SettingsError for what is wrong in it."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise NotFoundError(f"no such file: {path}", "csctool rules capture KEY >> FILE begins one") from None
    data = parse_toml(text, path)
    for key in data:
        if key != "expect":
            raise SettingsError(f"{path}: unknown section `{key}`", "every expectation begins with [[expect]]")
    tables = data.get("expect", [])
    if not isinstance(tables, list):
        raise SettingsError(f"{path}: expect: is one table", "write [[expect]], one for each expectation")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.split("#")[0].strip() == "[[expect]]"]
    lines += [0] * (len(tables) - len(lines))
    return [
        _expectation(f"{path}:{line}: expect[{number}]: ", number, line, table)
        for number, (line, table) in enumerate(zip(lines, tables, strict=False), 1)
    ]


def _expectation(place: str, number: int, line: int, table: Any) -> Expectation:
    if not isinstance(table, dict) or not isinstance(table.get("ticket"), dict):
        raise SettingsError(f"{place}needs a ticket", 'e.g. ticket = { subject = "No dial tone" }')
    given = table["ticket"]
    wants = {key: value for key, value in table.items() if key not in _ABOUT}
    for wrong in (*_wrong("ticket.", given, _SAID), *_wrong("", wants, WANTED, _ABOUT), *_about(table)):
        raise SettingsError(f"{place}{wrong[0]}", wrong[1])
    if not isinstance(given.get("subject"), str) or not given["subject"].strip():
        raise SettingsError(f"{place}ticket.subject: must be text")
    if not wants:
        raise SettingsError(f"{place}expects nothing", f"give it one of: {', '.join(WANTED)}")
    if "cc" in given:
        given = {**given, "cc": tuple(given["cc"])}
    return Expectation(given, wants, table.get("name"), table.get("agency"), table.get("at"), number, line)


def _wrong(
    prefix: str, said: dict[str, Any], known: tuple[str, ...], more: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:  # fmt: skip
    for key, value in said.items():
        if key not in known:
            near = nearest(key, [*known, *more])
            right = f"did you mean `{near}`?" if near else f"known: {', '.join((*known, *more))}"
            yield f"unknown key `{prefix}{key}`", right
        elif key in _CHOICES:
            if value not in _CHOICES[key] or isinstance(value, bool):
                yield f"{prefix}{key}: must be one of {', '.join(map(str, _CHOICES[key]))}, not {value!r}", ""
        elif key == "fields":
            if not isinstance(value, dict):
                yield f"{prefix}fields: must be a table", 'e.g. fields = { site = "Springfield" }'
        elif key in ("cc", "notify"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                yield f"{prefix}{key}: must be a list of texts", ""
        elif not isinstance(value, str):
            yield f"{prefix}{key}: must be text", ""


def _about(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("name", "agency"):
        if not isinstance(table.get(key, ""), str):
            yield f"{key}: must be text", ""
    at = table.get("at")
    if at is not None and not (isinstance(at, datetime) and at.tzinfo is not None):
        yield "at: must be a time with its zone", f"e.g. {datetime(2026, 11, 20, 15, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"
