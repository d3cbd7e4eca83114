"""`outage open/plan`: register an outage or planned work, and tell its agencies."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, PROSE, SERVICE, dry_run_option, format_option, outage_agencies

LEVEL = click.IntRange(1, 3)


@click.command("open", short_help="Tell every affected agency of an outage.")
@click.argument("service", type=SERVICE)
@outage_agencies
@click.option("--text", "-m", type=PROSE, required=True, help="What people read; - reads it from stdin.")
@click.option("--from", "begin", type=FILLED, metavar="TIME", help="Since when, if not since now.")
@click.option("--until", "end", type=FILLED, metavar="TIME", help="When it is expected to be over.")
@click.option("--impact", type=LEVEL, default=1, help="1 high to 3 low.")
@click.option("--urgency", type=LEVEL, default=1, help="1 high to 3 low.")
@dry_run_option
@format_option()
@click.pass_obj
def declare_now(
    context: Context, service: str, agencies: tuple[str, ...], text: str, begin: str | None, end: str | None,
    impact: int, urgency: int, dry_run: bool, fmt: str,
) -> None:  # fmt: skip
    """Register an outage, tell its agencies, and print its key.

    The same command again goes on telling where it was interrupted. Afterwards `outage list KEY` names the incidents
    that may belong to it: csctool outage list CSC-7 --format keys | csctool link - --child-of CSC-7
    """
    from csctool.desk.outages import NewOutage, declare
    from csctool.render.outages import announced, progress

    desk = context.desk(dry_run=dry_run)
    since = context.moment(desk, begin) if begin else None
    until = context.moment(desk, end, ahead=True) if end else None
    new = NewOutage(service, agencies, text, since, until, None, impact, urgency)
    announced(context.took(declare(desk, new, progress)), fmt, dry_run=dry_run, fresh=True)


@click.command("plan", short_help="Announce work that may impact a service.")
@click.argument("service", type=SERVICE)
@outage_agencies
@click.option("--from", "begin", type=FILLED, metavar="TIME", required=True, help="When it begins.")
@click.option("--until", "end", type=FILLED, metavar="TIME", required=True, help="When it is over.")
@click.option("--risk", type=PROSE, required=True, metavar="TEXT", help="What it may impact.")
@click.option("--text", "-m", type=PROSE, help="What is done.")
@dry_run_option
@format_option()
@click.pass_obj
def declare_ahead(
    context: Context, service: str, agencies: tuple[str, ...], begin: str, end: str, risk: str, text: str | None,
    dry_run: bool, fmt: str,
) -> None:  # fmt: skip
    """Announce work that may impact a service, before it does, and print its key."""
    from csctool.desk.outages import NewOutage, declare
    from csctool.render.outages import announced, progress

    desk = context.desk(dry_run=dry_run)
    since, until = (context.moment(desk, word, ahead=True) for word in (begin, end))
    new = NewOutage(service, agencies, text, since, until, risk, impact=3, urgency=3)
    announced(context.took(declare(desk, new, progress)), fmt, dry_run=dry_run, fresh=True)
