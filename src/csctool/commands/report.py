"""`report NAME`: measure."""

from typing import TYPE_CHECKING, Any

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, format_option
from csctool.errors import UsageError

if TYPE_CHECKING:
    from csctool.desk.desk import Desk
    from csctool.reports import Request

NAMES = ("summary", "volume", "backlog", "sla", "resolution", "flow", "workload")
GROUPS = ("agency", "queue", "tier", "kind", "category", "service", "priority", "assignee", "channel", "desk", "month")


@click.command("report")
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Of this agency; may be repeated.")
@click.option("--period", type=FILLED, help="2026-10, last-month, this-quarter, 2026-10-01..2026-10-31.")
@click.option("--since", type=FILLED, metavar="TIME", help="From this time on.")
@click.option("--until", type=FILLED, metavar="TIME", help="Before this time.")
@click.option("--by", type=click.Choice(GROUPS), help="A row for each.")
@click.option("--as-of", type=FILLED, metavar="TIME", help="As it stood at that time.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write it there.")
@format_option()
@click.pass_obj
def command(context: Context, /, name: str, fmt: str, output: str | None, **said: Any) -> None:
    """Measure: summary volume backlog sla resolution flow workload."""
    from csctool.render.reports import printed
    from csctool.reports import report, wanted

    desk = context.desk()
    request = _request(context, desk, said)
    query = wanted(name, request, tuple(key.upper() for key in said["agencies"]))
    printed(report(name, request, desk.find(query)), fmt, output)


def _request(context: Context, desk: "Desk", said: dict[str, Any]) -> "Request":
    from csctool.domain.query import Range
    from csctool.domain.times import span
    from csctool.reports import Request

    now = desk.clock()
    period = span(said["period"], now, desk.zone, fiscal=desk.settings.fiscal_year) if said["period"] else Range()
    since, until = (context.moment(desk, said[word]) if said[word] else None for word in ("since", "until"))
    period = Range(since or period.since, until or period.until)
    if period.since and period.until and period.until < period.since:
        raise UsageError("--until lies before --since")
    as_of = context.moment(desk, said["as_of"]) if said["as_of"] else None
    first = desk.settings.tiers[0].name
    return Request(now=now, period=period, by=said["by"], zone=desk.zone, as_of=as_of, first_tier=first)
