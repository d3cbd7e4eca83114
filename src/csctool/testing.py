"""For tests of plugins: `ask` asks one hook by itself, the fixture `desk` is a throw-away desk with real commands.

from csctool.testing import ask, desk, ticket
"""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from csctool.domain.organisation import DeskSettings, Queue
from csctool.domain.ticket import Ticket
from csctool.plugins.answers import PLAIN, understood
from csctool.plugins.hookspecs import Agency, Answer, Change
from csctool.plugins.layers import FailedError, Layer
from csctool.plugins.worker import NonsenseError, reply

#: The time at which `ask` asks, when the test names none.
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
_FIELDS = {
    "categorize": ("category", "kind", "service"),
    "prioritize": ("impact", "urgency", "priority"),
    "route": ("queue", "person"),
    "escalate": ("queue", "lead"),
}


class PluginFailed(AssertionError):  # noqa: N818  (a failed assertion, as pytest tells it)
    """The plugin's answer is none that csctool could use."""


def ticket(subject: str, **fields: Any) -> Ticket:
    """A ticket to ask about; fields as in JSON, and what is not given has its default."""
    given = {"key": "DHS-1", "agency": "DHS", "number": 1, "kind": "contact", "status": "queued"}
    return Ticket(**{**given, "subject": subject, **fields})


def agency(key: str = "DHS", now: datetime = NOW, **more: Any) -> Agency:
    """An agency to ask for."""
    return Agency(**{"key": key, "name": key, "now": now, **more})


def change(verb: str, **fields: Any) -> Change:
    """A change to object to."""
    return Change(verb, fields)


def ask(plugin: object, hook: str, **arguments: Any) -> Any:
    """What a plugin (its module) answers: fields by name, the list of validate or notify, or None for no answer.

    Queues are whatever the plugin answers; give `queues=("apps", …)` to have only these. Raises PluginFailed for what
    csctool would pass over.
    """
    queues = arguments.pop("queues", None)
    implementations = list(Layer("plugin", {"plugin": plugin}).implementations(hook))
    if not implementations:
        raise PluginFailed(f"the plugin has no {hook}; is it marked with @hookimpl?")
    offered = {"agency": agency(), "reason": "", **arguments}
    for implementation in implementations:
        try:
            said = reply(hook, implementation.ask(offered)).said
            if said is None or hook not in PLAIN:
                answer = said
            else:
                names = [said.queue or said.plain if isinstance(said, Answer) else said] if queues is None else queues
                desk = DeskSettings(queues={name: Queue("1") for name in names if name})
                answer = understood(hook, said, _FIELDS[hook], desk)
        except (FailedError, NonsenseError) as error:
            raise PluginFailed(str(error)) from None
        if answer is not None:
            return answer
    return None


class ThrowAwayDesk:
    """A desk with one agency, driven by real csctool commands. A plugin that fails fails the test.

    Its clock stands at `now`, where that is set (`desk.now = "2026-11-02T22:00:00Z"`).
    """

    def __init__(self, root: Path, key: str) -> None:
        self.root = root
        self.key = key
        self.now: str | None = None
        self.run("init", str(root))
        self.run("agency", "add", key)

    def enable(self, *plugins: str, everywhere: bool = False) -> None:
        """Enable plugins by file or package, for the agency or for the whole desk."""
        self.configure(f"plugins = {json.dumps(plugins)}", everywhere=everywhere)

    def configure(self, toml: str, *, everywhere: bool = False) -> None:
        """Put settings into the agency's agency.toml, or into the desk's csctool.toml, as a reader of a README would.

        A key before the first table takes the place of the one that is there; tables are added.
        """
        path = self._settings(everywhere)
        text = path.read_text()
        keys, tables = re.fullmatch(r"(.*?)(^\[.*)?", toml.strip(), re.DOTALL | re.MULTILINE).groups()  # type: ignore[union-attr]
        for key in re.findall(r"^([\w-]+) *=", keys, re.MULTILINE):
            text = re.sub(rf"^{key} *=.*\n", "", text, count=1, flags=re.MULTILINE)
        path.write_text(f"{keys}\n{text}\n{tables or ''}\n")

    def _settings(self, everywhere: bool) -> Path:
        return self.root / "csctool.toml" if everywhere else self.root / "agencies" / self.key / "agency.toml"

    def file(self, name: str, text: str) -> Path:
        """Write a file of the agency, such as plugins/own.py or rules.toml."""
        path = self.root / "agencies" / self.key / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *words: str, status: int = 0) -> str:
        """What a command prints; another status than the expected one fails the test."""
        done = self._run(words)
        assert done.returncode == status, f"csctool {' '.join(words)}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def open(self, subject: str, *options: str) -> dict[str, Any]:
        """A new ticket, as JSON tells it, history included."""
        return self._ticket("open", subject, "--agency", self.key, *options, "--format", "json")

    def ticket(self, key: str) -> dict[str, Any]:
        """A ticket as it stands now."""
        return self._ticket("show", key, "--format", "json")

    def messages(self, key: str) -> list[dict[str, Any]]:
        """What waits in the outbox about a ticket, in the order in which it came: `to`, `due`, `text` and so on."""
        found: list[dict[str, Any]] = json.loads(self.run("notify", "list", "--format", "json"))["notices"]
        return [one for one in found if one["ticket"] == key]

    def refused(self, *words: str) -> str:
        """What is said to a command that is refused; `open` is for the agency."""
        more = ("--agency", self.key) if words[0] == "open" else ()
        done = self._run((*words, *more))
        assert done.returncode == 4, f"csctool {' '.join(words)}: exit {done.returncode}\n{done.stderr}"
        return done.stderr

    def _ticket(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words))["ticket"]
        return found

    def _run(self, words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        clock = ("--now", self.now) if self.now else ()
        return subprocess.run(
            [sys.executable, "-m", "csctool", "--desk", str(self.root), "--strict", *clock, *words],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}, check=False,
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> ThrowAwayDesk:
    """A throw-away desk with the agency DHS."""
    return ThrowAwayDesk(tmp_path / "desk", "DHS")
