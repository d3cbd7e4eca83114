"""`completion`: the script that a shell sources."""

import click

from csctool.commands.options import format_option


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@format_option()
@click.pass_context
def command(ctx: click.Context, shell: str, fmt: str) -> None:
    """Print the completion script. In bash: source <(csctool completion bash)."""
    from csctool.render.scripts import completion

    completion(ctx.find_root().command, shell, fmt)
