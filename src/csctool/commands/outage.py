"""`outage open/plan/list/update/resolve/cancel`: what many agencies suffer at once, told once and ended together."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, KEY, PROSE, dry_run_option, format_option, outage_agencies
from csctool.commands.outage_declare import declare_ahead, declare_now
from csctool.commands.outage_end import cancel, resolve


@click.group("outage")
def command() -> None:
    """Outages and planned work: tell every affected agency, collect the incidents, resolve them together."""


command.add_command(declare_now)
command.add_command(declare_ahead)
command.add_command(resolve)
command.add_command(cancel)


@command.command("list", short_help="Outages under way and planned.")
@click.argument("key", type=KEY, required=False)
@click.option("--all", "ended", is_flag=True, help="Those that are over too.")
@format_option()
@click.pass_obj
def list_(context: Context, key: str | None, ended: bool, fmt: str) -> None:
    """List outages under way and planned; with KEY the incidents that may belong to that one."""
    from csctool.desk.outages import outages, suggestions
    from csctool.render.outages import listed
    from csctool.render.tickets import tickets

    desk = context.desk()
    if key:
        tickets(suggestions(desk, key), fmt)
    else:
        listed(outages(desk, ended=ended), fmt)


@command.command("update", short_help="Tell the agencies the news.")
@click.argument("key", type=KEY)
@outage_agencies
@click.option("--text", "-m", type=PROSE, required=True, help="The news; - reads it from stdin.")
@click.option("--until", "end", type=FILLED, metavar="TIME", help="When it is now expected to be over.")
@dry_run_option
@format_option()
@click.pass_obj
def update(
    context: Context, key: str, agencies: tuple[str, ...], text: str, end: str | None, dry_run: bool, fmt: str
) -> None:
    """Tell the agencies the news, and note it on the incidents that belong to the outage."""
    from csctool.desk.outages import update
    from csctool.render.outages import announced, progress

    desk = context.desk(dry_run=dry_run)
    until = context.moment(desk, end, ahead=True) if end else None
    done = update(desk, key, text, agencies=agencies, until=until, progress=progress)
    announced(context.took(done), fmt, dry_run=dry_run)
