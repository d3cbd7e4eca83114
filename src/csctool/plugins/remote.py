"""A layer whose plugins live in a process of their own: asked over a line, within a time budget, killed beyond it."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from csctool.desk.ports import Plugged
from csctool.plugins.layers import Broken, FailedError, Implementer
from csctool.plugins.nursery import Nursery
from csctool.plugins.wire import Arguments, Ask, Implementation, Link, Reply

#: Seconds that one plugin may take to be loaded, and over all questions about one ticket (plugins.md, Rules).
BUDGET = 2.0
#: Seconds for one message that a plugin delivers: it speaks over a network, and nobody waits with a lock.
DELIVERY = 30.0


class ChildLayer:
    """Plugins in a child process. One that has to be killed is left out for the rest of the command."""

    def __init__(
        self,
        name: str,
        key: str,
        directory: str,
        desk: str,
        plugins: tuple[str, ...],
        nursery: Nursery,
        *,
        trial: bool = False,
    ) -> None:
        self.name = name
        self._home = (name, key, directory, desk)
        self._plugins = plugins
        self._nursery = nursery
        self._trial = trial
        self._process: tuple[int, Link] | None = None
        self._known: dict[str, list[Implementation]] | None = None
        self._versions: dict[str, str] = {}
        self._broken: dict[str, list[str]] = {}
        self._dead: dict[str, str] = {}
        self._about: object = None
        self._left: dict[str, float] = {}
        self._taken: dict[str, tuple[int, float]] = {}
        self._hints: tuple[Broken, ...] = ()
        self._answers: dict[str, dict[str, None]] = {}

    def plugged(self) -> Iterator[Plugged]:
        """What the settings name, whether or not it works."""
        self._settled()
        wrong: dict[str, list[str]] = {}
        for one in self.broken():
            wrong.setdefault(one.plugin, []).append(one.why)
        for name in self._plugins:
            hooks = tuple(self._answers.get(name, ()))
            calls, seconds = self._taken.get(name, (0, 0.0))
            yield Plugged(
                self.name, name, self.version(name), hooks, tuple(wrong.get(name, ())),
                tuple(one.why for one in self._hints if one.plugin == name), calls, seconds,
            )  # fmt: skip

    def version(self, plugin: str) -> str | None:
        """What a plugin calls its version."""
        return self._versions.get(plugin) or None

    def prepare(self) -> None:
        """Start the process, which loads its plugins while csctool goes on. Called before a lock is taken."""
        if self._process is not None or self._known is not None:
            return
        living = tuple(name for name in self._plugins if name not in self._dead)
        try:
            self._process = self._nursery.spawn(*self._home, living, trial=self._trial)
        except OSError as error:
            self._lost(living, f"no process could be had for it: {error.strerror or error}")

    def broken(self) -> Iterator[Broken]:
        """Plugins, or parts of them, that can't be asked, each with the reason."""
        self._settled()
        for found in (self._broken, {name: [why] for name, why in self._dead.items()}):
            for plugin, whys in found.items():
                for why in whys:
                    yield Broken(plugin, why)

    def implementations(self, hook: str) -> Iterator[Implementer]:
        """Those who answer a hook, the first to be asked first; who dies meanwhile is left out from then on."""
        for found in self._settled().get(hook, ()):
            if found.plugin not in self._dead:
                yield _Remote(self, found)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            number, line = self._process
            self._process = None
            line.close()
            self._nursery.end(number)

    # -- one question --------------------------------------------------------------------------------------

    def ask(self, found: Implementation, offered: Mapping[str, Any]) -> Any:
        """The answer of one implementation. Raises FailedError."""
        self._settled()
        if found.plugin in self._dead or self._process is None:
            raise FailedError(self._dead.get(found.plugin, "its process is gone"))
        about = offered["ticket"].key if "ticket" in offered else offered.get("message")
        if about != self._about:
            self._about = about
            self._left.clear()
        arguments = Arguments(**{name: offered[name] for name in found.wants})
        line = self._process[1]
        budget = DELIVERY if found.hook == "deliver" else BUDGET
        left = self._left.get(found.plugin, budget)
        began = time.monotonic()
        try:
            line.send(Ask(found.hook, found.plugin, found.turn, arguments), left)
            reply = line.receive(Reply, left - (time.monotonic() - began))
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            why = f"{found.hook} {_death(error, budget)}"
            self._kill(found.plugin, why)
            raise FailedError(why) from None
        took = time.monotonic() - began
        self._left[found.plugin] = left - took
        calls, seconds = self._taken.get(found.plugin, (0, 0.0))
        self._taken[found.plugin] = (calls + 1, seconds + took)
        if reply.wrong:
            raise FailedError(f"{found.hook} {reply.wrong}")
        return reply.said

    def _settled(self) -> Mapping[str, list[Implementation]]:
        """Who answers what, as soon as everything is loaded; a plugin that hangs or dies meanwhile is left out."""
        while self._known is None:
            self.prepare()
            if self._process is None:
                self._known = {}
                break
            self._listen(self._process[1])
        return self._known

    def _listen(self, line: Link) -> None:
        loading = next((name for name in self._plugins if name not in self._dead), "")
        try:
            while True:
                reply = line.receive(Reply, BUDGET)
                if reply.ready is not None:
                    break
                loading = reply.loading or loading
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            self._kill(loading, f"it {_death(error, BUDGET)} while it was loaded")
            return
        known: dict[str, list[Implementation]] = {}
        for found in reply.ready:
            known.setdefault(found.hook, []).append(found)
            self._answers.setdefault(found.plugin, {})[found.hook] = None
        self._known = known
        self._versions.update(reply.versions)
        self._hints = reply.hints
        self._broken = {}
        for one in reply.broken:
            self._broken.setdefault(one.plugin, []).append(one.why)

    def _kill(self, plugin: str, why: str) -> None:
        """End the process; the other plugins get a new one, without this one."""
        self.close()
        self._dead[plugin] = why
        self._known = None
        if all(name in self._dead for name in self._plugins):
            self._known = {}

    def _lost(self, plugins: tuple[str, ...], why: str) -> None:
        self._dead.update(dict.fromkeys(plugins, why))
        self._known = {}


class _Remote:
    """One implementation in the child."""

    def __init__(self, layer: ChildLayer, found: Implementation) -> None:
        self._layer, self._found = layer, found
        self.plugin = found.plugin
        self.version = layer.version(found.plugin)

    def ask(self, offered: Mapping[str, Any]) -> Any:
        return self._layer.ask(self._found, offered)


def _death(error: Exception, budget: float) -> str:
    if isinstance(error, TimeoutError):
        return f"took more than {budget:g} seconds and was killed"
    if isinstance(error, msgspec.MsgspecError):
        return "spoiled the line to csctool"
    return "ended its process"
