"""What an import says: its sum, how far it is, and which rows it could not take."""

import sys
from typing import Any

import click

from csctool.render.rows import document, write


def imported(counts: dict[str, Any], fmt: str, *, dry_run: bool) -> None:
    """The sum of an import: a document for scripts, a line on a terminal's stderr for people."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.import/1", **counts})
        return
    would = "would add" if dry_run else "added"
    said = f"{counts['rows']} rows: {would} {counts['added']} tickets"
    said += "".join(f", {counts[word]} {text}" for word, text in _MORE.items() if counts[word])
    if dry_run:
        write(said + "\n")
    elif sys.stderr.isatty():
        click.echo(said, err=True)


_MORE = {
    "known": "were here already",
    "rejected": "rejected",
    "dirty": "with times out of order (kept as they are; see docs/import.md)",
}


def progress(line: int) -> None:
    """How far an import is, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\rline {line} …", nl=False, err=True)


def progressed() -> None:
    """Clear the line that told how far."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
