"""An agency's outbox under a unit of work: notices stay undecoded, so that one more costs little among thousands."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property

import msgspec

from csctool.domain.notice import Notice
from csctool.storage import codec
from csctool.storage.database import Documents


class Outbox:
    """The notices of a table by their places, in the order of which they came; `place` gives the next one."""

    def __init__(self, table: Documents, place: Callable[[], int]) -> None:
        self._table = table
        self._place = place
        self._new: dict[str, int] = {}
        self._unheard: set[str] = set()
        self._put: dict[int, Notice] = {}

    def notices(self) -> list[Notice]:
        """The outbox as the unit sees it."""
        places = sorted([*self._places.values(), *self._new.values()])
        return [self._put.get(at) or codec.notice(self._before[at]) for at in places]

    def post(self, notices: Iterable[Notice]) -> None:
        """Insert notices, or replace those of the same identity."""
        for notice in notices:
            self._put[self._place_of(notice)] = notice

    def drop(self, ids: Collection[str]) -> None:
        """Take notices out."""
        for id in ids:
            self._put.pop(self._new.pop(id, 0) or self._places.pop(id, 0), None)

    def stage(self) -> bool:
        """Put what changed into the table; False when nothing did."""
        gone = self._before.keys() - self._places.values() if self._looked else set()
        if gone:
            self._table.remove(doc_ids=list(gone))
        if self._put:
            documents = {at: codec.encode(notice) for at, notice in self._put.items()}
            (self._table.put if self._looked else self._table.append)(documents)
        return bool(gone or self._put)

    def _place_of(self, notice: Notice) -> int:
        """Where a notice stands, or will; one about a ticket of which nothing waits is new."""
        if notice.id not in self._new:
            if not self._nothing_about(notice.ticket) and notice.id in self._places:
                return self._places[notice.id]
            self._new[notice.id] = self._place()
        return self._new[notice.id]

    def _nothing_about(self, ticket: str) -> bool:
        if self._looked:
            return False
        if ticket not in self._unheard and self._table.lacks(codec.about(ticket)):
            self._unheard.add(ticket)
        return ticket in self._unheard

    @property
    def _looked(self) -> bool:
        """Whether the notices from before had to be looked at."""
        return "_before" in self.__dict__

    @cached_property
    def _before(self) -> dict[int, msgspec.Raw]:
        return {int(at): document for at, document in self._table.undecoded().items()}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {codec.identified(document): at for at, document in self._before.items()}
