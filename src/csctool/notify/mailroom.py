"""The mailroom: puts letters into words and hands each to its transport."""

import os
import pwd
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.address import Address, AddressError, address
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.transports import KINDS, NEEDS, READY, Chat, Command, File, Smtp, Webhook
from csctool.domain.transports import Transport as Table
from csctool.errors import CscError, DeliveryError
from csctool.notify.transport import ShutError, Transport
from csctool.notify.words import Writer

if TYPE_CHECKING:  # mail is loaded when there is some
    from csctool.notify.mail import Sender

#: Offers a letter, with subject and text, to those whose transports are none of ours; None when it is nobody's.
Others = Callable[[Letter, str, str], Outcome | None]


class Mailroom:
    """The transports of one desk. Implements `desk.ports.Post`."""

    def __init__(
        self, root: str, settings: DeskSettings, agency: Callable[[str], AgencySettings], writer: Writer, others: Others
    ) -> None:
        self._root = root
        self._settings = settings
        self._agency = agency
        self._writer = writer
        self._others = others
        self._open: dict[str, Transport] = {}
        self._shut: dict[str, str] = {}

    def send(self, letter: Letter) -> Outcome:
        """Deliver one. A way that turned out to be shut is not tried again until the mailroom is closed."""
        name = letter.notice.transport
        if name in self._shut:
            return Outcome(error=self._shut[name])
        try:
            return self._sent(name, letter)
        except ShutError as error:
            self._shut[name] = str(error)
            return Outcome(error=str(error))
        except CscError as error:  # a template, the agency's settings
            return Outcome(error=str(error))
        except Exception as error:  # noqa: BLE001  (a bug with one letter must not keep all the others from delivery)
            return Outcome(error=f"unexpected {type(error).__name__}: {error}")

    def close(self) -> None:
        """End the connections."""
        for transport in self._open.values():
            transport.close()
        self._open.clear()
        self._shut.clear()

    def words(self, letter: Letter, locale: str | None = None) -> Wording:
        """What the recipient reads."""
        if letter.others:
            return self._writer.digest((*letter.others, letter), locale)
        return self._writer.worded(letter, locale)

    def mail(self, letter: Letter, words: Wording) -> bytes:
        """The mail that the words would be, from the letter's mail server or the first that there is."""
        from csctool.notify.mail import message

        tables = (self._settings.transports.get(letter.notice.transport), *self._settings.transports.values())
        table = next((table for table in tables if isinstance(table, Smtp)), None)
        try:
            return message(letter, words, self._sender(table, letter.agency)).as_bytes()
        except AddressError as error:
            raise DeliveryError(f"{letter.notice.to!r} {error}", "no mail can be sent there") from None

    def templates(self, agency: str) -> frozenset[str]:
        """The names of the words that there are for an agency."""
        return self._writer.names(agency)

    def troubles(self) -> list[CscError]:
        """Templates that could not be used since the last call."""
        return self._writer.troubles()

    def _sent(self, name: str, letter: Letter) -> Outcome:
        table = self._table(name)
        if table is None:
            words = self.words(letter)
            outcome = self._others(letter, words.subject, words.text)
            return outcome or Outcome(error=f"no such transport: {name}")
        if table.agencies and letter.agency not in table.agencies:
            return Outcome(error=f"the transport {name} is not for {letter.agency}")
        if name not in self._open:
            self._open[name] = self._transport(table)
        return self._open[name].deliver(letter, self.words(letter))

    def _table(self, name: str) -> Table | None:
        """What the settings say of a transport; what works without a table is as its kind is."""
        table: Table | None = self._settings.transports.get(name)
        if table is None and name in NEEDS:
            raise ShutError(f"csctool.toml has no [transports.{name}], which says {NEEDS[name]}")
        return KINDS[name]() if table is None and name in READY else table

    def _transport(self, table: Table) -> Transport:
        """Each kind is loaded when a letter takes it."""
        if isinstance(table, File):
            from csctool.notify.file import FileTransport

            return FileTransport(table, self._root)
        if isinstance(table, Smtp):
            from csctool.notify.smtp import SmtpTransport

            return SmtpTransport(table, cache(lambda agency: self._sender(table, agency)), cache(self._own))
        if isinstance(table, Webhook):
            from csctool.notify.webhook import WebhookTransport

            return WebhookTransport(table)
        if isinstance(table, Command):
            from csctool.notify.command import CommandTransport

            return CommandTransport(table)
        if isinstance(table, Chat):
            from csctool.notify.chat import ChatTransport

            return ChatTransport(table)
        raise AssertionError(table)

    def _sender(self, table: Smtp | None, agency: str) -> "Sender":
        """Whose mail it is: the agency's, the transport's, or that of the Unix user on this host."""
        from csctool.notify.mail import Sender

        own = self._agency(agency)
        reply_to = own.reply_to or (table and table.reply_to)
        sender = own.sender or (table and table.sender)
        found = address(sender) if sender else _unix_address(self._settings.name)
        return Sender(found, address(reply_to) if reply_to else None)

    def _own(self, agency: str) -> frozenset[str]:
        """The addresses that mail of this desk and agency comes from."""
        tables = [table for table in self._settings.transports.values() if isinstance(table, Smtp)]
        senders = {table.sender for table in tables} | {self._agency(agency).sender}
        specs = {address(sender).spec for sender in senders if sender} | {_unix_address("").spec}
        return frozenset(spec.casefold() for spec in specs)


def _unix_address(name: str) -> Address:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    try:
        return Address(name, *address(f"{user}@{os.uname().nodename}").spec.split("@"))
    except AddressError:
        return Address(name, "csctool", "localhost")
