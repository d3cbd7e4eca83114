"""`calendar list/show/due/elapsed`: working time."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, format_option


@click.group("calendar")
def command() -> None:
    """Working time."""


@command.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, fmt: str) -> None:
    """List the calendars."""
    from csctool.desk.calendars import calendar_names
    from csctool.render.calendars import calendars

    desk = context.desk()
    calendars([desk.calendar(name) for name in calendar_names(desk.settings)], fmt)


@command.command("show", short_help="A calendar: hours, holidays, exceptions.")
@click.argument("name", type=FILLED)
@format_option()
@click.pass_obj
def show(context: Context, name: str, fmt: str) -> None:
    """Show a calendar: hours, holidays, exceptions, and whether it is open now."""
    from csctool.render.calendars import calendar

    desk = context.desk()
    calendar(desk.calendar(name), desk.clock(), fmt)


@command.command("due", short_help="When a duration from a start has run out.")
@click.argument("name", type=FILLED)
@click.argument("start", type=FILLED)
@click.argument("duration", type=FILLED)
@format_option()
@click.pass_obj
def due(context: Context, name: str, start: str, duration: str, fmt: str) -> None:
    """When DURATION from START has run out in a calendar: 4h of working time, 3wd working days, 14d elapsed."""
    from csctool.domain.business_hours import due, parse_duration
    from csctool.render.calendars import due_time

    desk = context.desk()
    due_time(due(desk.calendar(name), context.moment(desk, start), parse_duration(duration)), fmt)


@command.command("elapsed")
@click.argument("name", type=FILLED)
@click.argument("start", type=FILLED)
@click.argument("end", type=FILLED)
@format_option()
@click.pass_obj
def elapsed(context: Context, name: str, start: str, end: str, fmt: str) -> None:
    """How many working seconds lie between START and END in a calendar."""
    from csctool.domain.business_hours import elapsed
    from csctool.render.calendars import elapsed_time

    desk = context.desk()
    seconds = elapsed(desk.calendar(name), context.moment(desk, start), context.moment(desk, end))
    elapsed_time(seconds, fmt)
