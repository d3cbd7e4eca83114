"""`plugin list/new/check/replay`."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, dry_run_option, format_option
from csctool.commands.plugin_replay import command as replay
from csctool.errors import DifferencesError, UsageError

agency_option = click.option("--agency", "-a", type=AGENCY, help="Of this agency only.")


@click.group("plugin")
def command() -> None:
    """The agencies' plugins and rules: make one, check it, try it on past tickets, see what is enabled."""


command.add_command(replay)


@command.command("list", short_help="Plugins with versions, hooks and their times.")
@agency_option
@format_option()
@click.pass_obj
def list_(context: Context, agency: str | None, fmt: str) -> None:
    """List the plugins with versions, hooks, and the mean time of a question, measured on the newest tickets."""
    from csctool.desk.authoring import enabled
    from csctool.render.plugins import plugins

    found, left_out = enabled(context.desk(dry_run=True), [agency.upper()] if agency else [])
    plugins(found, fmt)
    context.failed += left_out


@command.command("check", short_help="Load plugins as the host does, and ask them.")
@click.argument("plugin", type=FILLED, required=False)
@agency_option
@format_option()
@click.pass_obj
def check(context: Context, plugin: str | None, agency: str | None, fmt: str) -> None:
    """Load plugins as the host does, ask about the newest tickets, and say what is wrong. Exit 10 when anything is.

    PLUGIN is a file or a package that need not be enabled yet; without it, all that are enabled are checked.

    \b
      csctool plugin check
      csctool plugin check draft.py --agency DHS
    """
    from csctool.desk.authoring import enabled, plugins_of
    from csctool.render.plugins import checked

    trial = {("plugin" if agency else "desk-plugin"): plugin} if plugin else None
    desk = context.desk(dry_run=True, instead=trial)
    keys = [agency.upper()] if agency else [desk.settings.home_agency] if plugin else []
    found, left_out = plugins_of(desk, keys) if plugin else enabled(desk, keys)
    found = [one for one in found if plugin in (None, one.plugin)]
    checked(found, fmt)
    context.failed += left_out
    if wrong := [one for one in found if one.wrong]:
        context.failed.append(DifferencesError(f"{len(wrong)} of {len(found)} plugins can't work as they are"))


@command.command("new", short_help="Begin a plugin that works: a file, or a package.")
@click.argument("name", type=FILLED, required=False)
@click.option("--agency", "-a", type=AGENCY, help="One file for this agency, enabled; NAME is its key when left out.")
@click.option("--directory", type=FILLED, metavar="DIR", help="Where the package goes; NAME when left out.")
@dry_run_option
@format_option()
@click.pass_obj
def new(
    context: Context, name: str | None, agency: str | None, directory: str | None, dry_run: bool, fmt: str
) -> None:  # fmt: skip
    """Begin a plugin that works: one file for an agency, or an installable, tested package called NAME.

    \b
      csctool plugin new --agency DHS
      csctool plugin new csctool-dhs
    """
    from csctool.desk.authoring import new_plugin
    from csctool.render.plugins import made

    if agency:
        key = agency.upper()
        files = [new_plugin(context.desk(dry_run=dry_run), key, name or key)]
    elif name:
        files = context.new_package(name, directory, dry_run=dry_run)
    else:
        raise UsageError("what is it called?", "plugin new NAME makes a package, plugin new --agency KEY a file")
    made(files, fmt, dry_run=dry_run)
