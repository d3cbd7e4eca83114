"""A limit to a whole exchange, not only to each silence in it: a server that sends a byte a second hangs us too."""

import socket
import threading
import time
from contextlib import suppress
from typing import Protocol

#: So often within its limit an exchange is looked at; it may take as much longer.
LOOKS = 10


class Line(Protocol):
    """What talks over a socket, or has none at the moment."""

    sock: socket.socket | None


class Watch:
    """Watches over one exchange after the other, each a `with` block of `watch.over(line)`.

    When the other end has had its `seconds`, the connection is cut, and `late` says so until the next exchange. One
    thread looks on as long as there are exchanges; `close` ends it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._line: Line | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.late = False

    def over(self, line: Line) -> "Watch":
        """The next exchange, over this line."""
        self._line = line
        return self

    def __enter__(self) -> "Watch":
        self.late = False
        self._until = time.monotonic() + self._seconds
        if self._thread is None:
            self._closed.clear()
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._until = None

    def close(self) -> None:
        """Nothing more to watch for now."""
        if self._thread is not None:
            self._closed.set()
            self._thread.join()
            self._thread = None

    def _look(self) -> None:
        while not self._closed.wait(self._seconds / LOOKS):
            until = self._until
            if until is not None and time.monotonic() > until and not self.late:
                self.late = True
                self._cut()

    def _cut(self) -> None:
        sock = self._line.sock if self._line else None
        if sock is not None:
            with suppress(OSError, ValueError):
                # The plain socket's own: that of a TLS socket would change the object under who is reading from it.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
