"""When a message that failed is tried again, and when it is given up: a function of the notice alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from csctool.domain.notice import Notice

try:  # as in `notice`
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: The first pause and the longest, in seconds. Pauses double: a server that restarts is back within minutes, one that
#: is down for a day need not be asked more often than every four hours (RFC 5321, 4.5.4.1 has the same shape).
FIRST, LONGEST = 60, 4 * 3600
#: A pause is up to this part shorter or longer, so that what failed together is not tried together for ever.
JITTER = 0.25


def pause(id: str, tries: int) -> int:
    """The seconds between try number `tries` (from 1) and the next, the same whenever it is asked."""
    whole = min(LONGEST, FIRST << min(tries - 1, 16))
    luck = int.from_bytes(blake2b(f"{id}/{tries}".encode(), digest_size=4).digest()) / 0xFFFFFFFF
    return round(whole * (1 - JITTER + 2 * JITTER * luck))


def pauses(id: str) -> Iterator[int]:
    """The pauses in their order, without end."""
    tries = 0
    while True:
        tries += 1
        yield pause(id, tries)


def last_try(id: str, give_up: int) -> int:
    """The try after which a message is given up: the pauses before it are within `give_up` seconds."""
    passed, tries = 0, 1
    for seconds in pauses(id):
        passed += seconds
        if passed > give_up:
            return tries
        tries += 1
    raise AssertionError  # pauses do not end


def after_failure(notice: Notice, why: str, now: datetime, give_up: int, *, final: bool = False) -> Notice:
    """The notice after a try that failed: to be tried again, or dead."""
    tries = notice.tries + 1
    dead = final or tries >= last_try(notice.id, give_up)
    due = now if dead else now + timedelta(seconds=pause(notice.id, tries))
    state = "dead" if dead else "waiting"
    return msgspec.structs.replace(notice, tries=tries, error=why, due=due, state=state)


def as_new(notice: Notice, now: datetime) -> Notice:
    """A notice that was given up or held, to be tried again now, with all its tries before it."""
    return msgspec.structs.replace(notice, state="waiting", tries=0, error=None, due=min(notice.due, now))
