"""What a recipient reads."""

from csctool.desk.ports import Letter
from csctool.notify.transport import Wording


def worded(letter: Letter) -> Wording:
    """The words of a letter: those of the rule or plugin that wanted it, else what happened in a line."""
    notice, ticket = letter.notice, letter.ticket
    subject = notice.subject or f"[{ticket.key}] {notice.event}: {ticket.subject}"
    text = notice.text or f"{ticket.key} was {notice.event}: {ticket.subject}"
    return Wording(subject, text)
