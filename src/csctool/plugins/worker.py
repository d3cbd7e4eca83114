"""The process that one agency's Python runs in: it settles in, loads what it is told, and answers question by question.

It holds nothing of csctool's: no lock, no store, no terminal, no ticket but the one that it is asked about.
"""

import gc
import io
import os
import sys
from contextlib import suppress
from typing import Any

import msgspec

from csctool.domain.showing import visible
from csctool.plugins.hookspecs import HOOKS, Answer, Message, Receipt
from csctool.plugins.loading import Loaded, clean_path, described
from csctool.plugins.wire import Ask, Implementation, Link, Order, Reply

#: What a plugin's process may have of address space, in bytes. A word list or a small model fits; eating all does not.
MEMORY = 1 << 30
#: Longer texts are no answer.
LONGEST = 1024 * 1024


class NonsenseError(Exception):
    """An answer that is none."""


class Loud(io.TextIOWrapper):
    """Where a plugin's words go, which may be a ticket's: lines in which nothing is hidden and nothing steers.

    Where it is known whose words they are, each line says so.
    """

    _whose = ""
    _begun = False

    def listen(self, whose: str) -> None:
        """What comes now is this one's; what the one before left unfinished ends."""
        if self._begun and self._whose:
            with suppress(OSError, ValueError):  # it may have closed its own mouth
                super().write("\n")
            self._begun = False
        self._whose = whose and f"{visible(whose)} prints: "

    def write(self, text: str, /) -> int:
        """Write, escaped but for line breaks and tabs."""
        for at, line in enumerate(text.split("\n")):
            if at:
                super().write("\n")
                self._begun = False
            if line:
                super().write(("" if self._begun else self._whose) + "\t".join(map(visible, line.split("\t"))))
                self._begun = True
        return len(text)


def live(line: Link, order: Order) -> None:
    """Load and answer until the other end hangs up."""
    loud = settle()

    def loading(name: str) -> None:
        loud.listen(_called(name, order))
        line.send(Reply(loading=name))

    loaded = Loaded(order, loading)
    functions: dict[tuple[str, str, int], Any] = {}
    found = []
    for hook in HOOKS:
        turns: dict[str, int] = {}
        for impl in loaded.shelf.implementations(hook):
            turn = turns[impl.plugin_name] = turns.get(impl.plugin_name, -1) + 1
            functions[hook, impl.plugin_name, turn] = impl
            found.append(Implementation(hook, impl.plugin_name, turn, tuple(impl.argnames)))
    loud.listen("")
    broken, hints = tuple(loaded.broken), tuple(loaded.hints())
    line.send(Reply(ready=tuple(found), versions=loaded.versions, broken=broken, hints=hints))
    gc.freeze()  # what csctool left here is never looked at again; a plugin's own rubbish is
    gc.enable()
    while True:
        question = line.receive(Ask)
        loud.listen(_called(question.plugin, order))
        answer = _answered(functions[question.hook, question.plugin, question.turn], question)
        loud.listen("")
        line.send(answer)


def _called(plugin: str, order: Order) -> str:
    """A plugin as messages name it."""
    return f"plugin {plugin} of {order.key}"


def settle() -> Loud:
    """Streams, limits and module search of a process that is not trusted with any of csctool's."""
    import resource

    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    loud = speak_plainly()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    clean_path()
    return loud


def speak_plainly() -> Loud:
    """Let what a plugin prints go to stderr, escaped. Stdout is stderr already in a process of its own."""
    loud = Loud(io.FileIO(2, "w", closefd=False), errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = loud  # type: ignore[misc]
    return loud


def _answered(impl: Any, question: Ask) -> Reply:
    given = question.arguments
    try:
        raw = impl.function(*(getattr(given, name) for name in impl.argnames))
        return reply(question.hook, raw)
    except NonsenseError as error:
        return Reply(wrong=str(error))
    except BaseException as error:  # noqa: BLE001  (whatever a plugin raises: SystemExit and KeyboardInterrupt too)
        return Reply(wrong=f"raised {described(error)}")


def reply(hook: str, raw: Any) -> Reply:
    """The answer as it can travel, copied while it is still the plugin's. Raises NonsenseError."""
    if raw is None or hook == "changed":
        return Reply()
    if hook == "validate":
        if isinstance(raw, list | tuple) and all(isinstance(text, str) for text in raw):
            return Reply(texts=tuple(_text(text) for text in raw))
        raise NonsenseError("answered no list of texts")
    if hook == "notify":
        if isinstance(raw, list | tuple) and all(isinstance(message, Message) for message in raw):
            return Reply(messages=_copied(list(raw), tuple[Message, ...]))
        raise NonsenseError("answered no list of Message")
    if isinstance(raw, str):
        return Reply(receipt=Receipt(_text(raw))) if hook == "deliver" else Reply(text=_text(raw))
    if hook == "deliver":
        return Reply(receipt=_copied(raw, Receipt))
    if isinstance(raw, Answer):
        return Reply(answer=_copied(raw, Answer))
    raise NonsenseError(f"answered {type(raw).__name__}, not a text or an Answer")


def _copied(raw: Any, kind: Any) -> Any:
    """The same value with every field checked against its type. Raises NonsenseError."""
    try:
        return msgspec.json.decode(msgspec.json.encode(raw), type=kind)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise NonsenseError(f"answered nonsense: {error}") from None


def _text(text: str) -> str:
    """The text if it can be kept. Raises NonsenseError."""
    plain = str.__str__(text)
    if len(plain) > LONGEST or "\0" in plain or (not plain.isascii() and _torn(plain)):
        raise NonsenseError("answered a text that can't be kept: over 1 MiB, a NUL byte, or no UTF-8")
    return plain


def _torn(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
