"""Agency rules: the hooks, their host, and the built-in plugins. Authors import `hookimpl` and `Answer` from here."""

from csctool.domain.showing import visible
from csctool.domain.ticket import Event, Ticket
from csctool.plugins.hookspecs import Agency, Answer, Change, Command, Message, Receipt, Report, hookimpl

__all__ = [
    "Agency", "Answer", "Change", "Command", "Event", "Message", "Receipt", "Report", "Ticket", "hookimpl", "visible",
]  # fmt: skip
