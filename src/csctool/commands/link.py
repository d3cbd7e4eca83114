"""`link`: tie tickets to another one."""

import click

from csctool.commands.context import Context
from csctool.commands.options import KEY, changing
from csctool.domain.words import LinkType

TYPES: tuple[LinkType, ...] = ("child-of", "caused-by", "duplicate-of", "fixes", "follows", "relates-to")


def ties(f: "click.decorators.FC") -> "click.decorators.FC":
    """One option for each kind of tie."""
    for kind in reversed(TYPES):
        f = click.option(
            f"--{kind}",
            type=KEY,
            help=f"This one {'is ' if '-' in kind and kind != 'relates-to' else ''}{kind.replace('-', ' ')} KEY.",
        )(f)
    return f


@click.command("link")
@changing
@ties
@click.pass_obj
def command(
    context: Context, /, keys: list[str], fmt: str, dry_run: bool, at: str | None, **targets: str | None
) -> None:
    """Tie tickets to another one; it shows the tie from its side."""
    from csctool.desk.pairs import link
    from csctool.render.tickets import changed

    named = [(kind, targets[kind.replace("-", "_")]) for kind in TYPES if targets[kind.replace("-", "_")]]
    if len(named) != 1:
        raise click.UsageError("give exactly one of " + ", ".join(f"--{kind}" for kind in TYPES))
    kind, target = named[0]
    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(link(desk, keys, kind, (target or "").upper()))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
