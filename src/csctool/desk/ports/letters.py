"""What is told and how it leaves: what a rule wants told, the letter that comes of it, and where it is handed in."""

from datetime import datetime
from typing import Protocol

import msgspec

from csctool.domain.notice import Notice
from csctool.domain.ticket import Event, Ticket
from csctool.errors import CscError


class Told(msgspec.Struct, frozen=True):
    """What a rule or a plugin wants told: by which transport, to whom, in which words, and who says so.

    `to` is an address or a word that `domain.recipients` knows; without `text` the words come from the template; an
    empty `transport` is the desk's. It is not delivered before `after`, waits for `delay` so that it can be taken back,
    gathers with others of its `digest` (both durations), and waits while it is `quiet` for the rule or the recipient,
    unless it is `urgent`.
    """

    transport: str
    to: str
    rule: str
    template: str | None = None
    subject: str | None = None
    text: str | None = None
    after: datetime | None = None
    delay: str | None = None
    digest: str | None = None
    quiet: str | None = None
    urgent: bool = False


class Enough(msgspec.Struct, frozen=True):
    """Among what a rule wants told: whoever would be asked after it is not asked any more."""


class Letter(msgspec.Struct, frozen=True):
    """A notice on its way, with what it is about: the ticket as it stood after the event. `others` are told with it in
    one letter, all together the oldest first."""

    notice: Notice
    agency: str
    ticket: Ticket
    event: Event
    others: tuple["Letter", ...] = ()


class Wording(msgspec.Struct, frozen=True):
    """A letter in words: subject, plain text, the same as HTML, and the language (`ru`, `en_GB`)."""

    subject: str
    text: str
    html: str | None = None
    locale: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a letter: its name at the other end, or why it was not taken.

    `final`: trying again is no use. `hold`: it waits for a person to look at it.
    """

    receipt: str | None = None
    detail: str | None = None
    error: str | None = None
    final: bool = False
    hold: bool = False


class Post(Protocol):
    """Where letters are handed in."""

    def send(self, letter: Letter) -> Outcome:
        """Deliver one. Whatever goes wrong with it is in the outcome, and is nobody else's trouble."""

    def close(self) -> None:
        """No more letters for now: connections end."""

    def words(self, letter: Letter, locale: str | None = None) -> Wording:
        """What the recipient reads, in the recipient's language or in another one."""

    def mail(self, letter: Letter, words: Wording) -> bytes:
        """The e-mail that a letter would be, whatever its transport. Raises DeliveryError where it has no address."""

    def templates(self, agency: str) -> frozenset[str]:
        """The names of the words that there are for an agency, in whatever language: those that a rule may ask for."""

    def troubles(self) -> list[CscError]:
        """What could not be used for the words since the last call, and what was used instead."""
