"""Names in the settings: looked up, with the nearest one when there is none."""

from collections.abc import Mapping
from typing import TypeVar

from csctool.errors import NotFoundError

T = TypeVar("T")


def known(named: Mapping[str, T], name: str, what: str) -> T:
    """A named setting. Raises NotFoundError with the nearest name."""
    if name in named:
        return named[name]
    from difflib import get_close_matches

    near = get_close_matches(name, list(named), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(named)[:20]) or 'none'}"
    raise NotFoundError(f"no such {what}: {name!r}", hint)
