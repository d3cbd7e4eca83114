"""`sla KEY`: why a clock shows what it shows; `sla recompute`: does it add up; `sla simulate`: what if."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.filters import filters, query_of
from csctool.commands.options import FILLED, format_option, keys_argument


class KeyOrVerb(click.Group):
    """A group whose first word may be a key: then it is the ledger that is wanted."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The same words, `ledger` put before them where they name no subcommand."""
        if args and args[0] not in self.commands and "--help" not in args:
            args = ["ledger", *args]
        return super().parse_args(ctx, args)


@click.group("sla", cls=KeyOrVerb)
def command() -> None:
    """The clocks of a ticket: csctool sla KEY shows each segment, running or paused, and what is left."""


@command.command("ledger", short_help="Each clock of a ticket, segment by segment.")
@keys_argument
@format_option()
@click.pass_obj
def ledger(context: Context, keys: list[str], fmt: str) -> None:
    """Each clock of a ticket: segment by segment, running or paused, why, in which calendar, how long, what is left."""
    from csctool.desk.accounts import ledgers
    from csctool.render.sla import ledgers as shown

    shown(context.took(ledgers(context.desk(), keys)).tickets, fmt)


@command.command("recompute", short_help="Follow the clocks anew and prove what is stored.")
@filters
@format_option()
@click.pass_obj
def recompute(context: Context, /, fmt: str, **said: Any) -> None:
    """Follow the clocks anew from history and prove that what is stored is right; exit 10 where it is not.

    Without filters all tickets are checked, closed ones too.
    """
    from csctool.desk.accounts import recompute
    from csctool.errors import DifferencesError
    from csctool.render.sla import differences

    desk = context.desk()
    checked, found = recompute(desk, query_of(desk, {**said, "everything": True}))
    differences(checked, found, fmt)
    if found:
        tickets = len({difference.key for difference in found})
        raise DifferencesError(f"{tickets} of {checked} tickets do not stand as their history says")


@command.command("simulate", short_help="What other policies would have kept and broken.")
@click.option(
    "--policy", type=click.Path(), required=True, metavar="FILE", help="TOML with [sla.…], [calendars.…], [ola.…]."
)
@filters
@click.option("--period", type=FILLED, help="2026-10, last-quarter, 2026-10-01..2026-10-31.")
@format_option()
@click.pass_obj
def simulate(context: Context, /, policy: str, period: str | None, fmt: str, **said: Any) -> None:
    """What would have been kept and broken, had the policies of FILE been in force from the beginning."""
    from csctool.desk.accounts import simulated
    from csctool.domain.query import Range
    from csctool.domain.times import span
    from csctool.render.sla import comparison
    from csctool.reports import Request
    from csctool.reports.comparing import compared

    desk = context.desk()
    settings = desk.directory.policies(desk.settings, policy)
    request = Request(now=desk.clock(), period=span(period, desk.clock(), desk.zone) if period else Range())
    pairs = simulated(desk, settings, query_of(desk, {**said, "everything": True}))
    comparison(compared(request, pairs), fmt)
