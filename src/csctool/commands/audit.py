"""`audit verify/head`: prove that nobody changed the past."""

from typing import BinaryIO

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, format_option
from csctool.errors import DifferencesError


@click.group("audit")
def command() -> None:
    """The chain of digests over every ticket's history."""


@command.command("verify", short_help="Check every history; exit 10 names the first breaks.")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@click.option(
    "--head", "kept", type=click.File("rb"), metavar="FILE", help="Heads that were kept elsewhere; - is stdin."
)
@format_option()
@click.pass_obj
def verify(context: Context, agencies: tuple[str, ...], kept: BinaryIO | None, fmt: str) -> None:
    """Check every history; exit 10 names the ticket and the event at which one breaks."""
    from csctool.desk.auditing import compare, read_heads
    from csctool.desk.auditing import verify as check
    from csctool.render.auditing import verified

    desk = context.desk()
    found = check(desk, [key.upper() for key in agencies])
    if kept is not None:
        found.breaks += compare(desk, read_heads(kept))
    verified(found, fmt)
    context.failed += [
        DifferencesError(f"{b.key}, event {b.seq}: {b.why}" if b.seq else f"{b.key}: {b.why}") for b in found.breaks
    ]


@command.command("head", short_help="One digest an agency, to mail to somebody else.")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@format_option()
@click.pass_obj
def head(context: Context, agencies: tuple[str, ...], fmt: str) -> None:
    """Print one digest an agency, to mail to somebody else: what stands now can't be changed unnoticed after that."""
    from csctool.desk.auditing import heads
    from csctool.render.auditing import headed

    headed(heads(context.desk(), [key.upper() for key in agencies]), fmt)
