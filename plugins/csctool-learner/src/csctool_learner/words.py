"""What is looked at in a ticket's text: words, their stems, neighbouring stems, and the words that it begins with."""

import re
from collections.abc import Iterator
from itertools import islice, pairwise

_WORD = re.compile(r"[^\W_]+")
#: The first letters of a word stand for its family: `print`, `printer` and `printing` are one to them.
STEM = 4
#: People say in the first words what a ticket is about.
OPENING = 10
#: What is longer is no word but an identifier, or rubbish.
LONGEST = 30
#: More than that of one text is not read: logs and mails that quote mails say nothing new.
MOST = 2_000


def words(text: str) -> list[str]:
    """The words of a text, in any script; a number is `#`, whichever it is: a model need not know anybody's."""
    found = (match[0] for match in _WORD.finditer(text.casefold()))
    kept = ("#" if word.isdigit() else word for word in found if len(word) <= LONGEST)
    return list(islice(kept, MOST))


def features(text: str) -> Iterator[tuple[str, str]]:
    """(feature, the words of the text that it stands for), as often as it occurs.

    A feature is a word, `^` and a stem, two neighbouring stems, or `<` and a word that stands at the beginning.
    """
    found = words(text)
    for at, word in enumerate(found):
        yield word, word
        if len(word) >= STEM:
            yield f"^{word[:STEM]}", word
        if at < OPENING:
            yield f"<{word}", word
    for one, next_ in pairwise(found):
        yield f"{one[:STEM]} {next_[:STEM]}", f"{one} {next_}"
