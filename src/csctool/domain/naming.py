"""Names that were typed: looked up, with the nearest known one when there is none."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from csctool.errors import NotFoundError

T = TypeVar("T")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a typing mistake was most likely meant to be."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1)), None)


def hint(word: str, known: Iterable[str], otherwise: str = "there are", most: int = 20) -> str:
    """What to say after an unknown word: the nearest known one, else some of those there are."""
    names = [str(name) for name in known]
    near = nearest(word, names)
    return f"did you mean {near}?" if near else f"{otherwise}: {', '.join(names[:most]) or 'none'}"


def known(named: Mapping[str, T], name: str, what: str) -> T:
    """A named value. Raises NotFoundError with the nearest name."""
    if name in named:
        return named[name]
    raise NotFoundError(f"no such {what}: {name!r}", hint(name, sorted(named)))


def is_template(name: str) -> bool:
    """Whether a template may have this name: letters and digits, hyphens between; so none leads out of a directory."""
    return all(part.isalnum() for part in name.split("-"))
