"""Circuit numbers as carriers write them, found in what people type.

A special service's serial number (Common Language, ANSI ATIS-0300097): prefix / service code and modifier / serial
number / suffix / company / segment, e.g. `32/HCGS/012345//NW`; parts may be empty, and points may stand for strokes.
A carrier facility: designation / type / CLLI code / CLLI code, e.g. `101/T1ZF/CHCGILDTK01/SPFDILSD`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: Service codes of a T1: high capacity, within (DH) and across (HC) LATAs.
T1 = frozenset({"DH", "HC"})
#: A serial number has up to six digits. One of fewer, or without a stroke before it, is believed only with a service
#: code of the list above: else any path (`/docs/123`) would be a circuit.
DIGITS = 6

_SERIAL = re.compile(
    r"(?<![\w/.])([a-z0-9]{0,2}[/.])?([a-z]{2})([a-z0-9]{2})[/.](\d{1,6})(?!\w)(?:[/.](\d{0,3})(?:[/.]([a-z]{2,4})\b)?)?",
    re.IGNORECASE,
)
_CLLI = r"([a-z]{6}[a-z0-9]{2}(?:[a-z0-9]{3})?)"
_FACILITY = re.compile(
    rf"(?<![\w/.])([a-z0-9]{{3,5}})[ /](T[13][a-z0-9]{{0,4}})[ /]{_CLLI}[ /]{_CLLI}(?!\w)", re.IGNORECASE
)


class Circuit(NamedTuple):
    """A circuit number in its parts; `code` and `serial` are always there. Its text is the number in one spelling."""

    prefix: str
    code: str
    serial: str
    suffix: str = ""
    company: str = ""

    @property
    def t1(self) -> bool:
        """Whether the number says that it is a T1."""
        return self.code[:2] in T1 or self.code.startswith("T1")

    def same(self, other: "Circuit") -> bool:
        """Whether two numbers mean the same circuit: what one of them leaves out does not tell them apart."""
        return (self.code, self.serial) == (other.code, other.serial) and all(
            not one or not two or one == two
            for one, two in ((self.prefix, other.prefix), (self.suffix, other.suffix), (self.company, other.company))
        )

    def __str__(self) -> str:
        """The number with strokes, as far as it goes."""
        return "/".join(self).rstrip("/")


def circuits(text: str) -> Iterator[Circuit]:
    """Every circuit number in a text, in its order."""
    found: list[tuple[int, Circuit]] = []
    for match in _SERIAL.finditer(text):
        prefix, service, modifier, serial, suffix, company = (part or "" for part in match.groups())
        code = f"{service}{modifier}"
        if service.upper() in T1 or (prefix and len(serial) == DIGITS and code.isupper()):
            circuit = Circuit(prefix[:-1].upper(), code.upper(), serial.zfill(DIGITS), suffix, company.upper())
            found.append((match.start(), circuit))
    for match in _FACILITY.finditer(text):
        designation, kind, a, z = (part.upper() for part in match.groups())
        found.append((match.start(), Circuit(designation, kind, f"{a}/{z}")))
    return (circuit for _, circuit in sorted(found))
