"""Answers to mail: where a mail opens a ticket, its sender is told, and a program that answers back would never end.

A desk that is told by its mail filter what arrived (`open --channel email`) cannot see whether a person or a machine
wrote it. RFC 3834 asks of responders that they mark what they send and limit how often they answer one address; the
mark is on every mail (`Auto-Submitted`), the limit is here. What exceeds it is held for a person, not lost.
"""

from collections import Counter
from datetime import timedelta

from csctool.desk.desk import Desk
from csctool.desk.ports import Letter, Outcome
from csctool.domain.address import mailbox

WITHIN = timedelta(hours=1)


class Answers:
    """How often each address was answered by one agency within the last hour."""

    def __init__(self, desk: Desk, agency: str) -> None:
        self._desk = desk
        self._agency = agency
        self._given: Counter[str] | None = None

    def refused(self, letter: Letter) -> Outcome | None:
        """Why a letter is not sent; None for one that answers no mail, or not too often."""
        most = self._desk.settings.notify.answers_per_hour
        if not _is_answer(letter) or self._counted()[_whom(letter)] < most:
            return None
        why = f"{most} answers to mails of this address within an hour; is it a program that answers back?"
        return Outcome(error=why, hold=True)

    def took(self, letter: Letter | None) -> bool:
        """Note that a letter went out; whether it was an answer."""
        if letter is None or not _is_answer(letter):
            return False
        self._counted()[_whom(letter)] += 1
        return True

    def _counted(self) -> Counter[str]:
        if self._given is None:
            since = self._desk.clock() - WITHIN
            found = self._desk.store.deliveries(self._agency, since)
            self._given = Counter(mailbox(one.to) or one.to for one in found if one.answer)
        return self._given


def _is_answer(letter: Letter) -> bool:
    """Whether the event that is told was itself caused by a mail of whoever is told."""
    event, ticket = letter.event, letter.ticket
    channel = ticket.channel if event.verb == "open" else event.changes.get("by_channel", ("", ""))[1]
    return (
        channel == "email"
        and ticket.requester is not None
        and _whom(letter) == (mailbox(ticket.requester) or ticket.requester)
    )


def _whom(letter: Letter) -> str:
    return mailbox(letter.notice.to) or letter.notice.to
