"""`demo`: a ticket's life on a throw-away desk, every command run for real."""

import shlex
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, dry_run_option, format_option
from csctool.errors import CscError

if TYPE_CHECKING:
    from csctool.render.demo import Telling


@click.command("demo")
@click.option("--keep", type=FILLED, metavar="DIR", help="Make the desk there and leave it.")
@dry_run_option
@format_option()
@click.pass_context
def command(ctx: click.Context, keep: str | None, dry_run: bool, fmt: str) -> None:
    """Walk through a ticket's life on a throw-away desk: each command, why, and what it prints."""
    from csctool.render.demo import Telling

    with Telling(fmt, keep, dry_run=dry_run) as telling:
        if dry_run and keep:
            ctx.obj.found(keep, demo=False, dry_run=True)
            _walk(ctx, None, telling)
        elif keep or dry_run:
            _walk(ctx, keep, telling)
        else:
            with TemporaryDirectory(prefix="csctool-demo-") as place:
                _walk(ctx, place, telling)


def _walk(ctx: click.Context, place: str | None, telling: "Telling") -> None:
    """Run each command at the desk that is to be made there; without a place only tell of them."""
    from csctool.desk.demo.walk import WALK

    for when, why, line in WALK:
        with telling.step(when, why, line):
            words = shlex.split(line.replace("\\\n", ""))[1:]
            status = _run(ctx, ["--desk", place, "--now", f"{when}Z", *words], telling.as_json) if place else 0
        if status:
            stopped = CscError(f"the demo stopped: {line.splitlines()[0]}", "the line above says why")
            stopped.exit = status
            raise stopped


def _run(ctx: click.Context, words: list[str], as_json: bool) -> int:
    """One command in this process, as the command line would run it; its exit status. Its errors are documents where
    those of the demo are."""
    context: Context = ctx.obj.another([*words, *(("--format=json",) if as_json else ())])
    root = ctx.find_root().command
    try:
        with root.make_context("csctool", words, obj=context) as inner:
            root.invoke(inner)
    except CscError as error:
        context.failed.insert(0, error)
    return context.finish()
