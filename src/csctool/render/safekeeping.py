"""What a backup holds, and what a restore did."""

import sys
from typing import Any

import click
import msgspec

from csctool.render.rows import document, rows, write
from csctool.render.text import visible

#: So many names are told in a line; JSON has all.
SOME = 10


def backed_up(backup: Any, fmt: str, *, dry_run: bool) -> None:
    """A backup that was made: a document for scripts, a line on a terminal's stderr for people."""
    if fmt != "table":
        _told(backup, fmt)
    elif dry_run:
        write(_summary(backup, "would hold") + "\n")
    elif sys.stderr.isatty():
        click.echo(_summary(backup, "holds"), err=True)


def verified(backup: Any, fmt: str) -> None:
    """A backup that was read to its end: when it was made, by what, and what is in it."""
    if fmt != "table":
        _told(backup, fmt)
        return
    write(f"{_summary(backup, 'holds')}\n")
    write(
        f"made {backup.made_at:%Y-%m-%d %H:%M:%SZ} by csctool {visible(backup.csctool)}; "
        "every byte is as it was written\n"
    )
    write(f"digest {backup.digest}\n")


def restored(done: Any, fmt: str) -> None:
    """What was put back, or would be; quiet in a pipe."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.restore/1", **msgspec.to_builtins(done)})
    elif fmt != "table":
        found = [{**msgspec.to_builtins(one), "lost": len(one.lost)} for one in done.agencies]
        rows(found, ("agency", "tickets", "number", "lost", "unreadable"), fmt)
    elif done.dry_run:
        for line in _steps(done):
            write(visible(line) + "\n")
    elif sys.stderr.isatty():
        tickets = sum(one.tickets for one in done.agencies)
        click.echo(visible(f"restored {_count(done.agencies, 'agency')} with {tickets} tickets in {done.desk}, as of "
                           f"{done.backup.made_at:%Y-%m-%d %H:%M:%SZ}"), err=True)  # fmt: skip
        held = sum(one.held for one in done.agencies)
        if held:
            click.echo(
                f"{held} messages are held, which may have been delivered already: csctool notify list", err=True
            )
        if done.kept:
            click.echo(visible(f"what was there is in {done.kept}; remove it when nobody needs it"), err=True)


def progress(done: int, whole: int) -> None:
    """How far it is, on a terminal."""
    if sys.stderr.isatty() and whole:
        click.echo(f"\r{100 * done // whole} % …", nl=False, err=True)


def progressed() -> None:
    """Clear the line that told how far."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _told(backup: Any, fmt: str) -> None:
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.backup/1", **msgspec.to_builtins(backup)})
    else:
        found = msgspec.to_builtins(backup)
        rows([found], ("file", "bytes", "made_at", "files", "agencies", "skipped", "left_out", "digest"), fmt)


def _summary(backup: Any, verb: str) -> str:
    size = f" ({backup.bytes} bytes)" if backup.bytes else ""
    told = f"{backup.file}{size} {verb} {_count(backup.agencies, 'agency')} in {backup.files} files"
    for word, names in (("not in it", backup.skipped), ("left out", backup.left_out)):
        if names:
            told += f"; {word}: {_some(names)}"
    return visible(told)


def _steps(done: Any) -> list[str]:
    steps = []
    for one in done.agencies:
        steps.append(f"would restore {one.agency}: {one.tickets} tickets, new ones from {one.agency}-{one.number + 1}")
        if one.lost:
            steps.append(f"  it lacks changes in {_some(one.lost)}: refused without --force")
        if one.unreadable:
            steps.append(f"  what is there can't be read ({one.unreadable}): refused without --force")
    steps += [f"would leave {key} as it is: it is not in the backup" for key in done.left]
    steps += [f"would replace {name}" for name in done.settings]
    return steps


def _some(names: Any) -> str:
    return ", ".join(names[:SOME]) + (f" and {len(names) - SOME} more" if len(names) > SOME else "")


def _count(found: Any, word: str) -> str:
    return f"{len(found)} {word if len(found) == 1 else word.removesuffix('y') + 'ies'}"
