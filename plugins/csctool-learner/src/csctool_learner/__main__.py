"""`csctool-learn`: an agency's resolved tickets in, as `csctool export` writes them; its model out."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import click
import msgspec

from csctool_learner import text_of
from csctool_learner.model import Model
from csctool_learner.teacher import Example, TooFewError, learned

#: The fields that are learned, each from the tickets that have it.
FIELDS = ("category", "queue")


class Row(msgspec.Struct, frozen=True):
    """What is read of a ticket."""

    key: str
    agency: str
    status: str
    subject: str
    description: str | None = None
    category: str | None = None
    queue: str | None = None
    resolved_at: str | None = None
    closed_at: str | None = None


@click.command("csctool-learn")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--from", "source", type=click.File("rb"), default="-", help="JSON Lines of tickets; stdin when left out."
)
@click.option("--accuracy", type=click.FloatRange(0.5, 1), default=0.9, show_default=True,
              help="How many of its answers shall be right: the higher, the more often it is silent.")  # fmt: skip
@click.option("--least", type=click.IntRange(2), default=10, show_default=True,
              help="A category or queue with fewer tickets is left to others.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Learn and report, and write nothing.")
@click.option("--verbose", is_flag=True, help="Say what is tried meanwhile.")
def main(file: str, source: BinaryIO, accuracy: float, least: int, dry_run: bool, verbose: bool) -> None:
    """Learn from an agency's resolved tickets, and write the model to FILE.

    \b
      csctool export -a DHS | csctool-learn agencies/DHS/plugins/learned.json

    A category that stood when a ticket was resolved counts as right, and the queue in which it was resolved.
    """
    place = os.path.dirname(os.path.abspath(file))
    if not os.path.isdir(place):
        raise click.ClickException(f"there is no directory {place}; the model belongs into the agency's own, plugins/")
    rows = _resolved(source)
    questions = {}
    for field in FIELDS:
        examples = [
            Example(text_of(row.subject, row.description), label) for row in rows if (label := getattr(row, field))
        ]
        try:
            question, report = learned(
                examples, accuracy=accuracy, least=least, say=_say if verbose else lambda _: None
            )
        except TooFewError as error:
            click.echo(f"{field}: too few to learn from: {error}", err=True)
            continue
        questions[field] = question
        click.echo(
            f"{field}: {len(question.labels)} answers from {question.learned_from} tickets. Of the newest "
            f"{report.kept_back}, {report.accuracy:.1%} right if it had to answer all; "
            + (f"it answers {report.answered:.1%} of them, {report.right:.1%} right." if report.answered else
               f"never {accuracy:.0%} right, so it stays silent."), err=True,
        )  # fmt: skip
        if report.left_out:
            few = ", ".join(f"{label} ({n})" for label, n in sorted(report.left_out.items()))
            click.echo(f"{field}: left out, fewer than {least} tickets: {few}", err=True)
    if not questions:
        raise click.ClickException("nothing is learned, and nothing is written")
    if not dry_run:
        _write(file, Model(rows[0].agency, f"{datetime.now(UTC):%Y-%m-%d}", questions).encoded())


def _resolved(source: BinaryIO) -> list[Row]:
    """The resolved tickets of one agency, the oldest first."""
    rows = [row for row in _rows(source) if row.status in ("resolved", "closed")]
    agencies = sorted({row.agency for row in rows})
    if len(agencies) > 1:
        several = ", ".join(agencies)
        raise click.ClickException(
            f"tickets of {several}: an agency learns from its own; csctool export -a {agencies[0]}"
        )
    if not rows:
        raise click.ClickException("there is no resolved ticket to learn from")
    return sorted(rows, key=lambda row: (row.resolved_at or row.closed_at or "", row.key))


def _rows(source: Iterable[bytes]) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(Row)
    for number, line in enumerate(source, 1):
        if line.strip():
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise click.ClickException(f"line {number} is no ticket of csctool export: {error}") from None


def _say(text: str) -> None:
    click.echo(f"  {text}", err=True)


def _write(file: str, data: bytes) -> None:
    """In one step, and with the rights of its directory: whoever runs csctool for the agency may read it."""
    new = f"{file}.new"
    shared = bool(os.stat(os.path.dirname(os.path.abspath(file))).st_mode & stat.S_ISGID)
    try:
        with open(new, "wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
            os.fchmod(target.fileno(), 0o660 if shared else 0o644)
        os.replace(new, file)
    except OSError as error:
        raise click.ClickException(f"can't write {file}: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
