"""What plugins of the whole desk add: reports and commands, each run in a process of its own.

A desk's settings name these plugins, and the same files are refused as everywhere. They answer no question about one
ticket, so they have no place in the layers of the host: they are loaded when a name is wanted that csctool lacks.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import msgspec

from csctool.domain.showing import visible
from csctool.domain.ticket import Ticket
from csctool.errors import PluginError
from csctool.plugins.hookspecs import Command, Report
from csctool.plugins.loading import DESK_LAYER, Loaded, clean_path, described
from csctool.plugins.wire import Order
from csctool.plugins.worker import speak_plainly

#: Seconds that a plugin's report may take over all tickets (a question about one ticket has two).
PATIENCE = 60.0
#: What a process ends with when a plugin has no command of the name.
_NONE_SUCH = 254


class Offered(msgspec.Struct, frozen=True):
    """A report that a plugin adds."""

    plugin: str
    name: str
    help: str
    columns: tuple[str, ...]


class _Said(msgspec.Struct, omit_defaults=True):
    """What the process of a plugin says at its end."""

    reports: list[Offered] = []
    rows: list[dict[str, Any]] = []
    wrong: str | None = None


class Additions:
    """The reports and commands of the plugins that a desk's settings name."""

    def __init__(self, root: str, plugins: tuple[str, ...]) -> None:
        self._root = root
        self._plugins = plugins

    def reports(self) -> list[Offered]:
        """The reports that there are. Raises PluginError when a plugin can't be asked."""
        if not self._plugins:
            return []

        def asked() -> _Said:
            found = self._added("reports", Report)
            return _Said(reports=[Offered(plugin, r.name, r.help, tuple(r.columns)) for plugin, r in found])

        return _elsewhere(asked).reports

    def rows(self, name: str, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
        """The rows of a report over tickets. Raises PluginError."""

        def asked() -> _Said:
            report = next(r for _, r in self._added("reports", Report) if r.name == name)
            return _Said(rows=[{column: row.get(column) for column in report.columns} for row in report.rows(tickets)])

        return _elsewhere(asked).rows

    def run(self, name: str, words: Sequence[str]) -> int | None:
        """Run a command, with csctool's own streams, and answer its exit status; None when no plugin has it.

        Raises PluginError when the plugin fails.
        """
        if not self._plugins:
            return None
        reading, writing = os.pipe()
        _flush()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _end(self._command(name, words, writing))
        os.close(writing)
        try:
            with os.fdopen(reading, "rb") as told:
                wrong = told.read().decode(errors="replace")
        finally:
            _, status = os.waitpid(pid, 0)
        if wrong:
            raise PluginError(wrong)
        if os.WIFSIGNALED(status):
            raise PluginError(f"the command {name} was ended by {signal.Signals(os.WTERMSIG(status)).name}")
        code = os.waitstatus_to_exitcode(status)
        return None if code == _NONE_SUCH else code

    def _command(self, name: str, words: Sequence[str], told: int) -> int:
        """In the process of the command: its exit status; what is wrong with the plugin is written to `told`."""
        try:
            found = next((c for _, c in self._added("commands", Command) if c.name == name), None)
            if found is None:
                return _NONE_SUCH
            status = found.run(list(words))
            if not isinstance(status, int | None) or not 0 <= int(status or 0) < _NONE_SUCH:
                raise TypeError(f"it answered {status!r}, which is no exit status")
            return int(status or 0)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        except BaseException as error:  # noqa: BLE001  (whatever a plugin raises)
            os.write(told, f"the plugin's command {name} failed: {described(error)}".encode())
            return 1

    def _added(self, hook: str, kind: type[Any]) -> Iterable[tuple[str, Any]]:
        """What the plugins answer to `reports` or `commands`, the first plugin first. One that fails adds none."""
        clean_path()
        loaded = Loaded(Order(0, DESK_LAYER, "", self._root, self._root, self._plugins), lambda _: None)
        for one in loaded.broken:
            _complain(one.plugin, one.why)
        for impl in loaded.shelf.implementations(hook):
            try:
                answer = impl.function() or []
                if not all(isinstance(one, kind) for one in answer):
                    raise TypeError(f"it answered no list of {kind.__name__}")
            except BaseException as error:  # noqa: BLE001  (whatever a plugin raises)
                _complain(impl.plugin_name, f"{hook} failed: {described(error)}")
                continue
            yield from ((impl.plugin_name, one) for one in answer)


def _elsewhere(work: Callable[[], _Said]) -> _Said:
    """What `work` answers in a process of its own, whose stdout is csctool's stderr. Raises PluginError."""
    reading, writing = os.pipe()
    _flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.setsid()
        os.dup2(2, 1)
        speak_plainly()
        try:
            said = msgspec.json.encode(work())
        except BaseException as error:  # noqa: BLE001  (whatever a plugin raises)
            said = msgspec.json.encode(_Said(wrong=described(error)))
        with os.fdopen(writing, "wb") as line:
            line.write(said)
        _end(0)
    os.close(writing)
    try:
        data = _read(reading)
    finally:
        os.close(reading)
        for kill in (os.kill, os.killpg):
            with suppress(OSError):
                kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if data is None:
        raise PluginError(f"a plugin's report took more than {PATIENCE:g} seconds and was killed")
    try:
        answer = msgspec.json.decode(data, type=_Said)
    except msgspec.MsgspecError:
        raise PluginError("a plugin's report ended its process without an answer") from None
    if answer.wrong:
        raise PluginError(f"a plugin's report failed: {answer.wrong}")
    return answer


def _read(descriptor: int) -> bytes | None:
    """All that is written until the other end closes; None when that takes too long."""
    until = time.monotonic() + PATIENCE
    parts: list[bytes] = []
    while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or the child would own a copy of what is not written yet


def _complain(plugin: str, why: str) -> None:
    told = visible(f"csctool: plugin {plugin} of the desk was passed over: {why}")
    os.write(2, f"{told}\n".encode(errors="backslashreplace"))


def _end(status: int) -> NoReturn:
    with suppress(OSError, ValueError):
        _flush()
    os._exit(status)
