"""`[transports.NAME]`: what is wrong with a way out is told before the first message takes it."""

import os
from collections.abc import Mapping

from csctool.domain.address import AddressError, address
from csctool.domain.transports import LONGEST, NEEDS, Chat, Command, File, Smtp, Transport, Webhook, loopback
from csctool.domain.words import AGENCY_KEY
from csctool.errors import SettingsError


def check_transports(transports: Mapping[str, Transport], path: str) -> None:
    """Refuse the first table that could not work, or would not be safe. Raises SettingsError."""
    for name, table in transports.items():
        key = f"{path}: transports.{name}"
        if not 1 <= table.timeout <= LONGEST:
            raise SettingsError(f"{key}.timeout: {table.timeout} is no number of seconds from 1 to {LONGEST}")
        for agency in table.agencies:
            if not AGENCY_KEY.fullmatch(agency):
                raise SettingsError(f"{key}.agencies: {agency!r} is no agency key", "e.g. DHS")
        if isinstance(table, Smtp):
            _smtp(table, key, path)
        elif isinstance(table, Webhook):
            _webhook(table, key, path)
        elif isinstance(table, Command):
            if not table.run:
                raise SettingsError(f"{key}: run: there is no program", f"write {NEEDS['command']}")
            _program(table.run, f"{key}.run")
        elif isinstance(table, File):
            _file(table, key)
        elif isinstance(table, Chat):
            if table.places_file is None:
                raise SettingsError(f"{key}: places_file: is missing", f"write {NEEDS['chat']}")
            _secret(table.places_file, f"{key}.places_file", path)


def check_address(text: str | None, key: str) -> None:
    """Refuse what is not exactly one address. Raises SettingsError."""
    if text is None:
        return
    try:
        address(text)
    except AddressError as error:
        raise SettingsError(f"{key}: {text!r} {error}", "write e.g. Service Desk <desk@example.gov>") from None


def _smtp(table: Smtp, key: str, path: str) -> None:
    if not table.host.strip() or any(char.isspace() for char in table.host):
        raise SettingsError(f"{key}.host: {table.host!r} is no host", "e.g. mail.example.gov")
    if table.port is not None and not 1 <= table.port <= 65535:
        raise SettingsError(f"{key}.port: {table.port} is no port", "25, 465 or 587 are usual")
    check_address(table.sender, f"{key}.sender")
    check_address(table.reply_to, f"{key}.reply_to")
    _absolute(table.ca_file, f"{key}.ca_file")
    if table.password_file is not None and table.password_command:
        raise SettingsError(f"{key}: password_file and password_command: one of them is enough")
    secret = table.password_file is not None or bool(table.password_command)
    if table.user is not None and not secret:
        raise SettingsError(f"{key}.user: there is no password for it", "give password_file or password_command")
    if secret and table.user is None:
        raise SettingsError(f"{key}: there is a password for nobody", "give user")
    if secret and table.security == "none" and not loopback(table.host):
        raise SettingsError(f"{key}.tls: a password would go to {table.host} in the clear", 'write tls = "starttls"')
    if table.password_file is not None:
        _secret(table.password_file, f"{key}.password_file", path)
    if table.password_command:
        _program(table.password_command, f"{key}.password_command")


def _webhook(table: Webhook, key: str, path: str) -> None:
    from csctool.domain.endpoint import EndpointError, endpoint, place

    if table.url is None and not table.hosts:
        raise SettingsError(f"{key}: there is neither url nor hosts", f"write {NEEDS['webhook']}")
    try:
        for host in table.hosts:
            place(host)
    except EndpointError as error:
        raise SettingsError(f"{key}.hosts: {error}", "e.g. hooks.example.gov, or localhost:8080") from None
    if table.url is not None:
        try:
            endpoint(table.url)
        except EndpointError as error:
            raise SettingsError(f"{key}.url: {error}", "e.g. https://hooks.example.gov/csctool") from None
    _absolute(table.ca_file, f"{key}.ca_file")
    if table.secret_file is not None:
        _secret(table.secret_file, f"{key}.secret_file", path)


def _file(table: File, key: str) -> None:
    parts = table.path.split("/")
    if not parts[-1] or ".." in parts or "\0" in table.path:
        wrong = f"{table.path!r} is no file in the agency's directory"
        raise SettingsError(f"{key}.path: {wrong}", "e.g. messages.jsonl, or an absolute path")


def _program(words: tuple[str, ...], key: str) -> None:
    if not os.path.isabs(words[0]) or any("\0" in word for word in words):
        raise SettingsError(f"{key}: {words[0]!r} is no absolute path of a program", "e.g. /usr/local/bin/tell")


def _absolute(text: str | None, key: str) -> None:
    if text is not None and not os.path.isabs(text):
        raise SettingsError(f"{key}: {text!r} is no absolute path")


def _secret(text: str, key: str, path: str) -> None:
    """A secret lies outside the desk, so that no copy and no backup of the desk holds it."""
    _absolute(text, key)
    desk = os.path.realpath(os.path.dirname(path) or ".")
    if os.path.realpath(text).startswith(desk + "/"):
        wrong = f"{text} lies in the desk's directory, and so in every backup"
        raise SettingsError(f"{key}: {wrong}", "put it elsewhere, e.g. in /etc/csctool")
