"""`resolve`: the trouble is over."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, PROSE, TRAINING, changing


@click.command("resolve")
@changing
@click.option("--resolution", type=PROSE, required=True, help="What the client reads.")
@click.option("--code", type=FILLED, help="One of the resolution codes; default: the first.")
@click.option("--internal", type=PROSE, help="A note for the history only.")
@click.option("--training", type=TRAINING, help="Training need of the requester: none, or needed:TOPIC.")
@click.option("--minutes", type=click.IntRange(0), default=0, help="Effort.")
@click.option("--breach-reason", type=PROSE, metavar="TEXT", help="Why it took longer than promised.")
@click.pass_obj
def command(
    context: Context,
    keys: list[str],
    fmt: str,
    dry_run: bool,
    at: str | None,
    resolution: str,
    code: str | None,
    internal: str | None,
    training: str | None,
    minutes: int,
    breach_reason: str | None,
) -> None:
    """Tell the client that it works again."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(
        desk.resolve(
            keys,
            resolution,
            code=code,
            internal=internal,
            training=training,
            minutes=minutes,
            breach_reason=breach_reason,
        )
    )
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
