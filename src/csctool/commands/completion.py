"""`completion`: the script that a shell sources."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script. In bash: source <(csctool completion bash)."""
    from csctool.render.scripts import completion

    completion(ctx.find_root().command, shell)
