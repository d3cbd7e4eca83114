"""How a rule's `when` is held against a ticket: words, globs, exact values; an index, so that many rules cost little.

No regular expression of a rule's author is ever run: word search and globs are linear, so no rule can hang. The regular
expressions here are this module's own, single character classes.

Words. `text` holds when one of its phrases stands in subject or description as whole words, whatever its case. A word
is a run of letters, digits, marks and underscores; scripts that are written without blanks between words (Chinese,
Japanese, Thai, Lao, Khmer, Burmese) have no word boundaries to look at, so there a phrase holds wherever it stands.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from csctool.domain.organisation import Rule, Rules
from csctool.domain.query import globber
from csctool.domain.ticket import Ticket

#: Fields whose tests are globs.
GLOBBED = frozenset({"category", "service"})
#: Fields that hold several values; a test wants one of them to be among the wanted.
SEVERAL = frozenset({"flags", "cc"})

#: Thai, Lao, Burmese, Khmer, kana, ideographs.
_RUNNING = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_RUNS_ON = f"[{_RUNNING}]"  # patterns, not compiled here: `re` keeps those that are used
_TOKEN = f"[^\\W{_RUNNING}]+"
_ASCII_TOKEN = "(?a:\\w+)"
#: Zero-width joiners stand inside words of Persian and of Indic scripts.
_JOINERS = "\u200c\u200d"

#: So many tickets are held against every rule before the rules are filed: filing 200 rules costs 5 ms, which one ticket
#: never earns back.
FEW = 8

#: A glob is filed under so many letters of what stands before its first star.
STEM = 40

Test = Callable[[Ticket, str], bool]


# -- words ---------------------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """Text for comparing: case folded, composed (Unicode NFC), runs of white space as one blank."""
    if text.isascii():
        return " ".join(text.lower().split())
    from unicodedata import normalize

    return " ".join(normalize("NFC", normalize("NFC", text).casefold()).split())


def contains(text: str, phrase: str) -> bool:
    """Whether normalised text contains a normalised phrase as whole words."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        before = at > 0 and _joined(text[at - 1], phrase[0])
        after = end < len(text) and _joined(phrase[-1], text[end])
        if not before and not after:
            return True
        at = text.find(phrase, at + 1)
    return False


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word."""
    if not (_wordy(left) and _wordy(right)):
        return False
    return not (re.match(_RUNS_ON, left) or re.match(_RUNS_ON, right))


def _wordy(char: str) -> bool:
    if char.isalnum() or char == "_":
        return True
    if char.isascii():
        return False
    from unicodedata import category

    return char in _JOINERS or category(char)[0] == "M"


def tokens(text: str) -> list[str]:
    """The runs of letters and digits of normalised text, by which rules are looked up.

    A phrase that a text contains as whole words has every token but those at joints of running scripts in that text.
    """
    return re.findall(_ASCII_TOKEN if text.isascii() else _TOKEN, text)


# -- one test ------------------------------------------------------------------------------------------------


def values_of(wanted: Any) -> list[Any]:
    """The alternatives of a test."""
    return wanted if isinstance(wanted, list) else [wanted]


def word(value: Any) -> str | None:
    """A value as it is compared: numbers and truth by their text, nothing as an empty text; None for what is no word.

    `--field floor=3` and `fields.floor = 3` mean the same; `service = ""` wants a ticket that names none.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None


def value_for(ticket: Ticket, key: str) -> Any:
    """What a ticket has under the key of a test."""
    if key.startswith("fields."):
        return ticket.fields.get(key[7:])
    return getattr(ticket, key)


def test_for(key: str, wanted: Any) -> Test:
    """The test of one key, given a ticket and its normalised text."""
    if key == "text":
        phrases = [normal(phrase) for phrase in values_of(wanted)]
        return lambda _, text: any(contains(text, phrase) for phrase in phrases)
    words = frozenset(str(word(value)) for value in values_of(wanted))
    if key in GLOBBED:
        return _globbed(key, words)
    if key in SEVERAL:
        return lambda ticket, _: not words.isdisjoint(getattr(ticket, key) or ("",))
    if key.startswith("fields."):
        name = key[7:]
        return lambda ticket, _: word(ticket.fields.get(name)) in words
    return lambda ticket, _: word(getattr(ticket, key)) in words


def _globbed(key: str, words: Iterable[str]) -> Test:
    exact = frozenset(w for w in words if "*" not in w)
    globs = [globber(w) for w in words if "*" in w]

    def test(ticket: Ticket, _: str) -> bool:
        value = getattr(ticket, key) or ""
        return value in exact or (value != "" and any(glob(value) for glob in globs))

    return test


# -- many rules ----------------------------------------------------------------------------------------------


class Reading:
    """A ticket's subject and description, made ready once for every section that looks for words in them."""

    __slots__ = ("description", "subject", "text", "tokens")

    def __init__(self, ticket: Ticket) -> None:
        self.subject, self.description = ticket.subject, ticket.description
        self.text = normal(f"{ticket.subject}\n{ticket.description}" if ticket.description else ticket.subject)
        self.tokens = frozenset(tokens(self.text))


class Book:
    """The rules of one file; a section is made ready when it is first asked."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._sections: dict[str, Section] = {}
        self._read: Reading | None = None

    def first(self, section: str, ticket: Ticket) -> Rule | None:
        """The rule of a section that answers for a ticket."""
        return next(self.fitting(section, ticket), None)

    def fitting(self, section: str, ticket: Ticket) -> Iterator[Rule]:
        """The rules of a section that fit a ticket, in their order."""
        rules: tuple[Rule, ...] = getattr(self.rules, section)
        if not rules:
            return iter(())
        found = self._sections.get(section)
        if found is None:
            found = self._sections[section] = Section(rules)
        return found.fitting(ticket, self._reading(ticket))

    def _reading(self, ticket: Ticket) -> Reading:
        """One ticket is asked about several times in a row; its texts are made ready once."""
        read = self._read
        if read is None or read.subject is not ticket.subject or read.description is not ticket.description:
            read = self._read = Reading(ticket)
        return read


class Section:
    """The rules of one section. The first that fits wins; only those that may fit are held against a ticket.

    After a few tickets each rule is filed under the values of the one test that it shares with the fewest others: a
    word of each of its phrases, the beginning of its glob, an exact value. A rule without such a test is always looked
    at.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._tests: list[list[Test]] = [[] for _ in self.rules]
        self._asked = 0
        self._always: list[int] = []
        self._filed: dict[str, dict[str, list[int]]] = {}

    def fitting(self, ticket: Ticket, read: Reading) -> Iterator[Rule]:
        """The rules that fit, in their order; who wants the first only pays for no other."""
        for at in self._candidates(ticket, read):
            if self._fits(at, ticket, read.text):
                yield self.rules[at]

    def _fits(self, at: int, ticket: Ticket, text: str) -> bool:
        """Whether all tests of a rule hold; each is made when it is first needed."""
        tests = self._tests[at]
        for number, (key, wanted) in enumerate(self.rules[at].when.items()):
            if number == len(tests):
                tests.append(test_for(key, wanted))
            if not tests[number](ticket, text):
                return False
        return True

    def _candidates(self, ticket: Ticket, read: Reading) -> Iterable[int]:
        self._asked += 1
        if self._asked <= FEW:
            return range(len(self.rules))
        if self._asked == FEW + 1:
            self._file()
        found = set(self._always)
        for key, places in self._filed.items():
            if key == "text":
                for token in read.tokens & places.keys():
                    found.update(places[token])
            else:
                for place in _places(key, value_for(ticket, key)):
                    if place in places:
                        found.update(places[place])
        return sorted(found)

    def _file(self) -> None:
        entries = [_entries(rule.when) for rule in self.rules]
        shared: dict[tuple[str, str], int] = {}
        for entry in entries:
            for key, alternatives in entry.items():
                for place in {place for places in alternatives for place in places}:
                    shared[key, place] = shared.get((key, place), 0) + 1
        for at, entry in enumerate(entries):
            best = min((_cheapest(key, found, shared) for key, found in entry.items()), default=None)
            if best is None:
                self._always.append(at)
                continue
            _, key, chosen = best
            for place in set(chosen):
                self._filed.setdefault(key, {}).setdefault(place, []).append(at)


def _cheapest(
    key: str, alternatives: list[list[str]], shared: Mapping[tuple[str, str], int]
) -> tuple[int, str, list[str]]:
    """Under which places to file a rule for one of its tests, and with how many others it shares them."""
    chosen = [min(places, key=lambda place: shared[key, place]) for places in alternatives]
    return sum(shared[key, place] for place in chosen), key, chosen


def _entries(when: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """For each test that can be looked up: for each alternative, the places under any of which it can be filed."""
    found = {}
    for key, wanted in when.items():
        alternatives = [_filing(key, value) for value in values_of(wanted)]
        if all(alternatives):
            found[key] = alternatives
    return found


def _filing(key: str, value: Any) -> list[str]:
    """Where a wanted value may be filed: a ticket that has it is found under each of these. Empty where it can't be."""
    if key == "text":
        return tokens(normal(value))
    text = str(word(value))
    if key in GLOBBED and "*" in text:
        start = text[: text.index("*")][:STEM]
        return [f"{start}*"] if start else []
    return [text]


def _places(key: str, value: Any) -> list[str]:
    """The places under which rules for a ticket's value are filed."""
    if key in SEVERAL:
        return list(value) or [""]
    text = word(value)
    if text is None:
        return []
    if key not in GLOBBED:
        return [text]
    return [text, *(f"{text[:end]}*" for end in range(1, min(len(text), STEM) + 1))]
