"""The transport `webhook`: JSON by HTTPS POST, signed as the Standard Webhooks specification has it.

`webhook-id` is the notice's id, the same at every try, so that a receiver can tell a repetition; `webhook-signature` is
`v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`. Redirects are not followed and proxies of the environment
are not asked: what is called is a host that the settings list, and nothing else.
"""

import base64
import hashlib
import hmac
import http.client
import ssl
import time
from contextlib import suppress

from csctool import __version__
from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.endpoint import Endpoint, EndpointError, allowed, endpoint, hosts_of
from csctool.domain.transports import Webhook
from csctool.notify.secrets import secret, signing_key
from csctool.notify.transport import document, trusted, why
from csctool.notify.watch import Watch

#: Answers that another try may change: a time-out of theirs, too early, too many, and every 5xx.
AGAIN = frozenset({408, 425, 429})
#: So much of an answer is read, in octets.
ANSWER = 1 << 16
#: So many letters in a row whose connection broke or hung mean that the place can't be reached.
STRIKES = 2

Place = tuple[bool, str, int]


class WebhookTransport:
    """Programs behind URLs; a connection to each is kept from one letter to the next."""

    def __init__(self, table: Webhook) -> None:
        self._table = table
        self._hosts = hosts_of(table.url, table.hosts)
        self._key: bytes | None = None
        self._watch = Watch(table.timeout)
        self._lines: dict[Place, http.client.HTTPConnection] = {}
        self._strikes: dict[Place, int] = {}
        self._shut: dict[Place, str] = {}

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Post a letter: to the recipient when that is a URL, else to the one of the settings."""
        to = letter.notice.to
        url = to if "://" in to else self._table.url
        if url is None:
            return Outcome(error=f"{to!r} is no URL, and the settings name none", final=True)
        try:
            there = endpoint(url)
        except EndpointError as error:
            return Outcome(error=str(error), final=True)
        if not allowed(there, self._hosts):
            return Outcome(error=f"{there.host}:{there.port} is none of the hosts that may be called", final=True)
        place = (there.secure, there.host, there.port)
        if place in self._shut:
            return Outcome(error=self._shut[place])
        body = document(letter, words)
        return self._posted(there, place, body, self._headers(letter.notice.id, body))

    def close(self) -> None:
        """End the connections."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._watch.close()

    def _posted(self, there: Endpoint, place: Place, body: bytes, headers: dict[str, str]) -> Outcome:
        while True:
            fresh = place not in self._lines
            line = self._lines.setdefault(place, self._line(there)) if fresh else self._lines[place]
            with self._watch.over(line) as watch:
                try:
                    line.request("POST", there.target, body, headers)
                    answer = line.getresponse()
                    said = answer.read(ANSWER)
                except (OSError, http.client.HTTPException) as error:
                    self._drop(place)
                    idle = isinstance(error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError)
                    if idle and not fresh and not watch.late:
                        continue  # it was ended between two letters
                    return self._strike(place, there, TimeoutError() if watch.late else error)
            if not answer.isclosed() or answer.will_close:
                answer.close()
                self._drop(place)
            self._strikes[place] = 0
            return _outcome(there, answer.status, said)

    def _strike(self, place: Place, there: Endpoint, error: Exception) -> Outcome:
        told = f"{there.host}: {why(error, self._table.timeout) if isinstance(error, OSError) else 'no HTTP answer'}"
        self._strikes[place] = self._strikes.get(place, 0) + 1
        if self._strikes[place] >= STRIKES or isinstance(error, ConnectionRefusedError | ssl.SSLCertVerificationError):
            self._shut[place] = told
        return Outcome(error=told)

    def _line(self, there: Endpoint) -> http.client.HTTPConnection:
        host, seconds = there.host.strip("[]"), self._table.timeout
        if not there.secure:
            return http.client.HTTPConnection(host, there.port, timeout=seconds)
        context = trusted(self._table.ca_file)
        return http.client.HTTPSConnection(host, there.port, timeout=seconds, context=context)

    def _drop(self, place: Place) -> None:
        with suppress(OSError, KeyError):
            self._lines.pop(place).close()

    def _headers(self, id: str, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": f"csctool/{__version__}", "webhook-id": id}
        if self._table.secret_file is not None:
            now = str(int(time.time()))
            headers |= {"webhook-timestamp": now, "webhook-signature": signature(self._secret(), id, now, body)}
        return headers

    def _secret(self) -> bytes:
        if self._key is None:
            self._key = signing_key(secret(self._table.secret_file or ""))
        return self._key


def signature(secret: bytes, id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`."""
    told = b".".join((id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, told, hashlib.sha256)).decode()


def _outcome(there: Endpoint, status: int, said: bytes) -> Outcome:
    if 200 <= status < 300:
        return Outcome(None, str(status))
    text = " ".join(said[:400].decode("utf-8", "backslashreplace").split())[:100]
    if 300 <= status < 400:
        text = "redirects are not followed"
    error = f"{there.host} answered {status}" + (f": {text}" if text else "")
    return Outcome(error=error, final=status < 500 and status not in AGAIN)
