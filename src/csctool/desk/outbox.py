"""A look into the outbox."""

from collections.abc import Iterable

from csctool.desk.desk import Desk
from csctool.domain.notice import Notice


def waiting(desk: Desk, agencies: Iterable[str] = ()) -> list[Notice]:
    """What waits for delivery, agency by agency in the order in which it came. Raises NotFoundError."""
    keys = list(agencies)
    for key in keys:
        desk.directory.agency(key)
    return [notice for key in keys or desk.store.agencies() for notice in desk.store.outbox(key)]
