"""What every transport is handed, and what it answers."""

from typing import TYPE_CHECKING, Protocol

import msgspec

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.notice import Dispatch, Other

if TYPE_CHECKING:
    import ssl


class ShutError(Exception):
    """The way itself is shut (no server, no password, no certificate): no letter need try it again in this round."""


class Transport(Protocol):
    """A way to a recipient. It may keep a connection from one letter to the next."""

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Hand a letter over; a failure that concerns this letter is an `Outcome.error`. Raises ShutError."""

    def close(self) -> None:
        """End the connection."""


def document(letter: Letter, words: Wording) -> bytes:
    """A letter for programs, as JSON."""
    notice, ticket = letter.notice, letter.ticket
    others = tuple(Other(n.id, n.ticket, n.seq, n.event, n.at) for n in (other.notice for other in letter.others))
    return msgspec.json.encode(
        Dispatch(
            "csctool.notice/1", notice.id, letter.agency, notice.ticket, notice.seq, notice.event, notice.at, notice.to,
            notice.role, ticket.kind, ticket.status, ticket.priority, ticket.queue, ticket.assignee, words.subject,
            words.text, others,
        )
    )  # fmt: skip


def trusted(ca_file: str | None) -> "ssl.SSLContext":
    """What a certificate is checked with: the system's authorities, or one's own. Raises ShutError."""
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # also ssl's own
        raise ShutError(f"can't use {ca_file}: {error.strerror or error}") from None


def why(error: OSError, seconds: int) -> str:
    """What went wrong on the way, in words."""
    import socket
    import ssl

    if isinstance(error, TimeoutError):
        return f"no answer within {seconds} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return "what answers there speaks no TLS"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return (error.strerror or str(error) or type(error).__name__).lower()
