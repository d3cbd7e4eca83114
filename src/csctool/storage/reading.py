"""An agency at one moment, for whoever delivers: its outbox, and many of its tickets without reading files again."""

from csctool.domain.notice import Notice
from csctool.domain.ticket import Ticket, split_key
from csctool.errors import NotFoundError
from csctool.storage import codec
from csctool.storage.shelf import Shelf


class Reading:
    """The live tickets of that moment; archives are read when one of theirs is wanted, and then kept at hand.

    Implements `desk.ports.Reading`.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._agency = shelf.agency
        self._live = shelf.live()
        self._archived = shelf.archives.at_hand()

    def outbox(self) -> list[Notice]:
        """What waits, held and given up ones too."""
        return list(self._live.notices().values())

    def ticket(self, key: str) -> Ticket:
        """One ticket of the agency."""
        agency, number = split_key(key)
        document = None
        if agency == self._agency:
            document = self._live.ticket(number) or self._archived(number)
        if document is None:
            raise NotFoundError(f"no such ticket: {agency}-{number}")
        return codec.decode(document)
