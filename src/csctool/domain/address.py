"""Where mail goes: exactly one strict address, or a clear no. What people type is never taken to pieces by guessing."""

import re
from functools import lru_cache
from string import ascii_letters, digits

from csctool.domain.ticket import Frozen

#: What an unquoted local part and a domain are made of (RFC 5321, 4.1.2; RFC 1035, 2.3.1): ASCII only. Quoted local
#: parts, comments, routes, groups and literal addresses are legal elsewhere and meant by nobody here. Sets, since to
#: make a regular expression of them takes longer than all else that a command does to tell somebody.
_ATOM = frozenset(f"{ascii_letters}{digits}!#$%&'*+/=?^_`{{|}}~-")
_LABEL, _LONGEST_LABEL = frozenset(f"{ascii_letters}{digits}-"), 63
#: Controls, line and paragraph separators, lone surrogates: they end a header, or hide where it ends.
_BROKEN = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
#: Signs that look like `@`; a name that holds one is taken for a second address, by people if not by programs.
_AT = "@\uff20\ufe6b"
_PARTING = frozenset(f"<>{_AT}")
#: The longest path that mail servers take (RFC 5321, 4.5.3.1) and the longest text that is looked at.
LONGEST_LOCAL, LONGEST_ADDRESS, LONGEST_TEXT = 64, 254, 1000


class AddressError(ValueError):
    """A text that is not exactly one address; the message says why, as the end of a sentence."""


class Address(Frozen, frozen=True):
    """A mailbox and the name beside it, which may be empty."""

    name: str
    local: str
    domain: str

    @property
    def spec(self) -> str:
        """`ann@dhs.example.gov`: what a mail server is told."""
        return f"{self.local}@{self.domain}"


def address(text: str) -> Address:
    """The one address in a text: `ann@dhs.example.gov` or `Ann Lee <ann@dhs.example.gov>`, a quoted name included.

    Raises AddressError for everything else: no address, several, line breaks, comments, groups, quoted local parts,
    letters outside ASCII in the address itself (an international domain is written as xn--…).
    """
    text = text.strip(" ")
    if len(text) > LONGEST_TEXT:
        raise AddressError(f"is longer than {LONGEST_TEXT} characters")
    if not text.isprintable() and re.search(_BROKEN, text):  # most texts are, and spare the set of signs its making
        raise AddressError("holds a line break or a control character")
    name, spec = "", text
    if text.endswith(">"):
        name, bracket, spec = text[:-1].rpartition("<")
        if not bracket:
            raise AddressError("is no address")
        name = _name(name.strip(" "))
    local, _, domain = spec.partition("@")
    if not (_is_local(local) and _is_domain(domain)) or "=?" in spec:  # mail programs would decode it (RFC 2047)
        raise AddressError(_why(spec))
    if len(local) > LONGEST_LOCAL or len(spec) > LONGEST_ADDRESS:
        raise AddressError("has an address that is longer than mail servers take")
    return Address(name, local, domain)


@lru_cache(4096)  # a replay or a sweep asks for the same few people again and again
def mailbox(text: str) -> str | None:
    """What tells whether two texts mean the same mailbox; None for a text that is no address."""
    try:
        return address(text).spec.casefold()
    except AddressError:
        return None


def _is_local(text: str) -> bool:
    return all(atom and _ATOM.issuperset(atom) for atom in text.split("."))


def _is_domain(text: str) -> bool:
    return all(
        label and _LABEL.issuperset(label) and len(label) <= _LONGEST_LABEL and label == label.strip("-")
        for label in text.split(".")
    )


def _name(text: str) -> str:
    """The name before an address in angle brackets, without its quotation marks."""
    if text.startswith('"') and (quoted := re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text)):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if not _PARTING.isdisjoint(text):
        raise AddressError("holds more than one address")
    return text


def _why(spec: str) -> str:
    if not re.search(f"[{_AT}]", spec):
        return "is no address"
    if re.search(r"[\s,;:<>]", spec):
        return "is not exactly one address"
    if not spec.isascii():
        return "has letters outside ASCII in its address (write a domain as xn--…)"
    return "is no address that mail servers take"
