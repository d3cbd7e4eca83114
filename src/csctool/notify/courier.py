"""Delivery at once: a process of its own, so that whoever caused a message need not wait for a mail server."""

import os
import sys
from collections.abc import Iterable


def send_off(root: str, now: str | None, keys: Iterable[str]) -> None:
    """Start `csctool notify send` for these agencies and leave it to itself: no terminal, no output, no lock.

    What it can't deliver stays in the outbox, and the sweep tries it again. Raises OSError when it can't be started.
    """
    clock = () if now is None else ("--now", now)
    agencies = [word for key in keys for word in ("--agency", key)]
    words = [sys.executable, "-P", "-m", "csctool", "--desk", root, *clock, "notify", "send", *agencies]
    # Whoever acts for somebody else does so in his own command; -P: nothing is imported from the working directory.
    environment = {name: value for name, value in os.environ.items() if name not in ("CSCTOOL_AS", "CSCTOOL_NOW")}
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        streams = [(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)]
        os.posix_spawn(sys.executable, words, environment, file_actions=streams, setsid=True)
    finally:
        os.close(null)
