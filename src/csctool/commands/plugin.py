"""`plugin replay`."""

import click

from csctool.commands.plugin_replay import command as replay


@click.group("plugin")
def command() -> None:
    """The agencies' plugins and rules: try them on past tickets."""


command.add_command(replay)
