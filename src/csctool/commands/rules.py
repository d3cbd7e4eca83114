"""`rules check/test/capture`."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, format_option, keys_argument
from csctool.errors import DifferencesError

FILE = click.Path(exists=True, dir_okay=False)


@click.group("rules")
def command() -> None:
    """An agency's rules.toml: is it sound, does it answer what is expected?"""


@command.command("check", short_help="Find unknown names and rules that can never fire.")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Of this agency; may be repeated.")
@click.option("--no-past", is_flag=True, help="Look at the files alone, not at past tickets.")
@format_option()
@click.pass_obj
def check(context: Context, agencies: tuple[str, ...], no_past: bool, fmt: str) -> None:
    """Find names that nobody has, rules that can never fire, and rules that never did. Exit 10 when anything is found.

    Without --agency: the rules of every agency, and the desk's own.
    """
    from csctool.desk.rulework import check_rules
    from csctool.render.rules import checked

    desk = context.desk(dry_run=True)
    found = check_rules(desk, tuple(key.upper() for key in agencies), past=not no_past)
    checked(found, desk.root, fmt)
    context.failed += found.failures
    if found.findings:
        number = len(found.findings)
        context.failed.append(DifferencesError(f"{number} finding{'s' * (number != 1)}"))


@command.command("test")
@click.argument("file", type=FILE)
@click.option("--agency", "-a", type=AGENCY, help="Whose rules, where the file does not say.")
@click.option("--rules", type=FILE, metavar="FILE", help="In place of the agency's rules.toml.")
@format_option()
@click.pass_obj
def test(context: Context, file: str, agency: str | None, rules: str | None, fmt: str) -> None:
    """Hold the rules against the expectations of a file. Exit 10 when one is missed.

    \b
      csctool rules capture DHS-12 >> expect.toml
      csctool rules test expect.toml --rules new.toml
    """
    from csctool.desk.rulework import try_rules
    from csctool.render.rules import tried

    desk = context.desk(dry_run=True, instead={"rules": rules} if rules else None)
    found = try_rules(desk, file, agency.upper() if agency else None)
    tried(file, found, fmt)
    missed = sum(bool(one.misses) for one in found)
    if missed:
        context.failed.append(DifferencesError(f"{missed} of {len(found)} expectations missed"))


@command.command("capture", short_help="Make an expectation from a real ticket.")
@keys_argument
@click.option("--final", is_flag=True, help="Expect what proved right: as it stands now, the queue that resolved it.")
@format_option()
@click.pass_obj
def capture_(context: Context, keys: list[str], final: bool, fmt: str) -> None:
    """Print an expectation made from a real ticket, to append to a file for `rules test`."""
    from csctool.desk.rulework import capture
    from csctool.render.rules import captured

    desk = context.desk()
    tickets = context.took(desk.show(keys)).tickets
    captured([capture(desk, ticket, final=final) for ticket in tickets], fmt)
