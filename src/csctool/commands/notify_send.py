"""`notify send`, `notify retry`: delivery by hand."""

from collections.abc import Sequence

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, dry_run_option, format_option, read_keys


def _ids(ctx: click.Context, _param: click.Parameter, words: Sequence[str]) -> list[str] | None:
    """What is named; None when nothing is, which is not the same as `-` with nothing on stdin."""
    context = ctx.find_object(Context)
    return read_keys(words, context) if words and context and not ctx.resilient_parsing else None


def _keys(_ctx: click.Context, _param: click.Parameter, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.upper() for word in words)


agencies_option = click.option(
    "--agency", "-a", "agencies", multiple=True, type=AGENCY, callback=_keys, help="Only this one; may be repeated."
)
ids_argument = click.argument("ids", nargs=-1, metavar="[ID...]", callback=_ids)


@click.command("send", short_help="Deliver what is due, or these messages.")
@ids_argument
@agencies_option
@dry_run_option
@format_option()
@click.pass_obj
def send(context: Context, ids: list[str] | None, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Deliver what is due; with IDs these messages, due or not, held or given up.

    Exit 9 when something could not be delivered: it stays in the outbox.
    """
    from csctool.desk.delivering import send as deliver
    from csctool.desk.outbox import named
    from csctool.render.notify import Sending

    desk = context.desk(dry_run=dry_run)
    chosen = None if ids is None else named(desk, ids, agencies)
    only = None if chosen is None else set().union(*chosen.values())
    with Sending(fmt, dry_run=dry_run) as sending:
        done = deliver(desk, agencies if chosen is None else chosen, only=only, told=sending.sent)
    context.failed += [error for _, error in done.failures]
    desk.notices += [f"{key}: another process is delivering its messages just now" for key in done.busy]


@click.command("retry", short_help="Another chance for what was given up or held.")
@ids_argument
@click.option("--dead", is_flag=True, help="All that were given up.")
@click.option("--held", is_flag=True, help="All that are held.")
@agencies_option
@dry_run_option
@format_option()
@click.pass_obj
def retry(
    context: Context, ids: list[str] | None, dead: bool, held: bool, agencies: tuple[str, ...], dry_run: bool, fmt: str
) -> None:  # fmt: skip
    """Give messages that were given up or held another chance: the next delivery takes them."""
    from csctool.desk.outbox import again
    from csctool.render.notify import listed

    states = [state for state, wanted in (("dead", dead), ("held", held)) if wanted]
    listed(again(context.desk(dry_run=dry_run), ids, states, agencies), fmt, quiet=not dry_run)
