"""Where the processes of plugins come from: one process, forked before any lock is taken and any ticket is read.

Every agency's process is forked from it, so none of them inherits a lock, a file, another agency's ticket or the
terminal, however late in a command it is wanted. When csctool ends, or is killed, the nursery ends them all.
"""

import os
import sys
from _socket import AF_UNIX, CMSG_LEN, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket, socketpair
from contextlib import suppress

import msgspec

from csctool.plugins.wire import End, Link, Order

_BIG = 256 * 1024
_FD = 4


class Nursery:
    """The end that csctool holds. `spawn` and `end` take no time: the nursery works meanwhile."""

    def __init__(self) -> None:
        self._line: socket | None = None
        self._pid = 0
        self._count = 0

    def open(self) -> None:
        """Fork the nursery where there is none yet. Raises OSError when no process can be had."""
        if self._line is not None:
            return
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or the child would own a copy of what is not written yet
        ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        try:
            self._pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if self._pid == 0:
            _in_a_process_of_its_own(theirs)
        theirs.close()
        self._line = ours

    def spawn(
        self, layer: str, key: str, directory: str, desk: str, plugins: tuple[str, ...], *, trial: bool = False
    ) -> tuple[int, Link]:
        """A new process that loads these plugins: its number, and the line to it. Raises OSError."""
        self.open()
        self._count += 1
        ours, theirs = socketpair()
        try:
            self._tell(Order(self._count, layer, key, directory, desk, plugins, trial), theirs)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return self._count, Link(ours)

    def end(self, number: int) -> None:
        """Kill a process and what it started."""
        with suppress(OSError):  # the nursery is gone, and has taken them along
            self._tell(End(number))

    def close(self) -> None:
        """End them all."""
        if self._line is not None:
            self._line.close()
            self._line = None
            with suppress(ChildProcessError):
                os.waitpid(self._pid, os.WNOHANG)  # it has its own way home: nobody waits for it

    def _tell(self, what: Order | End, line: socket | None = None) -> None:
        if self._line is None:
            raise BrokenPipeError
        tag = b"o" if isinstance(what, Order) else b"e"
        rights = [(SOL_SOCKET, SCM_RIGHTS, line.fileno().to_bytes(_FD, sys.byteorder))] if line else []
        self._line.sendmsg([tag + msgspec.json.encode(what)], rights)


def _in_a_process_of_its_own(line: socket) -> None:
    """Never returns: whatever happens, this process ends here and not in csctool's code."""
    try:
        os.setsid()  # no terminal, and no signal that is meant for csctool
        _let_go(line.fileno())
        os.dup2(2, 1)  # csctool's stdout is for csctool's answers: nobody waits for us to close it
        _tend(line)
    finally:
        os._exit(0)


def _let_go(kept: int) -> None:
    """Close every file that csctool had open: its locks too."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            with suppress(OSError):
                os.close(int(name))


def _tend(line: socket) -> None:
    """Fork and kill as told, until csctool hangs up."""
    alive: dict[int, int] = {}
    try:
        while True:
            data, rights, _, _ = line.recvmsg(_BIG, CMSG_LEN(_FD))
            if not data:
                return
            if data[:1] == b"o":
                order = msgspec.json.decode(data[1:], type=Order)
                theirs = int.from_bytes(rights[0][2], sys.byteorder)
                alive[order.number] = _fork(line, order, theirs)
                os.close(theirs)
            else:
                _kill(alive.pop(msgspec.json.decode(data[1:], type=End).number, 0))
    finally:
        for pid in alive.values():
            _kill(pid)


def _fork(line: socket, order: Order, descriptor: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        line.close()
        from csctool.plugins.worker import live

        live(Link(socket(fileno=descriptor)), order)
    finally:
        os._exit(1)


def _kill(pid: int) -> None:
    """A process and its group. It is waited for only afterwards, so that its number can't be another's by then."""
    if not pid:
        return
    for kill in (os.kill, os.killpg):
        with suppress(OSError):
            kill(pid, 9)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
