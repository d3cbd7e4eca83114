"""`assign`: give tickets to a person or a queue."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PERSON, PROSE, QUEUE, changing


@click.command("assign")
@changing
@click.option("--to", type=PERSON, help="Who works it.")
@click.option("--me", is_flag=True, help="You do.")
@click.option("--queue", "-q", type=QUEUE, help="The queue it waits in.")
@click.option("--reason", type=PROSE, help="Why.")
@click.option("--force", is_flag=True, help="Send it even to a queue that returned it; needs --reason.")
@click.pass_obj
def command(
    context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, to: str | None, me: bool,
    queue: str | None, reason: str | None, force: bool,
) -> None:  # fmt: skip
    """Give tickets to a person, a queue, or a person in a queue."""
    from csctool.render.tickets import changed

    if me and to:
        raise click.UsageError("--me and --to name two people")
    desk = context.desk(dry_run=dry_run, at=at)
    person = desk.actor.name if me else to
    done = context.took(desk.assign(keys, queue=queue, person=person, force=force, reason=reason))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
