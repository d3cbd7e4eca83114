"""A mail server in a process of its own, and what it has taken."""

import email
import email.policy
import json
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "mailserver.py"


class MailServer:
    """A process that takes mail (see `mailserver.py`); `mails` are those it has taken, `took` how and from whom."""

    def __init__(self, spool: Path, *options: str) -> None:
        self._spool = spool
        self._options = options
        spool.touch()
        self._start()

    @property
    def took(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._spool.read_text().splitlines()]

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_string(one["data"], policy=email.policy.default) for one in self.took]

    def restart(self) -> None:
        """It dies, and another one takes its place and its port."""
        self.close()
        self._start("--port", str(self.port))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _start(self, *more: str) -> None:
        words = [sys.executable, "-W", "ignore", str(PROGRAM), str(self._spool), *self._options, *more]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
