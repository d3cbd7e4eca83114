"""Loading plugins, inside the process that they run in: what the settings name and nothing else, each by itself."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType, ModuleType
from typing import Any

import pluggy

from csctool.domain.naming import hint
from csctool.plugins.hookspecs import API, DESK_WIDE, HOOKS, PROJECT, arguments
from csctool.plugins.layers import Broken, Manager
from csctool.plugins.trust import UntrustedError, check, read_anywhere, read_within, trust
from csctool.plugins.wire import Order

#: The layer of plugins that csctool.toml names.
DESK_LAYER = "desk-plugins"


class UnknownPackageError(Exception):
    """The settings name a package that is not installed."""


class Shelf(Manager):
    """The manager of one layer of one agency. It takes no wrappers, and no function that asks for what it can't get."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[Broken] = []
        self.loading = ""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """The options of a hook function; None for what is none, or is refused."""
        options = super().parse_hookimpl_opts(plugin, name)
        why = _unfit(getattr(plugin, name), options.get("specname") or name, options) if options else None
        if why:
            self.refused.append(Broken(self.loading, f"{name} {why}"))
            return None
        return options


def _unfit(function: Callable[..., Any], hook: str, options: Any) -> str | None:
    if options["wrapper"] or options["hookwrapper"]:
        return "is a wrapper, which could rewrite everybody's answers; answer for yourself"
    if hook not in HOOKS:
        return None  # left to check_pending
    known = arguments(hook)
    strange = [name for name in pluggy._hooks.varnames(function)[0] if name not in known]
    if strange:
        return f"asks for {', '.join(strange)}; {hook} has {', '.join(known) or 'no arguments'}"
    return None


class Loaded:
    """The plugins of one order, as far as they could be loaded."""

    def __init__(self, order: Order, telling: Callable[[str], None]) -> None:
        self._order = order
        self._trust = trust(order.desk, order.directory)
        self.shelf = Shelf()
        self.versions: dict[str, str] = {}
        self.broken = self.shelf.refused
        self.modules: dict[str, ModuleType] = {}
        for name in order.plugins:
            telling(name)
            self._guarded(name, self._load)
        for name in reversed(self.modules):  # pluggy asks the last first, and people mean the first that they wrote
            self._guarded(name, self._register)
        self._misspelt()

    def _guarded(self, name: str, step: Callable[[str], None]) -> None:
        try:
            step(name)
        except BaseException as error:  # noqa: BLE001  (whatever a plugin does while it is imported)
            self.broken.append(Broken(name, _worded(error) + self._meant(name, error)))

    def _meant(self, name: str, error: BaseException) -> str:
        """Which file of the agency's may have been meant by a name that nothing has."""
        if isinstance(error, FileNotFoundError | UnknownPackageError):
            for guess in (name, f"{name}.py", f"plugins/{name}", f"plugins/{name}.py"):
                path = os.path.join(self._order.directory, guess)
                if os.path.isfile(path):
                    return f"; did you mean {os.path.relpath(path) if self._order.trial else guess}?"
        return ""

    def _load(self, name: str) -> None:
        module = self._file(name) if is_file(name) else self._package(name)
        stated = getattr(module, "CSCTOOL_API", API)
        if stated != API:
            raise UntrustedError(f"it is written for CSCTOOL_API {stated!r}, and this csctool has {API}")
        self.versions[name] = version_of(module, name)
        self.modules[name] = module

    def _register(self, name: str) -> None:
        self.shelf.loading = name
        self.shelf.register(self.modules[name], name)
        if self._order.layer != DESK_LAYER:
            for hook in DESK_WIDE:
                if any(impl.plugin_name == name for impl in self.shelf.implementations(hook)):
                    self.broken.append(Broken(name, f"{hook} is for plugins of the whole desk, in csctool.toml"))

    def _file(self, name: str) -> ModuleType:
        if self._order.trial:
            path, source = read_anywhere(name, self._trust)
        else:
            path, source = read_within(self._order.directory, name, self._trust)
        code: CodeType = compile(source, path, "exec", dont_inherit=True)
        module = ModuleType(f"csctool_plugin_{''.join(c if c.isalnum() else '_' for c in name.removesuffix('.py'))}")
        module.__file__ = path
        sys.modules[module.__name__] = module
        exec(code, module.__dict__)
        return module

    def _package(self, name: str) -> ModuleType:
        """An importable package: each step of a dotted name is looked at before it is run."""
        from importlib import import_module
        from importlib.util import find_spec

        found = ""
        for part in name.split("."):
            found = f"{found}.{part}" if found else part
            spec = sys.modules[found].__spec__ if found in sys.modules else find_spec(found)
            if spec is None:
                raise UnknownPackageError(f"there is no package {found}; is it installed where csctool is?")
            if not spec.has_location or spec.origin is None:
                raise UntrustedError(f"{found} is no package with a file of its own")
            check(spec.origin, self._trust)
            module = import_module(found)
        return module

    def hints(self) -> Iterator[Broken]:
        """What works, and is hardly meant: a hook's name without its mark, a plugin that answers nothing."""
        for name, module in self.modules.items():
            unmarked = [
                hook for hook in HOOKS
                if callable(function := getattr(module, hook, None)) and not hasattr(function, f"{PROJECT}_impl")
            ]  # fmt: skip
            for hook in unmarked:
                yield Broken(name, f"{hook} is never asked: it lacks @hookimpl")
            answers = any(impl.plugin_name == name for hook in HOOKS for impl in self.shelf.implementations(hook))
            if not (answers or unmarked or any(one.plugin == name for one in self.broken)):
                yield Broken(name, "it answers no hook; mark a function with @hookimpl")

    def _misspelt(self) -> None:
        """Hook functions that csctool has no hook for: pluggy's `check_pending`, every one named with the nearest."""
        try:
            self.shelf.check_pending()
        except pluggy.PluginValidationError:
            for hook, caller in vars(self.shelf.hook).items():
                if hook in HOOKS or not isinstance(caller, pluggy.HookCaller):
                    continue
                right = hint(hook, HOOKS)
                for impl in caller.get_hookimpls():
                    if not impl.optionalhook:
                        self.broken.append(Broken(impl.plugin_name, f"there is no hook {hook}; {right}"))


def is_file(name: str) -> bool:
    """Whether an entry of `plugins = […]` is a file, not an importable name."""
    return name.endswith(".py") or os.sep in name


def version_of(module: ModuleType, name: str) -> str:
    """What a plugin calls its version: `__version__`, else that of the distribution of its name, else nothing."""
    stated = getattr(module, "__version__", None)
    if stated is None and not is_file(name):
        from importlib.metadata import PackageNotFoundError, version

        try:
            stated = version(name.partition(".")[0])
        except PackageNotFoundError:
            stated = None
    return "" if stated is None else shortened(str(stated), 40)


def clean_path() -> None:
    """Take the working directory and PYTHONPATH out of the module search, but for what is installed from there."""
    given = {os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    with suppress(FileNotFoundError):  # the working directory is gone: nothing can be found there
        given.add(os.path.realpath(os.getcwd()))
    suspect = [entry for entry in sys.path if not os.path.isabs(entry) or os.path.realpath(entry) in given]
    if suspect:
        installed = _installed_from()
        sys.path[:] = [entry for entry in sys.path if entry not in suspect or os.path.realpath(entry) in installed]


def _installed_from() -> set[str]:
    """Directories that the interpreter searches by itself: site-packages, and what editable installs name there."""
    import site

    places = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    found = {os.path.realpath(place) for place in places}
    for place in places:
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name.endswith(".pth"):
                with open(os.path.join(place, name), encoding="utf-8", errors="replace") as file:
                    found |= {os.path.realpath(os.path.join(place, line.strip())) for line in file if line.strip()}
    return found


def _worded(error: BaseException) -> str:
    if isinstance(error, UntrustedError):
        return f"it is refused: {error}"
    if isinstance(error, UnknownPackageError):
        return str(error)
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no file {error.filename}"
    return f"it can't be loaded: {described(error)}"


def described(error: BaseException) -> str:
    """An exception of a plugin in one short line: its type, what it says, and where."""
    try:
        text = " ".join(str(error).split())
    except BaseException:  # noqa: BLE001  (an exception that can't even say what it is)
        text = ""
    if not isinstance(error, SyntaxError):
        lines = list(_lines(error))
        text += f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {shortened(text)}" if text else type(error).__name__


def _lines(error: BaseException) -> Iterator[int]:
    """The lines of the traceback that lie in the plugin's file, the innermost last."""
    place = error.__traceback__
    here = os.path.dirname(__file__)
    own = None
    while place:
        name = place.tb_frame.f_code.co_filename
        if own is None and not name.startswith((here, "<frozen")):
            own = name
        if name == own:
            yield place.tb_lineno
        place = place.tb_next


def shortened(text: str, longest: int = 300) -> str:
    """Text that fits into a line of a history."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
