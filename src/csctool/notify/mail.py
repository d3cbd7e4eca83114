"""A letter as an e-mail: one sender, one recipient, one conversation for each ticket."""

import os
from email import policy
from email.headerregistry import Address as Mailbox
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from functools import cache
from typing import Any

import msgspec

from csctool.desk.ports import Letter, Wording
from csctool.domain.address import Address, address
from csctool.notify.neutral import header

#: So many headers are kept: those that all mails have, and some of the others.
_KEPT = 64


class _Headers(HeaderRegistry):
    """The library's headers, which never change once they are made. It makes a class for each header of each mail and
    parses what is the same in all of them; here both happen once, which saves half of the work of a mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[tuple[str, str], Any] = {}

    @cache  # noqa: B019  (there is one registry)
    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __call__(self, name: str, value: Any) -> Any:
        known = (name, str(value))
        if known not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[known] = super().__call__(name, value)
        return self._made[known]


#: Seven bits only: a server between here and there need not know 8BITMIME, and no line is longer than it takes.
_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_Headers())
#: How much of a subject and of a name is sent; programs show less.
LONGEST_SUBJECT, LONGEST_NAME = 200, 80


class Sender(msgspec.Struct, frozen=True):
    """Whom the mail is from, and where answers go when that is elsewhere."""

    address: Address
    reply_to: Address | None = None


def message(letter: Letter, words: Wording, sender: Sender) -> EmailMessage:
    """The mail of a letter, under the same Message-ID however often it is tried.

    All mails about a ticket refer to one identity, which mail programs show as one conversation (RFC 5322, 3.6.4); one
    about several tickets belongs to none.
    No program answers it by itself (RFC 3834, 5). Raises AddressError when the letter is not to exactly one address.
    """
    notice = letter.notice
    domain = sender.address.domain
    root = f"<{notice.ticket}@{domain}>"
    mail = EmailMessage(_POLICY)
    mail["From"] = _mailbox(sender.address)
    mail["To"] = _mailbox(address(notice.to))
    if sender.reply_to is not None:
        mail["Reply-To"] = _mailbox(sender.reply_to)
    mail["Subject"] = header(words.subject, LONGEST_SUBJECT)
    mail["Date"] = notice.at
    mail["Message-ID"] = f"<{notice.id}.{notice.ticket}@{domain}>"
    if all(other.notice.ticket == notice.ticket for other in letter.others):
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(words.text.rstrip("\n") + "\n")
    if words.html is not None:
        # Named here, and so that nobody guesses it: else each mail is searched for a boundary that it does not have.
        mail.make_alternative(boundary=f"={os.urandom(16).hex()}=")
        mail.add_alternative(words.html, subtype="html")
    if words.locale:  # last: setting the content clears what is said of it
        mail["Content-Language"] = words.locale.replace("_", "-")
    return mail


def _mailbox(found: Address) -> Mailbox:
    return Mailbox(header(found.name, LONGEST_NAME), addr_spec=found.spec)
