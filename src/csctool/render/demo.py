"""The demo's own lines, between what its commands print; or all of it for scripts."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from types import TracebackType
from typing import Any

import click

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible
from csctool.render.tickets import colour

COLUMNS = ("command", "at", "why", "output")
BEGIN = (
    "A ticket's life, on a desk of its own. Each command is run for real; the demo adds --desk, so that no other\n"
    "desk is touched, and --now, so that two days pass in a second. A command that prints nothing has done what\n"
    "it says; on a terminal it confirms in a line.\n"
)
WOULD_BEGIN = "A ticket's life: these commands would be run, on a desk of its own.\n"


class Telling:
    """Tells of a walk step by step; `keep` is where its desk stays. What a command prints comes below it, or into its
    row; in a dry run nothing is printed."""

    def __init__(self, fmt: str, keep: str | None, *, dry_run: bool) -> None:
        self.as_json = fmt in ("json", "jsonl")
        self._fmt = fmt
        self._keep = keep
        self._dry_run = dry_run
        self._steps: list[dict[str, Any]] = []

    def __enter__(self) -> "Telling":
        if self._fmt == "table":
            write(WOULD_BEGIN if self._dry_run else BEGIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        if kind is not None:
            return
        if self._fmt == "json":
            document({"schema": "csctool.demo/1", "desk": self._keep, "steps": self._steps})
        elif self._fmt == "table":
            _ended(None if self._dry_run else self._keep)
        elif self._fmt != "jsonl":
            rows(self._steps, COLUMNS, self._fmt)

    @contextmanager
    def step(self, when: str, why: str, line: str) -> Iterator[None]:
        """Around the run of a command: the time of the story, why, and what a technician types."""
        if self._fmt == "table":
            _shown(when, why, line)
            yield
            return
        with redirect_stdout(io.StringIO()) as said:
            yield
        at = f"{datetime.fromisoformat(when):%Y-%m-%dT%H:%M:%SZ}"
        output = None if self._dry_run else said.getvalue()
        self._steps.append(
            {"command": " ".join(line.replace("\\\n", "").split()), "at": at, "why": why, "output": output}
        )
        if self._fmt == "jsonl":
            lines(self._steps[-1:])


def _shown(when: str, why: str, line: str) -> None:
    at = datetime.fromisoformat(when)
    write(f"\n{at:%a %H:%M}  {why}\n{_bold(f'$ {line}')}\n")
    sys.stdout.flush()  # what the command says on stderr comes after it


def _ended(keep: str | None) -> None:
    """Where to go from here."""
    if keep:
        place = visible(keep)
        write(f"\nThe desk stays in {place}: csctool --desk {place} list --all\n")
    write(
        "\nWhere to go next:\n"
        "  csctool init --demo DIR   a desk full of life: 12 agencies, 40 people, 600 tickets\n"
        "  csctool init DIR          a desk of your own\n"
        "  csctool COMMAND --help    every option, with examples\n"
        "  README.md and docs/       the guides\n"
    )


def _bold(text: str) -> str:
    return click.style(text, bold=True) if colour() else text
