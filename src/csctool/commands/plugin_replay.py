"""`plugin replay`: past tickets through changed rules."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.filters import filters, query_of
from csctool.commands.options import FILLED, format_option

FILE = click.Path(exists=True, dir_okay=False)
ASKABLE = ("category", "kind", "service", "priority", "queue")


@click.command("replay", short_help="Run past tickets through changed rules or plugins.")
@click.option("--rules", type=FILE, metavar="FILE", help="In place of the agency's rules.toml.")
@click.option("--desk-rules", type=FILE, metavar="FILE", help="In place of the desk's rules.toml.")
@click.option("--plugin", type=FILLED, metavar="FILE|PACKAGE", help="In place of the agency's plugins.")
@click.option("--desk-plugin", type=FILLED, metavar="FILE|PACKAGE", help="In place of the desk's plugins.")
@click.option(
    "--ask", multiple=True, type=click.Choice(ASKABLE), help="Decide this anew although somebody had said it."
)
@click.option(
    "--against", type=click.Choice(("happened", "current")), default="happened",
    help="Compare with what really happened, or with what the rules in force answer now.",
)  # fmt: skip
@filters
@format_option()
@click.pass_obj
def command(
    context: Context, /, rules: str | None, desk_rules: str | None, plugin: str | None, desk_plugin: str | None,
    ask: tuple[str, ...], against: str, fmt: str, **said: Any,
) -> None:  # fmt: skip
    """Run past tickets through changed rules or a changed plugin and show what would differ; writes nothing.

    Exit 10 when anything differs.

    Closed tickets count too, unless --status says otherwise. Without a file, the rules in force are tried on the past.

    \b
      csctool plugin replay -a DHS --rules new.toml --opened last-month
      csctool plugin replay -a DHS --rules new.toml --against current --format keys
      csctool plugin replay -a DHS --plugin draft.py
    """
    from csctool.desk.replay import replay
    from csctool.errors import DifferencesError
    from csctool.render.replaying import progress, progressed, replayed

    files = {"rules": rules, "desk-rules": desk_rules, "plugin": plugin, "desk-plugin": desk_plugin}
    tried = {name: path for name, path in files.items() if path}
    current = context.desk(dry_run=True) if against == "current" else None
    desk = context.desk(dry_run=True, instead=tried)
    said["everything"] = said["everything"] or not said["statuses"]
    try:
        found = replay(desk, query_of(desk, said), ask=ask, current=current, tried=tried.values(), progress=progress)
    finally:
        progressed()
    replayed(found, fmt)
    if found.differ:
        context.failed.append(DifferencesError(f"{found.differ} of {found.tickets} tickets would be decided otherwise"))
