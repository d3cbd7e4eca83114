"""The transport `smtp`: mail to a server, many over one connection."""

import os
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.address import AddressError, address
from csctool.domain.transports import Smtp
from csctool.notify.mail import Sender, message
from csctool.notify.program import run
from csctool.notify.secrets import secret
from csctool.notify.transport import ShutError, trusted, why
from csctool.notify.watch import Watch

#: So many letters in a row whose connection broke or hung mean that the way is shut.
STRIKES = 2
#: The server is about to end the connection (RFC 5321, 3.8).
CLOSING = 421


class DroppedError(Exception):
    """The connection ended before the message was handed over: whoever sends it again can't send it twice."""


class SmtpTransport:
    """One mail server. `sender` tells whose mail it is, and `own` which addresses are the desk's own, by agency."""

    def __init__(self, table: Smtp, sender: Callable[[str], Sender], own: Callable[[str], frozenset[str]]) -> None:
        self._table = table
        self._sender = sender
        self._own = own
        self._watch = Watch(table.timeout)
        self._line: Line | None = None
        self._strikes = 0

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Send a mail.

        The server's 4xx is tried again, its 5xx is final. A connection that was idle too long is opened again; one that
        breaks while the mail is handed over is tried again later, under the same Message-ID.
        """
        sender = self._sender(letter.agency)
        try:
            recipient, mail = address(letter.notice.to).spec, message(letter, words, sender)
        except AddressError as error:
            return Outcome(error=f"{letter.notice.to!r} {error}", final=True)
        if recipient.casefold() in self._own(letter.agency):
            return Outcome(error=f"{recipient} is the desk's own address: it would answer itself", final=True)
        while True:
            fresh = self._line is None
            line = self._line = self._line or self._connected()
            try:
                outcome = self._sent(line, sender.address.spec, recipient, mail)
            except DroppedError as error:
                self._drop()
                if not fresh:
                    continue
                outcome = self._strike(str(error))
            except OSError as error:  # also smtplib's own
                self._drop()
                outcome = self._strike(_said(error, self._table.timeout))
            else:
                self._strikes = 0
            return outcome

    def close(self) -> None:
        """Say goodbye."""
        if self._line is not None:
            with suppress(OSError):
                if self._line.sock is not None:
                    self._line.sock.settimeout(1)
                self._line.quit()
        self._drop()
        self._watch.close()

    # -- one mail ------------------------------------------------------------------------------------------

    def _sent(self, line: "Line", sender: str, recipient: str, mail: EmailMessage) -> Outcome:
        """Envelope and mail. Raises DroppedError before the mail is handed over, OSError while it is."""
        data = mail.as_bytes()
        with self._watch.over(line) as watch:
            try:
                code, text = line.mail(sender)
                if code == 250:
                    code, text = line.rcpt(recipient)
                if code not in (250, 251):
                    return self._refused(line, code, text)
            except (OSError, ValueError) as error:
                if watch.late:  # no idle connection that ended: who lets us wait is not asked again at once
                    raise TimeoutError from None
                raise DroppedError(_said(error, self._table.timeout)) from None
            try:
                code, text = line.data(data)
            except smtplib.SMTPDataError as error:
                code, text = error.smtp_code, _bytes(error.smtp_error)
            except (OSError, ValueError):
                if watch.late:
                    raise TimeoutError from None
                raise
        if code != 250:
            return self._refused(line, code, text)
        return Outcome(mail["Message-ID"], _text(text))

    def _refused(self, line: "Line", code: int, text: bytes) -> Outcome:
        if code == CLOSING or code < 0:
            self._drop()
        else:
            with suppress(OSError):
                line.rset()
        return Outcome(error=f"{self._table.host} said {code} {_text(text)}".strip(), final=500 <= code < 600)

    def _strike(self, error: str) -> Outcome:
        self._strikes += 1
        why = f"{self._table.host}: {error}"
        if self._strikes >= STRIKES:
            raise ShutError(why)
        return Outcome(error=why)

    def _drop(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.close()
            self._line = None

    # -- the connection ------------------------------------------------------------------------------------

    def _connected(self) -> "Line":
        """A connection that is private and logged in as the settings say. Raises ShutError."""
        table = self._table
        place = f"{table.host}:{table.port_number}"
        line = Line(table.timeout)
        try:
            with self._watch.over(line) as watch:
                try:
                    self._open(line)
                except OSError as error:  # also smtplib's own
                    raise ShutError(f"{place}{_refusal(TimeoutError() if watch.late else error, table)}") from None
        except ShutError:
            line.close()
            raise
        return line

    def _open(self, line: "Line") -> None:
        table = self._table
        context = None if table.security == "none" else trusted(table.ca_file)
        line.open(table.host, table.port_number, context if table.security == "tls" else None)
        line.ehlo_or_helo_if_needed()
        if table.security == "starttls":
            if not line.has_extn("starttls"):
                raise ShutError(f"{table.host}:{table.port_number} offers no STARTTLS, and the settings want it")
            line.starttls(context=context)
            line.ehlo_or_helo_if_needed()
        if table.user is not None:
            line.login(table.user, self._password())

    def _password(self) -> str:
        table = self._table
        if table.password_file is not None:
            found = secret(table.password_file)
        else:
            ran = run(table.password_command, b"", table.timeout)
            found = ran.out.strip("\r\n")
            if ran.status is None:
                raise ShutError(f"{table.password_command[0]} gave no password within {table.timeout} s")
            if ran.status != 0 or not found:
                raise ShutError(f"{table.password_command[0]} gave no password (exit {ran.status})")
        if not found.isascii():
            raise ShutError("the password has characters that SMTP's login can't carry")
        return found


class Line(smtplib.SMTP):
    """smtplib's connection, which is there before it is opened, so that it can be watched from its first moment."""

    def __init__(self, seconds: int) -> None:
        # The watch is the one that ends it: smtplib tells a silence and a hang-up alike.
        super().__init__(local_hostname=_own_name(), timeout=seconds * 2)
        self._seconds = seconds
        self._context: ssl.SSLContext | None = None

    def open(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Connect, under TLS from the first byte with a `context`. Raises OSError."""
        self._host = host  # whose certificate STARTTLS asks for
        self._context = context
        code, text = self.connect(host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.sock = socket.create_connection((host, port), self._seconds)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host)
        self.sock.settimeout(timeout)
        return self.sock


def _refusal(error: OSError, table: Smtp) -> str:
    """Why there is no connection, after the name of the server."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return " offers no way to log in that is known here"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f" refused the login of {table.user}: {error.smtp_code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f" said {error.smtp_code} {_text(_bytes(error.smtp_error))}"
    return f": {_said(error, table.timeout)}"


def _own_name() -> str:
    """What we call ourselves: the host's name when it is a full one. No question to the DNS, which may take long."""
    name = os.uname().nodename
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _said(error: Exception, seconds: int) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        return "the connection was cut" if not isinstance(error, ConnectionRefusedError) else "connection refused"
    return why(error, seconds) if isinstance(error, OSError) else str(error)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _text(answer: bytes) -> str:
    return " ".join(answer.decode("utf-8", "backslashreplace").split())[:200]
