"""What every transport is handed, and what it answers."""

from typing import Protocol

import msgspec

from csctool.desk.ports import Letter, Outcome


class Wording(msgspec.Struct, frozen=True):
    """A letter in words: subject, plain text, the same as HTML, and the language (`ru`, `en_GB`)."""

    subject: str
    text: str
    html: str | None = None
    locale: str = ""


class Transport(Protocol):
    """A way to a recipient. It may keep a connection from one letter to the next."""

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Hand a letter over; every failure that concerns one letter or the way there is an `Outcome.error`."""

    def close(self) -> None:
        """End the connection."""
