"""`notify preview`: the words of an event before anybody reads them."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, KEY


def _events(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    from csctool.domain.occasion import EVENTS

    return [name for name in EVENTS if name.startswith(begun)]


#: How to show it -> what it takes.
FORMS: dict[str, Any] = {"text": "words", "html": "page", "mime": "mail", "json": "words"}


@click.command("preview", short_help="What would be said of an event, and to whom.")
@click.argument("key", type=KEY)
@click.argument("event", type=FILLED, shell_complete=_events)
@click.option("--to", type=FILLED, metavar="ROLE|ADDRESS", help="Only this recipient: requester, assignee, an address.")
@click.option("--locale", type=FILLED, help="In this language instead of the recipient's: ru, en_GB.")
@click.option(
    "--format", "fmt", type=click.Choice(tuple(FORMS)), default="text", show_default=True, help="How to show it."
)
@click.pass_obj
def preview(context: Context, key: str, event: str, to: str | None, locale: str | None, fmt: str) -> None:
    """Show what would be said of an event, and to whom. Nothing is sent.

    EVENT is what rules call it: opened, held, resolved, … One that has not happened is made up. `html` is the page,
    `mime` the whole e-mail. Exit 2 when a template can't be used; what would be said instead is shown.

    \b
      csctool notify preview DHS-1 resolved
      csctool notify preview DHS-1 resolved --to requester --locale ru --format html > mail.html
    """
    from csctool.desk.previewing import preview as look
    from csctool.render.previews import previews

    found = look(context.desk(dry_run=True), key, event, to, locale, FORMS[fmt])
    previews(found.previews, found.untold, fmt)
    context.failed += found.troubles
