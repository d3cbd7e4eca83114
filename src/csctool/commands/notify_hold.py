"""`notify hold`, `notify recall`: second thoughts while a message waits."""

import click

from csctool.commands.context import Context
from csctool.commands.notify_send import agencies_option, ids_argument
from csctool.commands.options import dry_run_option, format_option
from csctool.errors import UsageError


@click.command("hold")
@ids_argument
@agencies_option
@dry_run_option
@format_option()
@click.pass_obj
def hold(context: Context, ids: list[str] | None, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Hold messages back while they wait; `notify retry` lets them go."""
    from csctool.desk.withholding import hold
    from csctool.render.notify import listed

    listed(hold(context.desk(dry_run=dry_run), _named(ids), agencies), fmt, quiet=not dry_run)


@click.command("recall")
@ids_argument
@agencies_option
@dry_run_option
@format_option()
@click.pass_obj
def recall(context: Context, ids: list[str] | None, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Take messages back while they wait: nobody gets them. What has left can't be recalled."""
    from csctool.desk.withholding import recall
    from csctool.render.notify import listed

    listed(recall(context.desk(dry_run=dry_run), _named(ids), agencies), fmt, quiet=not dry_run)


def _named(ids: list[str] | None) -> list[str]:
    if ids is None:
        raise UsageError("which messages?", "give their IDs, or the key of a ticket for all that waits about it")
    return ids
