"""A limit to a whole exchange, not only to each silence in it: a server that sends a byte a second hangs us too."""

import socket
import threading
from contextlib import suppress
from typing import Protocol


class Line(Protocol):
    """What talks over a socket, or has none at the moment."""

    sock: socket.socket | None


class Watch:
    """Within its `with` block the other end has so many seconds; then the connection is cut, and `late` says so."""

    def __init__(self, seconds: float, line: Line | None = None) -> None:
        self.line = line
        self.late = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "Watch":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        self.late = True
        sock = self.line.sock if self.line else None
        if sock is not None:
            with suppress(OSError, ValueError):
                # The plain socket's own: that of a TLS socket would change the object under who is reading from it.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
