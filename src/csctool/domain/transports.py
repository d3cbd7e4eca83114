"""The ways by which messages leave a desk, as csctool.toml tells them: `[transports.NAME]`, one of five kinds.

A name that is a kind's own (`smtp`, `file` …) needs no `kind`, and `smtp` and `file` need no table at all.
"""

from collections.abc import Mapping
from typing import Literal

from csctool.domain.organisation import Section

#: The longest that a server may keep us waiting, in seconds.
LONGEST = 30


class Way(Section, frozen=True):
    """What every kind has: which agencies may use it (all when empty), how long the other end may take, in seconds."""

    agencies: tuple[str, ...] = ()
    timeout: int = LONGEST


class Smtp(Way, frozen=True):
    """A mail server. Without `tls`: none on this machine, STARTTLS elsewhere; `port` follows from it (25, 587, 465).

    `sender` is the address that mail comes from, `reply_to` where answers go, `password_command` a program that
    prints the password.
    """

    kind: Literal["smtp"] = "smtp"
    host: str = "localhost"
    port: int | None = None
    tls: Literal["none", "starttls", "tls"] | None = None
    ca_file: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    user: str | None = None
    password_file: str | None = None
    password_command: tuple[str, ...] = ()

    @property
    def security(self) -> str:
        """How the connection is kept private: `none`, `starttls` or `tls`."""
        return self.tls or ("none" if loopback(self.host) else "starttls")

    @property
    def port_number(self) -> int:
        """The port, said or usual."""
        return self.port or {"none": 25, "starttls": 25 if loopback(self.host) else 587, "tls": 465}[self.security]


class Webhook(Way, frozen=True):
    """A program behind HTTPS. What is told to an address that is a URL goes there, all else to `url`.

    `hosts` are the only ones that are ever called (`host` or `host:port`), that of `url` among them; `secret_file`
    signs.
    """

    kind: Literal["webhook"] = "webhook"
    url: str | None = None
    hosts: tuple[str, ...] = ()
    secret_file: str | None = None
    ca_file: str | None = None


class Command(Way, frozen=True):
    """A program that gets each message as JSON on its stdin: `run` is its path and its arguments, never a shell."""

    kind: Literal["command"] = "command"
    run: tuple[str, ...] = ()


class File(Way, frozen=True):
    """A file of JSON Lines, in the directory of the agency or at an absolute path."""

    kind: Literal["file"] = "file"
    path: str = "messages.jsonl"


class Chat(Way, frozen=True):
    """Chat systems, through the library apprise: `places_file` has a name and an apprise URL in each line."""

    kind: Literal["chat"] = "chat"
    places_file: str | None = None


Transport = Smtp | Webhook | Command | File | Chat
#: kind -> its table.
KINDS: Mapping[str, type[Transport]] = {
    "smtp": Smtp, "webhook": Webhook, "command": Command, "file": File, "chat": Chat,
}  # fmt: skip
#: Kinds that work without a table.
READY = ("smtp", "file")
#: What a table of each of the others must say.
NEEDS: Mapping[str, str] = {
    "webhook": 'url = "https://…"', "command": 'run = ["/usr/local/bin/tell"]', "chat": 'places_file = "/etc/…"',
}  # fmt: skip


def loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host.casefold() == "localhost":
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
