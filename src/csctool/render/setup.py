"""What the commands that set up a desk say."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from csctool.errors import CscError
from csctool.render.rows import Row, document, lines, rows, scalar, write
from csctool.render.text import visible


def made(desk: Any, fmt: str, *, dry_run: bool) -> None:
    """A new desk: where, with which agencies."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.desk/1", **msgspec.to_builtins(desk)})
    elif dry_run:
        write(f"would make a desk in {visible(desk.desk)}\n")
    elif sys.stderr.isatty():
        more = f" with {len(desk.agencies)} agencies and {desk.tickets} tickets" if desk.tickets else ""
        step = "list" if desk.tickets else "agency add KEY"
        place = visible(desk.desk)
        click.echo(f"a desk in {place}{more}; next: csctool --desk {place} {step}", err=True)


def added(what: str, name: str, *, dry_run: bool, fmt: str = "table") -> None:
    """A new agency, queue or person."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.added/1", what: name})
    elif dry_run:
        write(f"would add {what} {visible(name)}\n")
    elif sys.stderr.isatty():
        click.echo(f"added {what} {visible(name)}", err=True)


def _listed(kind: str, found: Sequence[Row], columns: Sequence[str], fmt: str, whole: bool) -> None:
    if fmt == "json":
        document({"schema": f"csctool.{kind}/1", kind: found})
    elif fmt == "jsonl":
        lines(found)
    elif whole and fmt == "table":
        for row in found:
            for name, value in row.items():
                if value not in (None, "", [], {}, False):
                    write(f"{name.replace('_', ' '):<14} {visible(scalar(value))}\n")
    else:
        rows(found, columns, fmt, shrink=columns[-1])


def agencies(found: Sequence[Row], fmt: str, *, whole: bool = False) -> None:
    """Agencies."""
    _listed("agencies", found, ("key", "open", "name"), fmt, whole)


def queues(found: Sequence[Row], fmt: str, *, whole: bool = False) -> None:
    """Queues."""
    _listed("queues", found, ("name", "tier", "desk", "open", "assign", "lead", "members", "title"), fmt, whole)


def people(found: Sequence[Row], fmt: str) -> None:
    """People."""
    _listed("people", found, ("key", "name", "user", "roles", "away", "queues"), fmt, False)


def services(found: Sequence[Row], fmt: str) -> None:
    """The catalogue."""
    _listed("services", found, ("key", "supported", "desk", "aliases", "title"), fmt, False)


def checked(files: Sequence[str], wrong: Sequence[CscError], fmt: str) -> None:
    """What `config check` read. What is wrong goes to stderr."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.config/1", "files": files, "wrong": [str(error) for error in wrong]})
    elif fmt != "table":
        rows([{"file": path} for path in files], ("file",), fmt)
    elif not wrong:
        write(f"{len(files)} settings file{'s' * (len(files) != 1)} read, nothing wrong\n")


def archived(moved: Mapping[str, int], fmt: str, *, dry_run: bool) -> None:
    """How many tickets went into the archive, per agency; quiet when none did."""
    found = [{"agency": key, "archived": count} for key, count in moved.items()]
    if fmt == "json":
        document({"schema": "csctool.archive/1", "rows": found})
    elif fmt == "jsonl":
        lines(found)
    elif fmt != "table":
        rows(found, ("agency", "archived"), fmt)
    else:
        word = "would archive" if dry_run else "archived"
        for row in found:
            if row["archived"]:
                write(f"{row['agency']}: {word} {row['archived']}\n")
