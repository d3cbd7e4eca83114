"""The demo's own lines, between what its commands print."""

import sys
from datetime import datetime

import click

from csctool.render.rows import write
from csctool.render.text import visible
from csctool.render.tickets import colour


def began() -> None:
    """What is going to happen."""
    write(
        "A ticket's life, on a desk of its own. Each command is run for real; the demo adds --desk, so that no other\n"
        "desk is touched, and --now, so that two days pass in a second. A command that prints nothing has done what\n"
        "it says; on a terminal it confirms in a line.\n"
    )


def shown(when: str, why: str, line: str) -> None:
    """The next command: the time of the story, why, and what a technician types."""
    at = datetime.fromisoformat(when)
    write(f"\n{at:%a %H:%M}  {why}\n{_bold(f'$ {line}')}\n")
    sys.stdout.flush()  # what the command says on stderr comes after it


def ended(keep: str | None) -> None:
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
