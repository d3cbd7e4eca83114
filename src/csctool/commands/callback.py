"""`callback`: record a call-back."""

import click

from csctool.commands.context import Context
from csctool.commands.options import changing, note_option


@click.command("callback")
@changing
@click.option("--reached/--no-answer", default=None, help="Whether somebody answered.")
@note_option
@click.pass_obj
def command(
    context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, reached: bool | None, note: str | None
) -> None:
    """Record that the requester of a P1 or P2 was called back."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.callback(keys, _answer(reached), note))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)


def _answer(reached: bool | None) -> bool:
    if reached is None:
        raise click.UsageError("say --reached or --no-answer")
    return reached
