"""For the authors of plugins: what is enabled where, whether it works, and a new one to begin with."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.ports import Decisions, Plugged, Question
from csctool.desk.replay import Unstaffed
from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.errors import CscError

#: On how many of an agency's newest tickets a plugin is tried.
SAMPLE = 20


class Enabled(msgspec.Struct, frozen=True):
    """A plugin where it is enabled; `mean_ms` is None for one that was not asked, `wrong` empty for one that works."""

    agency: str
    layer: str
    plugin: str
    version: str | None
    hooks: tuple[str, ...]
    asked: int
    mean_ms: float | None
    wrong: tuple[str, ...]


def new_plugin(desk: Desk, key: str, name: str) -> str:
    """A plugin file of an agency that works, enabled; answers its path. Raises RefusedError, NotPermittedError."""
    desk.permit("plugin")
    return desk.directory.add_plugin(key, name, dry_run=desk.dry_run)


def enabled(desk: Desk, agencies: Sequence[str]) -> tuple[list[Enabled], list[CscError]]:
    """The same as `plugins_of`; plugin files that lie there and are asked nothing are told, and a desk without any."""
    found, left_out = plugins_of(desk, agencies)
    idle = []
    for key in agencies or desk.store.agencies():
        with suppress(CscError):  # an agency whose settings can't be used is among those left out
            idle += [(key, *one) for one in desk.directory.idle_plugins(key)]
    for key, path, entry in idle:
        desk.notices.append(f'{path} is not enabled: add "{entry}" to plugins in the agency.toml of {key}')
    if not (found or idle or left_out):
        desk.notices.append("no plugin is enabled; csctool plugin new --agency KEY begins one")
    return found, left_out


def plugins_of(desk: Desk, agencies: Sequence[str]) -> tuple[list[Enabled], list[CscError]]:
    """Every plugin of these agencies (all, when none is named) with what is wrong, and the agencies left out.

    Each is loaded as the host does it, and asked about the agency's newest tickets; nothing is written, nobody told.
    """
    found: list[Enabled] = []
    left_out: list[CscError] = []
    keys = list(agencies) or desk.store.agencies()
    desk.brace(keys)
    for key in keys:
        try:
            decisions = desk.decisions(key)
            decisions.prepare()
            if not decisions.plugins():
                continue
            failed = _tried(decisions, _newest(desk, key))
            found += [_enabled(key, plugin, failed) for plugin in decisions.plugins()]
        except CscError as error:
            if agencies:
                raise
            left_out.append(error)
    return found, left_out


def _newest(desk: Desk, key: str) -> Iterator[Ticket]:
    """The agency's newest tickets; an agency that has none yet is asked about one that says nothing."""
    tickets = sorted(desk.store.find(Query(agencies=(key,), everything=True)), key=lambda ticket: -ticket.number)
    return islice(tickets or [_blank(desk, key)], SAMPLE)


def _blank(desk: Desk, key: str) -> Ticket:
    now = desk.clock()
    return Ticket(f"{key}-1", key, 1, "contact", "queued", "A ticket", queue=desk.settings.default_queue, opened_at=now)


def _tried(decisions: Decisions, tickets: Iterator[Ticket]) -> list[str]:
    """What fails when past tickets are asked about as if they were opened now."""
    for ticket in tickets:
        question = Question(ticket, ticket.opened_at or datetime.min)
        decisions.categorize(question)
        decisions.prioritize(question)
        decisions.route(question, Unstaffed())
        decisions.validate(question)
        decisions.escalate(question)
    return [error.message for error in decisions.failures()]


def _enabled(key: str, plugin: Plugged, failed: Sequence[str]) -> Enabled:
    mine = f"plugin {plugin.name} of {key} was passed over: "
    tried = [text.removeprefix(mine) for text in failed if text.startswith(mine)]
    wrong = tuple(dict.fromkeys((*plugin.wrong, *tried, *plugin.hints)))
    mean = round(plugin.seconds / plugin.calls * 1000, 2) if plugin.calls else None
    return Enabled(key, plugin.layer, plugin.name, plugin.version, plugin.hooks, plugin.calls, mean, wrong)
