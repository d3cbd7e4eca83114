"""An agency's outbox under a unit of work: notices stay undecoded, so that one more costs little among thousands."""

from collections.abc import Callable, Collection, Iterable

from csctool.domain.notice import Notice
from csctool.storage import codec
from csctool.storage.database import Documents


class Outbox:
    """The notices of a table by their places, in the order of which they came; `place` gives the next one."""

    def __init__(self, table: Documents, place: Callable[[], int]) -> None:
        self._table = table
        self._place = place
        self._before = {int(at): document for at, document in table.undecoded().items()}
        self._places = {codec.identified(document): at for at, document in self._before.items()}
        self._put: dict[int, Notice] = {}

    def notices(self) -> list[Notice]:
        """The outbox as the unit sees it."""
        return [self._put.get(at) or codec.notice(self._before[at]) for at in sorted(self._places.values())]

    def post(self, notices: Iterable[Notice]) -> None:
        """Insert notices, or replace those of the same identity."""
        for notice in notices:
            if notice.id not in self._places:
                self._places[notice.id] = self._place()
            self._put[self._places[notice.id]] = notice

    def drop(self, ids: Collection[str]) -> None:
        """Take notices out."""
        for id in ids:
            self._put.pop(self._places.pop(id, 0), None)

    def stage(self) -> bool:
        """Put what changed into the table; False when nothing did."""
        gone = self._before.keys() - self._places.values()
        if gone:
            self._table.remove(doc_ids=list(gone))
        if self._put:
            self._table.put({at: codec.encode(notice) for at, notice in self._put.items()})
        return bool(gone or self._put)
