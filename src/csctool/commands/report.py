"""`report NAME`: measure."""

from typing import TYPE_CHECKING, Any

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, format_option
from csctool.commands.report_added import ReportName, added
from csctool.errors import UsageError

if TYPE_CHECKING:
    from csctool.desk.desk import Desk
    from csctool.reports import Request

NAMES = ("summary", "volume", "backlog", "sla", "resolution", "flow", "workload")
#: The reports that measure in working time too: only they read the calendars.
WORKING = ("summary", "resolution")
GROUPS = (
    "agency", "queue", "tier", "kind", "category", "service", "priority", "status", "assignee", "channel", "desk",
    "month", "day",
)  # fmt: skip


@click.command("report")
@click.argument("name", type=ReportName(NAMES))
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Of this agency; may be repeated.")
@click.option("--period", type=FILLED, help="2026-10, last-month, this-quarter, fiscal-year, 2026-10-01..2026-10-31.")
@click.option("--since", type=FILLED, metavar="TIME", help="From this time on.")
@click.option("--until", type=FILLED, metavar="TIME", help="Before this time.")
@click.option("--by", type=click.Choice(GROUPS), help="A row for each.")
@click.option("--as-of", type=FILLED, metavar="TIME", help="As it stood at that time.")
@click.option("--plot", is_flag=True, help="Draw it on the terminal.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write it there.")
@format_option("html", "svg", "png", "prometheus")
@click.pass_obj
def command(context: Context, /, name: str, fmt: str, output: str | None, plot: bool, **said: Any) -> None:
    """Measure: summary volume backlog sla resolution flow workload."""
    from csctool.render.reports import DRAWN, about, drawn, paged, plain, printed, ready
    from csctool.reports import report, wanted

    ready(fmt, output, plot=plot)
    desk = context.desk()
    request = _request(context, desk, name, said)
    agencies = tuple(key.upper() for key in said["agencies"])
    if name not in NAMES:
        fmt = plain(name, fmt, plot=plot)
        printed(added(context, desk, name, request, agencies), fmt, output)
        return
    if not plot and fmt not in DRAWN:
        printed(report(name, request, desk.find(wanted(name, request, agencies))), fmt, output)
        return
    from csctool.reports.charts import charts

    pictures = charts(name, request, agencies, desk.find)
    names = {key: desk.directory.agency(key).name for key in agencies}
    title, facts = about(name, request, desk.settings.name, names)
    if plot or fmt != "html":
        drawn(pictures, "plot" if plot else fmt, output, title)
        return
    paged(report(name, request, desk.find(wanted(name, request, agencies))), pictures, output, title, facts)


def _request(context: Context, desk: "Desk", name: str, said: dict[str, Any]) -> "Request":
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
    tiers = tuple(tier.name for tier in desk.settings.tiers)
    return Request(
        now=now, period=period, by=said["by"], zone=desk.zone, as_of=as_of, first_tier=tiers[0], tiers=tiers,
        hours=_hours(desk) if name in WORKING else None,
    )  # fmt: skip


def _hours(desk: "Desk") -> Any:
    from csctool.desk.agencyhours import agency_hours

    return agency_hours(desk.settings, desk.directory)
