"""`note`: write something down."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PROSE, Keys, at_option, dry_run_option, format_option, read_keys
from csctool.domain.words import CHANNELS
from csctool.errors import UsageError


@click.command("note")
@click.argument("words", nargs=-1, required=True, type=Keys("key"), metavar="KEY... TEXT")
@click.option("-m", "text", type=PROSE, metavar="TEXT", help="The text; then every argument is a key.")
@click.option("--public", is_flag=True, help="The requester reads it: a response.")
@click.option("--from", "whose", type=click.Choice(("requester",)), help="Who said it; an answer ends a hold for them.")
@click.option("--channel", type=click.Choice(CHANNELS), help="How it came.")
@click.option("--minutes", type=click.IntRange(0), default=0, help="Effort.")
@at_option
@dry_run_option
@format_option()
@click.pass_obj
def command(
    context: Context, words: tuple[str, ...], text: str | None, public: bool, whose: str | None, channel: str | None,
    minutes: int, fmt: str, dry_run: bool, at: str | None,
) -> None:  # fmt: skip
    """Write something down. The last argument is the text, - reads it from stdin; -m frees the last argument."""
    from csctool.render.tickets import changed

    keys, said = _said(context, words, text)
    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(
        desk.note(keys, said, public=public, from_requester=whose is not None, channel=channel, minutes=minutes)
    )
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)


def _said(context: Context, words: tuple[str, ...], text: str | None) -> tuple[list[str], str]:
    """The keys and the text."""
    if text is not None:
        return read_keys(words, context), text
    *keys, last = words
    if not keys:
        raise UsageError("which ticket, or which text?", 'csctool note KEY "TEXT"')
    said = PROSE.convert(last, None, click.get_current_context())
    return read_keys(keys, context), said
