"""Hands for long work: children of this process that do a share of it and tell what came of it.

A child begins with everything that its parent has, as it stands then, and nothing that it does to that comes back but
its answer. So a share must be work that no other share touches, on disk too.
"""

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from csctool.errors import CscError, StorageError

T = TypeVar("T")


class Crew(Generic[T]):
    """`hands` children at once are as many as help."""

    def __init__(self, hands: int) -> None:
        self.hands = hands
        self._children: list[tuple[int, int]] = []

    def start(self, share: Callable[[], T]) -> None:
        """Have a share done by a child. Raises OSError when no process can be had."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or the child would own a copy of what is not written yet
        ours, theirs = os.pipe()
        try:
            child = os.fork()
        except OSError:
            os.close(ours)
            os.close(theirs)
            raise
        if child == 0:
            os.close(ours)
            _do(share, theirs)
        os.close(theirs)
        self._children.append((child, ours))

    def answers(self) -> Iterator[T]:
        """What the children answer that were started, in that order; waits for each. Raises the CscError that one
        failed with, and StorageError for one that was killed, when all have ended."""
        failures: list[CscError] = []
        while self._children:
            child, line = self._children.pop(0)
            with open(line, "rb") as pipe:
                told = pipe.read()
            os.waitpid(child, 0)
            if not told:
                failures.append(StorageError("a process that did a share of the work was killed", "do it again"))
                continue
            done, answer = pickle.loads(told)
            if done:
                yield answer
            else:
                failures.append(answer)
        for failure in failures:
            raise failure

    def dismiss(self) -> None:
        """End what still works; what it has saved stays saved."""
        for child, line in self._children:
            os.close(line)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        self._children = []


def _do(share: Callable[[], Any], line: int) -> None:
    """The child's whole life. It ends without taking the interpreter down, which would run what its parent has to."""
    gc.disable()  # it lives for seconds, and makes no rubbish worth collecting
    status = 1
    try:
        try:
            told = pickle.dumps((True, share()))
        except CscError as error:
            told = pickle.dumps((False, error))
        with open(line, "wb") as pipe:
            pipe.write(told)
        status = 0
    except BaseException:  # noqa: BLE001 - a bug, or an interruption: told here, for the parent only sees that it ended
        if os.environ.get("CSCTOOL_TRACEBACK"):
            import traceback

            traceback.print_exc()
    finally:
        os._exit(status)
