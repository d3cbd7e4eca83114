"""The transport `chat`: Slack, Matrix, Teams, Mattermost and a hundred more, through the library apprise.

A place is a name and an apprise URL, one in a line of a file: the URL holds the secret, so that rules need only the
name (`to = ["ops"]`).
"""

import re
from typing import Any

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.transports import Chat
from csctool.notify.secrets import secret
from csctool.notify.transport import ShutError


class ChatTransport:
    """The places of one file."""

    def __init__(self, table: Chat) -> None:
        self._table = table
        self._places: dict[str, str] | None = None
        self._ways: dict[str, Any] = {}

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Say it in the place that the recipient names."""
        name = letter.notice.to
        places = self._known()
        if name not in places:
            return Outcome(error=f"there is no chat {name!r} in {self._table.places_file}", final=True)
        if name not in self._ways:
            self._ways[name] = self._way(name, places[name])
        why = _said(self._ways[name], words)
        if why is None:
            return Outcome(detail=name)
        return Outcome(error=f"the chat {name} did not take it: {_without(places[name], why)[:200]}")

    def close(self) -> None:
        """Nothing to end."""

    def _known(self) -> dict[str, str]:
        if self._places is None:
            path = self._table.places_file or ""
            self._places = {}
            for number, line in enumerate(secret(path).splitlines(), 1):
                name, _, url = line.strip().partition(" ")
                if not name or name.startswith("#"):
                    continue
                if "://" not in url:
                    raise ShutError(f"{path}, line {number}: not a name and a URL")
                self._places[name] = url.strip()
        return self._places

    def _way(self, name: str, url: str) -> Any:
        try:
            import apprise
        except ImportError:
            raise ShutError("chat needs the extra: pip install 'csctool[chat]'") from None
        asset = apprise.AppriseAsset(app_id="csctool", async_mode=False)
        way = apprise.Apprise(asset=asset)
        if not way.add(url):
            raise ShutError(f"the URL of the chat {name} in {self._table.places_file} is none that apprise knows")
        return way


def _said(way: Any, words: Wording) -> str | None:
    """Say it. None when it was taken, else what the library says last about why it was not."""
    import apprise

    with apprise.LogCapture(level=apprise.logging.WARNING) as said:  # type: ignore[no-untyped-call]
        try:
            if way.notify(body=words.text, title=words.subject, body_format=apprise.NotifyFormat.TEXT):
                return None
        except Exception as error:  # noqa: BLE001  (a hundred services, and what they raise may tell the secret)
            return f"{type(error).__name__}: {error}"
        return said.getvalue().strip().rpartition("\n")[2].partition(" - ")[2] or "it did not say why"


def _without(url: str, text: str) -> str:
    """What a library says, without any part of the URL that may be secret."""
    for part in sorted(filter(None, re.split(r"[^\w.-]+", url.partition("://")[2])), key=len, reverse=True):
        if len(part) >= 4:
            text = text.replace(part, "…")
    return text
