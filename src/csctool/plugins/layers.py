"""Layers: who is asked together. Built-in plugins and rules run in this process, an agency's Python does not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
import pluggy

from csctool.desk.ports import Plugged
from csctool.errors import CscError
from csctool.plugins.hookspecs import PROJECT, Hooks


class Broken(msgspec.Struct, frozen=True):
    """A plugin, or a part of it, that can't be asked, and why."""

    plugin: str
    why: str


class FailedError(Exception):
    """A plugin gave no usable answer; the message says why."""


class Implementer(Protocol):
    """One function that answers a hook."""

    plugin: str
    version: str | None

    def ask(self, offered: Mapping[str, Any]) -> Any:
        """Its answer, None for no answer. Raises FailedError."""


class Asked(Protocol):
    """A layer."""

    name: str

    def prepare(self) -> None:
        """Make ready, before a lock is taken."""

    def broken(self) -> Iterable[Broken]:
        """Plugins that can't be asked, and why."""

    def implementations(self, hook: str) -> Iterator[Implementer]:
        """Those who answer a hook, the first to be asked first."""

    def plugged(self) -> Iterable[Plugged]:
        """The plugins of this layer that are not csctool's own."""

    def close(self) -> None:
        """Nobody is asked any more."""


class Manager(pluggy.PluginManager):
    """pluggy's manager; names with two leading underscores are no hooks, and are not looked at: there are many."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(Hooks)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """The options of an implementation; None for what is none."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """The options of a specification; None for what is none."""
        return None if name.startswith("__") else super().parse_hookspec_opts(module_or_class, name)

    def implementations(self, hook: str) -> Iterator[Any]:
        """Those who answer a hook, the first to be asked first."""
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        return reversed(caller.get_hookimpls())


class Layer:
    """A named set of plugins of csctool's own, side by side; pluggy orders them (`tryfirst`, `trylast`)."""

    def __init__(self, name: str, plugins: Mapping[str, object]) -> None:
        self.name = name
        self.manager = Manager()
        for plugin_name, plugin in plugins.items():
            self.manager.register(plugin, plugin_name)

    def prepare(self) -> None:
        """Nothing to do: they are here."""

    def broken(self) -> Iterable[Broken]:
        """None: they are csctool's own."""
        return ()

    def implementations(self, hook: str) -> Iterator[Implementer]:
        """Those who answer a hook, the first to be asked first."""
        return map(_Here, self.manager.implementations(hook))

    def plugged(self) -> Iterable[Plugged]:
        """None."""
        return ()

    def close(self) -> None:
        """Nothing to end."""


class _Here:
    """One implementation in this process."""

    def __init__(self, impl: Any) -> None:
        self._impl = impl
        self.plugin: str = impl.plugin_name
        self.version: str | None = getattr(impl.plugin, "version", None)

    def ask(self, offered: Mapping[str, Any]) -> Any:
        try:
            return self._impl.function(*(offered[name] for name in self._impl.argnames))
        except CscError as error:
            raise FailedError(str(error)) from None
