"""`undo`: take an operation back."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, PROSE, dry_run_option, format_option


@click.command("undo")
@click.argument("op", required=False, type=FILLED, metavar="[OP]")
@click.option("--reason", type=PROSE, help="Why; kept in the histories.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, op: str | None, reason: str | None, dry_run: bool, fmt: str) -> None:
    """Take back one whole operation, on every ticket that it touched: without OP your latest.

    An operation is what one command did; history shows its name, of which the first characters are enough. What it
    opened or imported is cancelled, flagged undone and hidden. Refused when a later change stands in the way. To undo
    an undo, name it.
    """
    from csctool.desk.undoing import undo
    from csctool.render.undoing import undone

    undone(undo(context.desk(dry_run=dry_run), op, reason), fmt, dry_run=dry_run)
