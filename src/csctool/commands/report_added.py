"""`report NAME` for a report that a plugin of the desk adds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csctool.commands.context import Context

if TYPE_CHECKING:
    from csctool.desk.desk import Desk
    from csctool.reports import Request


class ReportName(click.ParamType[str]):
    """One of csctool's reports, or one that a plugin of the desk adds."""

    name = "name"

    def __init__(self, own: Sequence[str]) -> None:
        self._own = own

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
        """csctool's own."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self._own if name.startswith(incomplete)]


def added(context: Context, desk: "Desk", name: str, request: "Request", agencies: tuple[str, ...]) -> Any:
    """A report that a plugin of the desk adds, over the tickets opened in the period. Raises UsageError for none."""
    from csctool.reports.added import over, report

    plugins = context.additions()
    offered = next((one for one in plugins.reports() if one.name == name), None)
    return report(name, offered, lambda: plugins.rows(name, over(request, desk.find, agencies)), by=request.by)
