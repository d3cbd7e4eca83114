"""What a rule's `when` means, written down as slowly and plainly as it can be: the fast one is held against it."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from csctool.domain.organisation import Rule
from csctool.domain.ticket import Ticket

RUNNING = re.compile("[ก-๛\u4e00-\u9fff\u3040-\u30ff]")


def normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def in_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def one_word(left: str, right: str) -> bool:
    return in_word(left) and in_word(right) and not RUNNING.match(left) and not RUNNING.match(right)


def says(text: str, phrase: str) -> bool:
    for start in range(len(text) - len(phrase) + 1):
        end = start + len(phrase)
        if text[start:end] != phrase:
            continue
        if start and one_word(text[start - 1], text[start]):
            continue
        if end < len(text) and one_word(text[end - 1], text[end]):
            continue
        return True
    return False


def globbed(pattern: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


def same(wanted: Any, value: Any) -> bool:
    text = {True: "true", False: "false"}.get(wanted) if isinstance(wanted, bool) else str(wanted)
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    return text == ("" if value is None else str(value)) and isinstance(value, str | int | None)


def fits(when: dict[str, Any], ticket: Ticket) -> bool:
    return all(_holds(key, value if isinstance(value, list) else [value], ticket) for key, value in when.items())


def _holds(key: str, wanted: Sequence[Any], ticket: Ticket) -> bool:
    if key == "text":
        text = normal(f"{ticket.subject}\n{ticket.description or ''}")
        return any(says(text, normal(phrase)) for phrase in wanted)
    if key in ("category", "service"):
        value = getattr(ticket, key) or ""
        return any(globbed(one, value) if value else one == "" for one in wanted)
    if key == "flags":
        return any(one in ticket.flags for one in wanted) or ("" in wanted and not ticket.flags)
    value = ticket.fields.get(key[7:]) if key.startswith("fields.") else getattr(ticket, key)
    return any(same(one, value) for one in wanted)


def first(rules: Sequence[Rule], ticket: Ticket) -> Rule | None:
    return next((rule for rule in rules if fits(rule.when, ticket)), None)
