"""The name of an operation, which one invocation of a command has: when it was really begun, and which it is.

`20261102T090000Z-8f3a61c2`: the real time in UTC, then eight hexadecimal digits. The first four are the part of the
second, so that the names of operations sort as they began; the last four are chance.
"""

import re
from datetime import UTC, datetime, timedelta

#: A pattern, not compiled here: most commands only give a name, and `re` keeps what it has compiled.
_NAME = r"(\d{8}T\d{6}Z)-([0-9a-f]{8})"
_FORM = "%Y%m%dT%H%M%SZ"
#: What may stand for a name: at least so many characters of its beginning or of its last part, as in git.
LEAST = 4
#: How far the clocks of two machines that share a desk may be apart.
APART = timedelta(days=1)


def named(begun: datetime, chance: bytes) -> str:
    """The name of the operation that began then, in UTC with parts of a second; `chance` are two bytes."""
    return f"{begun:{_FORM}}-{begun.microsecond * 65536 // 1_000_000:04x}{chance.hex()}"


def begun(op: str) -> datetime | None:
    """The second in which it began; None for a name that this csctool did not give (an import brought it)."""
    found = re.fullmatch(_NAME, op)
    if not found:
        return None
    try:
        return datetime.strptime(found[1], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def short(op: str) -> str:
    """What people are shown and may type: the last part, `8f3a61c2`; of a foreign name all."""
    found = re.fullmatch(_NAME, op)
    return found[2] if found else op


def means(word: str, op: str) -> bool:
    """Whether somebody who types this means the operation: its name, the beginning of it, or of its last part."""
    return op == word or (len(word) >= LEAST and (op.startswith(word) or short(op).startswith(word)))


def earliest(word: str) -> datetime | None:
    """The earliest moment at which an operation can have begun whose name begins with a word; None when the word does
    not tell."""
    day = re.match(r"\d{8}(?=T)", word)
    try:
        return datetime.strptime(day[0], "%Y%m%d").replace(tzinfo=UTC) if day else None
    except ValueError:
        return None
