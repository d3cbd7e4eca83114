"""The transport `chat`: Slack, Matrix, Teams, Mattermost and a hundred more, through the library apprise.

A place is a name and an apprise URL, one in a line of a file: the URL holds the secret, so that rules need only the
name (`to = ["ops"]`).
"""

import re
import threading
from typing import Any

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.transports import Chat
from csctool.notify.secrets import secret
from csctool.notify.transport import ShutError

#: So many letters in a row that a place did not answer mean that it can't be reached.
STRIKES = 2
#: Where a chat would read more than the text: a mention at the beginning of a word (`@here`), what begins a mention or
#: a link in angle brackets (`<!channel>`, `<https://…|name>`), and the middle of a Markdown link.
_ACTIVE = re.compile(r"(?<![\w.+@-])@(?=\w)|<(?=[\w!@#&/])|\](?=[(\[])")
#: Nobody sees it, and behind it a sign is only a sign.
_BLANK = "\u200b"


class ChatTransport:
    """The places of one file. One that can't be reached, or whose URL nobody knows, keeps no other from hearing."""

    def __init__(self, table: Chat) -> None:
        self._table = table
        self._places: dict[str, str] | None = None
        self._ways: dict[str, Any] = {}
        self._strikes: dict[str, int] = {}

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Say it in the place that the recipient names."""
        name = letter.notice.to
        places = self._known()
        if name not in places:
            return Outcome(error=f"there is no chat {name!r} in {self._table.places_file}", final=True)
        if name not in self._ways:
            self._ways[name] = self._way(places[name])
        way, seconds = self._ways[name], self._table.timeout
        if way is None:
            return Outcome(error=f"the URL of the chat {name} in {self._table.places_file} is none that apprise knows")
        late = Outcome(error=f"the chat {name}: no answer within {seconds} s")
        if self._strikes.get(name, 0) >= STRIKES:
            return late
        said = _within(seconds, way, plain(words.subject), plain(words.text))
        if said is None:
            self._strikes[name] = self._strikes.get(name, 0) + 1
            return late
        self._strikes[name] = 0
        if not said:
            return Outcome(detail=name)
        return Outcome(error=f"the chat {name} did not take it: {_without(places[name], said)[:200]}")

    def close(self) -> None:
        """Nothing to end."""

    def _known(self) -> dict[str, str]:
        if self._places is None:
            path = self._table.places_file or ""
            self._places = {}
            for number, line in enumerate(secret(path).splitlines(), 1):
                name, *url = line.split(maxsplit=1) or ("#",)
                if name.startswith("#"):
                    continue
                if not url or "://" not in url[0]:
                    raise ShutError(f"{path}, line {number}: not a name and a URL")
                self._places[name] = url[0].strip()
        return self._places

    def _way(self, url: str) -> Any:
        """What speaks to a place: at that URL, nowhere that it leads to. None when the library does not know it."""
        try:
            import apprise
        except ImportError:
            raise ShutError("chat needs the extra: pip install 'csctool[chat]'") from None
        asset = apprise.AppriseAsset(app_id="csctool", async_mode=False, http_redirects=False)
        way = apprise.Apprise(asset=asset)
        if not way.add(url):
            return None
        for one in way:  # the library's own limits are for each silence; ours, to the whole of it, comes first
            one.socket_connect_timeout = one.socket_read_timeout = self._table.timeout * 2
        return way


def plain(text: str) -> str:
    """The text so that a chat finds only text in it: it calls nobody by `@here`, and no link hides its address."""
    return _ACTIVE.sub(lambda found: f"{found[0]}{_BLANK}", text)


def _within(seconds: int, way: Any, title: str, text: str) -> str | None:
    """Say it. Empty when it was taken, what the library says of why not, None when that was not known in time: then the
    thread is left behind, since nothing can end it but the other end."""
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(_said(way, title, text)), daemon=True)
    thread.start()
    thread.join(seconds)
    return said[0] if said else None


def _said(way: Any, title: str, text: str) -> str:
    """Say it, and what the library says last about why it was not taken; nothing when it was."""
    import apprise

    with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        try:
            if way.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
                return ""
        except Exception as error:  # noqa: BLE001  (a hundred services, and what they raise may tell the secret)
            return f"{type(error).__name__}: {error}"
        return said.getvalue().strip().rpartition("\n")[2] or "it did not say why"


def _without(url: str, text: str) -> str:
    """What a library says, without any part of the URL that may be secret."""
    for part in sorted(filter(None, re.split(r"[^\w.-]+", url.partition("://")[2])), key=len, reverse=True):
        if len(part) >= 4:
            text = text.replace(part, "…")
    return text
