"""Second thoughts: messages that still wait are held back, or taken back for good."""

from collections.abc import Iterable

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.outbox import named
from csctool.domain.notice import Notice


def hold(desk: Desk, names: Iterable[str], agencies: Iterable[str] = ()) -> list[Notice]:
    """Hold the named messages until `notify retry` lets them go. One that is out already is not there any more.

    Each agency is one unit of work. Raises UsageError, NotFoundError, NotPermittedError.
    """
    desk.permit("deliver")
    done: list[Notice] = []
    for key, ids in named(desk, names, agencies).items():
        with desk.unit(key) as unit:
            held = [msgspec.structs.replace(n, state="held") for n in unit.outbox(key) if n.id in ids]
            unit.post(key, held)
        done += held
    return done


def recall(desk: Desk, names: Iterable[str], agencies: Iterable[str] = ()) -> list[Notice]:
    """Take the named messages back: nobody will get them.

    Each agency is one unit of work. Raises UsageError, NotFoundError, NotPermittedError.
    """
    desk.permit("deliver")
    done: list[Notice] = []
    for key, ids in named(desk, names, agencies).items():
        with desk.unit(key) as unit:
            gone = [n for n in unit.outbox(key) if n.id in ids]
            unit.drop(key, {n.id for n in gone})
        done += gone
    return done
