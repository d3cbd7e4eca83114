"""The mailroom: takes letters, puts them into words and hands each to its transport."""

from collections.abc import Iterable, Iterator

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.organisation import DeskSettings
from csctool.errors import CscError
from csctool.notify.transport import Transport
from csctool.notify.words import Writer


class Mailroom:
    """The transports of one desk. Implements `desk.ports.Post`."""

    def __init__(self, root: str, settings: DeskSettings, writer: Writer) -> None:
        self._root = root
        self._settings = settings
        self._writer = writer
        self._open: dict[tuple[str, str], Transport] = {}

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        """Deliver letters one by one; a transport is opened once and closed at the end."""
        try:
            for letter in letters:
                yield letter, self._sent(letter)
        finally:
            for transport in self._open.values():
                transport.close()
            self._open.clear()

    def _sent(self, letter: Letter) -> Outcome:
        transport = self._transport(letter)
        if transport is None:
            return Outcome(error=f"no such transport: {letter.notice.transport}")
        return transport.deliver(letter, self.words(letter))

    def words(self, letter: Letter, locale: str | None = None) -> Wording:
        """What the recipient reads."""
        return self._writer.worded(letter, locale)

    def troubles(self) -> list[CscError]:
        """Templates that could not be used since the last call."""
        return self._writer.troubles()

    def _transport(self, letter: Letter) -> Transport | None:
        name = letter.notice.transport
        key = (letter.agency, name)
        if key not in self._open:
            from csctool.notify.file import FileTransport

            if name != "file":
                return None
            self._open[key] = FileTransport(f"{self._root}/agencies/{letter.agency}/messages.jsonl")
        return self._open[key]
