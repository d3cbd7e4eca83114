"""What every transport is handed, and what it answers."""

from typing import Protocol

from csctool.desk.ports import Letter, Outcome, Wording


class Transport(Protocol):
    """A way to a recipient. It may keep a connection from one letter to the next."""

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Hand a letter over; every failure that concerns one letter or the way there is an `Outcome.error`."""

    def close(self) -> None:
        """End the connection."""
