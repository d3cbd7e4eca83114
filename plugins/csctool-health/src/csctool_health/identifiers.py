"""Numbers that point at a person, found in what people type. Whoever finds one says what kind it is, never the number.

- A Social Security number has 3-2-4 digits, and no part is all zeros (Social Security Administration, on how numbers
  are assigned). In a row of nine digits it looks like the recipient number that many a state's Medicaid gives out.
- A Medicare number has 11 places, of which each has its own alphabet, without S, L, O, I, B and Z (Centers for Medicare
  and Medicaid Services, Understanding the Medicare Beneficiary Identifier format).
- Others are masks of the settings: `A` stands for a letter, `9` for a digit, anything else for itself: `AA99999A`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

_GAP = r"[-\s.]?"
_ALPHA = "[AC-HJKMNP-RT-Y]"
_EITHER = "[0-9AC-HJKMNP-RT-Y]"
_BUILT_IN = {
    "a Social Security number": r"(?!000)\d{3}[-\s.](?!00)\d{2}[-\s.](?!0000)\d{4}",
    "a row of nine digits, as Social Security and Medicaid numbers are": r"\d{9}",
    "a Medicare number": rf"[1-9]{_ALPHA}{_EITHER}\d{_GAP}{_ALPHA}{_EITHER}\d{_GAP}{_ALPHA}{_ALPHA}\d\d",
}
#: Letters and digits on either side make it a part of something else.
_ALONE = r"(?<![^\W_])(?<!\d[-.])(?:%s)(?![^\W_])(?![-.]\d)"
#: What looks like a hyphen and is none.
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u00ad"), "-")
#: What is not seen at all.
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a kind of number looks like: `AA99999A`."""

    looks_like: str

    def __post_init__(self) -> None:
        """Refuse a mask that would find every other word."""
        if sum(char in "A9" for char in self.looks_like) < 6:
            raise ValueError(f"looks_like: {self.looks_like!r} is too short to tell; at least six places A or 9")


def identifiers(text: str, masks: Mapping[str, Mask]) -> Iterator[str]:
    """What kinds of numbers a text seems to hold, each once."""
    plain = _plain(text)
    return (name for name, pattern in _patterns(tuple(masks.items())) if pattern.search(plain))


def without(text: str, masks: Mapping[str, Mask]) -> str:
    """The text with a word in place of each such number; untouched where there is none."""
    plain = _plain(text)
    hidden = plain
    for _, pattern in _patterns(tuple(masks.items())):
        hidden = pattern.sub("[number left out]", hidden)
    return text if hidden == plain else hidden


def _plain(text: str) -> str:
    """Full-width digits, odd hyphens and invisible characters are what they look like."""
    return unicodedata.normalize("NFKC", text.translate(_UNSEEN)).translate(_HYPHENS)


@cache
def _patterns(masks: tuple[tuple[str, Mask], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    own = {name: _of(mask.looks_like) for name, mask in masks}
    return tuple(
        (name, re.compile(_ALONE % pattern, re.IGNORECASE | re.ASCII)) for name, pattern in (_BUILT_IN | own).items()
    )


def _of(mask: str) -> str:
    return "".join({"A": "[A-Z]", "9": r"\d"}.get(char, re.escape(char)) for char in mask)
