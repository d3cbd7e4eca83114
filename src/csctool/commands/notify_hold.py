"""`notify hold`, `notify recall`: messages that are not to leave, or not yet."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from csctool.commands.context import Context
from csctool.commands.notify_send import agencies_option, ids_argument
from csctool.commands.options import FILLED, KEY, dry_run_option, format_option

F = TypeVar("F", bound=Callable[..., Any])


def _naming(f: F) -> F:
    """ID…, --ticket, --op, and what every command has that keeps messages back."""
    ticket = click.option("--ticket", "tickets", multiple=True, type=KEY, metavar="KEY", help="All about this one.")
    op = click.option("--op", "ops", multiple=True, type=FILLED, metavar="OP", help="All that this operation caused.")
    return ids_argument(ticket(op(agencies_option(dry_run_option(format_option()(f))))))


@click.command("hold", short_help="Keep messages back until they are released.")
@_naming
@click.option("--release", is_flag=True, help="Let what is held go, at its time.")
@click.pass_obj
def hold(
    context: Context, ids: list[str] | None, tickets: tuple[str, ...], ops: tuple[str, ...],
    agencies: tuple[str, ...], dry_run: bool, fmt: str, release: bool,
) -> None:  # fmt: skip
    """Keep messages back until `notify hold --release` or `notify retry` lets them go.

    \b
      csctool notify hold --ticket DHS-1
      csctool notify hold --release --ticket DHS-1
    """
    _withhold(context, "release" if release else "hold", ids, tickets, ops, agencies, dry_run, fmt)


@click.command("recall", short_help="Take messages back that have not left.")
@_naming
@click.pass_obj
def recall(
    context: Context, ids: list[str] | None, tickets: tuple[str, ...], ops: tuple[str, ...],
    agencies: tuple[str, ...], dry_run: bool, fmt: str,
) -> None:  # fmt: skip
    """Take messages back that have not left: nobody gets them. Exit 4 for what has left.

    With `delay = "2m"` in `[notify]` there is time for it after each command.
    """
    _withhold(context, "recall", ids, tickets, ops, agencies, dry_run, fmt)


def _withhold(
    context: Context, how: Any, ids: list[str] | None, tickets: tuple[str, ...], ops: tuple[str, ...],
    agencies: tuple[str, ...], dry_run: bool, fmt: str,
) -> None:  # fmt: skip
    from csctool.desk.withholding import withhold
    from csctool.render.notify import withheld

    desk = context.desk(dry_run=dry_run)
    done = context.took(withhold(desk, how, ids, tickets=tickets, operations=ops, agencies=agencies))
    withheld(done.notices, fmt, how, dry_run=dry_run)
