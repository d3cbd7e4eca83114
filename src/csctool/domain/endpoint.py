"""Where a webhook goes: a URL taken apart strictly, so that what is checked is what is called."""

import re
from urllib.parse import urlsplit

import msgspec

from csctool.domain.transports import loopback

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_PORTS = {"https": 443, "http": 80}


class EndpointError(ValueError):
    """No URL that may be called; the message says why."""


class Endpoint(msgspec.Struct, frozen=True):
    """A URL in its parts: `host` in lower-case ASCII, `target` what the request line names."""

    secure: bool
    host: str
    port: int
    target: str


def endpoint(url: str) -> Endpoint:
    """The parts of `https://host[:port]/path`, or of `http://` to this machine. Raises EndpointError."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise EndpointError(f"{url!r} is no URL in plain ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EndpointError(f"{url!r} is no URL") from None
    scheme, host = parts.scheme, (parts.hostname or "").rstrip(".")
    if scheme not in _PORTS or not host:
        raise EndpointError(f"{url!r} is no https URL")
    if parts.username is not None or parts.password is not None:
        raise EndpointError("there is a user name or a password in the URL")
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host):
        raise EndpointError(f"{host!r} is no host")
    if scheme == "http" and not loopback(host):
        raise EndpointError(f"{url!r} would go over the net in the clear; https only")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(scheme == "https", host, port or _PORTS[scheme], target)


def place(text: str) -> tuple[str, int | None]:
    """`host` or `host:port` of a list of hosts; None is the scheme's usual port. Raises EndpointError."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, ""
    if not _HOST.fullmatch(host) or (colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise EndpointError(f"{text!r} is no host and no host:port")
    return host.lower(), int(port) if port else None


def hosts_of(url: str | None, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """What a web hook may call: the hosts that are listed, and that of its own `url`."""
    if url is None:
        return hosts
    found = endpoint(url)
    return (*hosts, f"{found.host}:{found.port}")


def allowed(found: Endpoint, hosts: tuple[str, ...]) -> bool:
    """Whether a list of hosts names this one, on this port."""
    usual = found.port == _PORTS["https" if found.secure else "http"]
    return any(
        host == found.host and (usual if port is None else port == found.port) for host, port in map(place, hosts)
    )
