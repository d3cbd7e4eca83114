"""What csctool and the process that an agency's Python runs in say to each other: values by copy, one at a time."""

import time
from _socket import socket  # the public module costs 3 ms of start-up, and adds nothing that is used here
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from csctool.domain.ticket import Event, Ticket
from csctool.plugins.hookspecs import Agency, Answer, Change, Message, Receipt
from csctool.plugins.layers import Broken

V = TypeVar("V")
#: The longest message. A ticket's texts are at most 1 MiB each; what is longer than this is no answer.
LONGEST = 64 * 1024 * 1024
_HEADER = 8


class Order(msgspec.Struct, frozen=True):
    """A process that is wanted: for whom, and what to load, in the order of the settings.

    A `trial` is what the user himself named on the command line; it may lie anywhere.
    """

    number: int
    layer: str
    key: str
    directory: str
    desk: str
    plugins: tuple[str, ...]
    trial: bool = False


class End(msgspec.Struct, frozen=True):
    """A process that is not wanted any longer."""

    number: int


class Arguments(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a hook is called with; only what the implementation wants is sent."""

    ticket: Ticket | None = None
    agency: Agency | None = None
    change: Change | None = None
    reason: str | None = None
    event: Event | None = None
    message: Message | None = None


class Ask(msgspec.Struct, frozen=True):
    """A question to one implementation: the `turn`-th of `plugin` for `hook`."""

    hook: str
    plugin: str
    turn: int
    arguments: Arguments


class Implementation(msgspec.Struct, frozen=True):
    """One function of a plugin that answers a hook."""

    hook: str
    plugin: str
    turn: int
    wants: tuple[str, ...]


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the process says: what it is loading, what it has loaded, or an answer. `wrong` is why there is none."""

    loading: str | None = None
    ready: tuple[Implementation, ...] | None = None
    versions: dict[str, str] = {}
    broken: tuple[Broken, ...] = ()
    hints: tuple[Broken, ...] = ()
    text: str | None = None
    answer: Answer | None = None
    texts: tuple[str, ...] | None = None
    messages: tuple[Message, ...] | None = None
    receipt: Receipt | None = None
    wrong: str | None = None

    @property
    def said(self) -> Any:
        """The answer as the host takes it, None for no answer."""
        for several in (self.texts, self.messages):
            if several is not None:
                return list(several)
        return self.text if self.text is not None else self.answer or self.receipt


class Link:
    """One end of the line. Every message is its length and then JSON."""

    def __init__(self, line: socket) -> None:
        self._line = line
        self._encoder = msgspec.json.Encoder()
        self._decoders: dict[Any, Callable[[bytes], Any]] = {}

    def send(self, value: Any, seconds: float | None = None) -> None:
        """One message. Raises TimeoutError when the other end does not take it, OSError when it is gone."""
        data = self._encoder.encode(value)
        self._line.settimeout(seconds)
        self._line.sendall(len(data).to_bytes(_HEADER) + data)

    def receive(self, kind: type[V], seconds: float | None = None) -> V:
        """The next message.

        Raises TimeoutError, EOFError when the other end is gone, msgspec.MsgspecError for what is no such message.
        """
        until = None if seconds is None else time.monotonic() + seconds
        length = int.from_bytes(self._exactly(_HEADER, until))
        if length > LONGEST:
            raise msgspec.DecodeError("too long")
        decode = self._decoders.get(kind)
        if decode is None:
            decode = self._decoders[kind] = msgspec.json.Decoder(kind).decode
        value: V = decode(self._exactly(length, until))
        return value

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _exactly(self, wanted: int, until: float | None) -> bytes:
        pieces = []
        while wanted:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._line.settimeout(left)
            piece = self._line.recv(min(wanted, 1 << 20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)
