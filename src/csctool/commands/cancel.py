"""`cancel`: end without a resolution."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, PROSE, TEXT, changing


@click.command("cancel")
@changing
@click.option("--reason", type=PROSE, required=True, help="Why.")
@click.option("--code", type=FILLED, help="withdrawn, not-supported, duplicate; default: the first of the settings.")
@click.option("--refer-to", type=TEXT, help="Who does support it.")
@click.pass_obj
def command(
    context: Context,
    keys: list[str],
    fmt: str,
    dry_run: bool,
    at: str | None,
    reason: str,
    code: str | None,
    refer_to: str | None,
) -> None:
    """End tickets without a resolution."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.cancel(keys, reason, code, refer_to))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
