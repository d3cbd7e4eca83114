"""What is wrong with rules, which expectations they miss, and expectations as TOML."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.lifecycle import rfc3339
from csctool.render.rows import document, lines, rows, scalar, write
from csctool.render.text import UNSAFE, visible

_FINDING = ("file", "line", "rule", "kind", "message", "hint")


def checked(found: Any, root: str, fmt: str) -> None:
    """Findings, by file and line."""
    findings = [{**msgspec.to_builtins(f), "file": f.file.removeprefix(root).lstrip("/")} for f in found.findings]
    if fmt == "json":
        document({
            "schema": "csctool.rules.check/1", "rules": found.rules, "tickets": found.tickets, "findings": findings,
        })  # fmt: skip
    elif fmt == "jsonl":
        lines(findings)
    elif fmt != "table":
        rows(findings, _FINDING, fmt)
    elif findings:
        for row in findings:
            place = ":".join(str(part) for part in (row["file"], row["line"]) if part)
            rule = f"{row['rule']}: " if row["rule"] else ""
            hint = f"; {row['hint']}" if row["hint"] else ""
            write(visible(f"{place}: {row['kind']}: {rule}{row['message']}{hint}") + "\n")
    elif not found.failures:
        write(
            f"{found.rules} rule{'s' * (found.rules != 1)} held against {found.tickets} past tickets, nothing found\n"
        )


def tried(file: str, found: Sequence[Any], fmt: str) -> None:
    """Which expectations are missed, and by whom."""
    missed = [msgspec.to_builtins(one) for one in found if one.misses]
    if fmt == "json":
        document({
            "schema": "csctool.rules.test/1", "file": file, "expectations": len(found), "met": len(found) - len(missed),
            "missed": missed,
        })  # fmt: skip
    elif fmt == "jsonl":
        lines(missed)
    elif fmt != "table":
        flat = [{**one, **miss} for one in missed for miss in one["misses"]]
        columns = ("expect", "line", "name", "agency", "field", "expected", "got", "plugin", "rule", "reason")
        rows(flat, columns, fmt)
    else:
        for one in missed:
            _missed(file, one)
        write(f"{len(found) - len(missed)} of {len(found)} expectations met\n")


def _missed(file: str, one: Mapping[str, Any]) -> None:
    write(visible(f"{file}:{one['line']}: expect[{one['expect']}]" + (f" {one['name']}" if one["name"] else "")) + "\n")
    for miss in one["misses"]:
        who = " ".join(part for part in (miss["plugin"], miss["rule"]) if part)
        because = f", {miss['reason']}" if miss["reason"] else ""
        by = f" (by {who}{because})" if who else ""
        got = scalar(miss["got"]) or "nothing"
        write(visible(f"    {miss['field']}: expected {scalar(miss['expected'])}, got {got}{by}") + "\n")


# -- TOML ----------------------------------------------------------------------------------------------------


def captured(found: Sequence[Any], fmt: str) -> None:
    """Expectations as a file has them, ready to be appended to one; or as JSON."""
    if fmt in ("json", "jsonl"):
        plain = [_plain(one.expectation) for one in found]
        if fmt == "jsonl":
            lines(plain)
        else:
            document({"schema": "csctool.rules.expect/1", "expect": plain})
        return
    for one in found:
        _expect(one)


def _plain(expected: Any) -> dict[str, Any]:
    about = {"name": expected.name, "agency": expected.agency, "at": expected.at}
    return {**about, **expected.wants, "ticket": expected.given}


def _expect(one: Any) -> None:
    plain = _plain(one.expectation)
    ticket = plain.pop("ticket")
    write("[[expect]]\n")
    for name, value in plain.items():
        remark = f"    # {one.moment} {visible(scalar(one.other[name]))}" if name in one.other else ""
        write(f"{name} = {toml(value)}{remark}\n")
    write("[expect.ticket]\n")
    for name, value in ticket.items():
        write(f"{_key(name)} = {toml(value)}\n")
    write("\n")


def toml(value: Any) -> str:
    """A value in one line of TOML; what a terminal would run or hide is escaped, and reads as the same text."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {toml(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value if item is not None) + "]"
    if isinstance(value, str):
        return re.sub(UNSAFE, _escaped, json.dumps(value, ensure_ascii=False))
    return json.dumps(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def _escaped(found: re.Match[str]) -> str:
    return f"\\U{ord(found[0]):08x}"
