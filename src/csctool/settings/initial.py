"""The files that a new desk and a new agency begin with, and adding to them."""

import errno
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from csctool.domain.default_rules import DEFAULTS
from csctool.errors import NotPermittedError, RefusedError, StorageError, UsageError
from csctool.settings.load import AGENCY_FILE, DESK_FILE, agency_path, desk_from, load_desk
from csctool.sharing import SETTINGS, adopt

DESK_TEXT = """\
# csctool.toml: what this desk is told. Every setting has a default; `csctool config check` says what is wrong.
format = 1
name = "Customer Service Center"
timezone = {zone}                     # an IANA zone: times that name none are read in it
# locale = "en"                       # the language of messages to the desk's people, and to agencies that name none
# fiscal_year = "07-01"               # the day on which `--period fiscal-year` begins; 1 January when left out
default_queue = "service-desk"        # the single point of contact
home_agency = "CSC"                   # problems, major incidents and changes across agencies live here

# Support lines, in order of escalation.
[[tiers]]
name = "1"
[[tiers]]
name = "1.5"
[[tiers]]
name = "2"
[[tiers]]
name = "3"
title = "Vendors"

# Queues take tickets. One with desk = true is a point of contact and owns them from opening to closing.
[queues.service-desk]
tier = "1"
title = "IT Service Desk"
desk = true
# members = ["ana", "bo"]
# lead = "cy"
# assign = "round-robin"              # or "least-loaded"; skips who is away
escalates_to = { incident = "apps", change = "apps", default = "process" }

[queues.network-telecom]
tier = "1"
title = "Network and Telecom Desk"
desk = true
escalates_to = { incident = "apps", change = "apps", default = "process" }

[queues.apps]
tier = "2"
title = "Application Support"
owner = "service-desk"
escalates_to = { default = "vendors" }

[queues.process]
tier = "2"
title = "Process Team"
owner = "service-desk"
escalates_to = { default = "vendors" }

[queues.vendors]
tier = "3"
title = "Vendors"
owner = "service-desk"

# The catalogue. While it is empty, any service is accepted.
# [services.voicemail]
# title = "Voice mail"
# desk = "network-telecom"
# supported = true
# aliases = ["voice mail", "mailbox"]

# People who work tickets. While there is none, anybody may do anything and any name is accepted.
# [people.ana]
# name = "Ana Ruiz"
# email = "ana@example.gov"
# user = "ana"                        # Unix user; the key when left out
# roles = ["csr"]                     # csr resolver coordinator problem-analyst problem-manager manager
# away = ["2026-12-24..2027-01-02"]
# quiet = "19:00-07:00"               # no messages then; docs/telling.md

# Who may do what, from the first person on: for each verb the roles that may. "resolver:own" reaches tickets in queues
# of theirs and those assigned to or owned by them, "problem-analyst:problem" these and every problem. "anybody" is
# whoever may write the files. What stands here takes the place of the default.
# [permissions]
# {permissions}

[priorities]
matrix = [["P1", "P2", "P3"], ["P2", "P3", "P4"], ["P3", "P4", "P5"]]   # rows impact 1-3, columns urgency 1-3
phone = ["P1", "P2"]                  # handled by phone: without a live channel they ask for a call-back

# Working time.
[calendars.business]
# holidays = ["2026-11-26", "2026-12-25"]
# statutory = "US-IL"                 # public holidays
# exceptions = { "2026-12-24" = ["08:00-12:00"] }
[calendars.business.hours]
mon = ["08:00-17:00"]
tue = ["08:00-17:00"]
wed = ["08:00-17:00"]
thu = ["08:00-17:00"]
fri = ["08:00-17:00"]                 # several intervals: ["08:00-12:00", "13:00-17:00"]

# How messages leave (docs/delivery.md). Without a word here, mail goes to this machine's own mail server.
# [transports.smtp]
# host = "mail.example.gov"           # STARTTLS, and the certificate is checked
# sender = "Service Desk <desk@example.gov>"
# user = "desk"
# password_file = "/etc/csctool/mail.password"

# What is promised.
# [sla.standard]
# calendar = "business"
# warn_at = 75                        # per cent of the target
# pauses = ["requester", "approval"]
# [sla.standard.incident.default]
# respond = "4h"
# resolve = "3wd"

[lifecycle]
close_after = "3wd"                   # quiet time after resolved
reopen_within = "14d"
bounce_limit = 2                      # then sending a ticket again to a queue that returned it needs --force
resolution_codes = ["solved", "workaround", "no-fault-found", "by-requester"]

# Who is told, and when; docs/telling.md. While no transport is named, nobody is told anything but what rules say.
# [notify]
# transport = "smtp"                  # the default rules then tell clients, the staff and contacts what concerns them
# defaults = true                     # or false, or some of: {defaults}
# quiet = "22:00-07:00"               # for everybody; also a calendar's name, or "closed": the recipient's own hours
# delay = "2m"                        # so long `csctool notify recall` can take a message back
# merge = "5m"                        # the same event of the same ticket is told once within this time
# letters_per_hour = 30               # to one recipient; what exceeds that is told together, never dropped
"""

AGENCY_TEXT = """\
# agency.toml: what this agency has of its own.
name = {name}
plugins = []                          # files such as "plugins/dhs.py", or importable packages
# domains = ["dhs.example.gov"]       # a requester's address names the agency
# calendar = "business"
# sla = "standard"
# locale = "en"                       # the language of messages to its people: docs/notifications.md
# contacts = ["coordinator@dhs.example.gov"]
# required = {{ incident = ["service"] }}
# default_queue = "service-desk"
# [settings.csctool_dhs]              # what a plugin is told; docs/plugins.md
# [notify]                            # what this agency wants otherwise than the desk; docs/telling.md
# defaults = ["requester", "queue"]
# quiet = "closed"                    # its people are told when its calendar is open
"""


def demo_text(user: str) -> str:
    """The settings of the demo desk, in which this Unix user may do anything."""
    path = os.path.join(os.path.dirname(__file__), "demo.toml")
    with open(path, encoding="utf-8") as file:
        return file.read().replace("{user}", toml_value(user))


def write_desk(root: str, text: str = DESK_TEXT, *, dry_run: bool = False) -> None:
    """Make a desk's directory and its csctool.toml, in this machine's time zone.

    Raises RefusedError when there is one already, UsageError where no directory can be.
    """
    _room(os.path.join(root, "agencies"))
    path = os.path.join(root, DESK_FILE)
    if os.path.exists(path):
        raise RefusedError(f"{root} is a desk already", "use it with --desk, or choose another directory")
    if dry_run:
        return
    try:
        os.makedirs(os.path.join(root, "agencies"), exist_ok=True)
    except OSError as error:
        raise _failed(root, error) from None
    text = text.replace("{zone}", toml_value(machine_zone())).replace("# {permissions}", _permissions())
    text = text.replace("{defaults}", " ".join(DEFAULTS))
    write_text(path, text)


def _room(path: str) -> None:
    """Refuse a path that is, or leads through, what is no directory."""
    while path:
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(path):
                raise UsageError(f"{path} is a link that leads nowhere", "name a new or an empty directory") from None
            path = os.path.dirname(path)
            continue
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
                told = f"{path[:80]}: {error.strerror}"
                raise UsageError(told, "name a new or an empty directory") from None
            raise _failed(path, error) from None
        if not stat.S_ISDIR(found.st_mode):
            raise UsageError(f"{path} is no directory", "name a new or an empty one")
        return


def _permissions() -> str:
    """The default table, commented out."""
    from csctool.domain.permissions import DEFAULTS

    width = max(map(len, DEFAULTS))
    return "\n".join(f"# {verb:<{width}} = {toml_value(row)}" for verb, row in DEFAULTS.items())


def write_agency(root: str, key: str, name: str, more: Mapping[str, Any]) -> None:
    """agency.toml of a new agency, whose directory the store has made. Raises RefusedError when it exists.

    What `more` sets takes the place of its commented example.
    """
    path = agency_path(root, key, AGENCY_FILE)
    if os.path.exists(path):
        raise RefusedError(f"there is an agency {key} already")
    lines = []
    for line in AGENCY_TEXT.format(name=toml_value(name)).splitlines():
        setting = line.removeprefix("# ").partition(" = ")[0]
        lines.append(f"{setting} = {toml_value(more[setting])}" if setting in more else line)
    write_text(path, "\n".join(lines) + "\n")


def machine_zone() -> str:
    """The IANA name of the machine's time zone, UTC where it has none."""
    link = os.path.realpath("/etc/localtime")
    _, found, name = link.partition("/zoneinfo/")
    return os.environ.get("TZ", "").lstrip(":") or (name if found and name != "Etc/UTC" else "UTC")


def agency_exists(root: str, key: str) -> bool:
    """Whether agency.toml is there."""
    return os.path.exists(agency_path(root, key, AGENCY_FILE))


def add_table(root: str, section: str, key: str, values: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Append a `[section.key]` table to csctool.toml; comments and everything else stay as they are.

    The result is checked as a whole before it replaces the file. Raises RefusedError when the table exists,
    SettingsError when the new settings would be wrong.
    """
    path = os.path.join(root, DESK_FILE)
    settings = load_desk(root)
    if key in getattr(settings, section):
        one = {"people": "person"}.get(section, section.removesuffix("s"))
        raise RefusedError(f"there is a {one} {key} already", f"edit it in {path}")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = [f"\n[{section}.{_key(key)}]"]
    lines += [f"{name} = {toml_value(value)}" for name, value in values.items() if value not in (None, "", (), [])]
    text = text.rstrip("\n") + "\n" + "\n".join(lines) + "\n"
    desk_from(text, path)
    if not dry_run:
        write_text(path, text)


def _key(word: str) -> str:
    return word if word.replace("-", "").replace("_", "").isalnum() and word.isascii() else toml_value(word)


def toml_value(value: Any) -> str:
    """A value as TOML: JSON's strings, numbers, booleans and lists are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_text(path: str, text: str) -> None:
    """Replace a settings file in one step, so that a reader or a crash meets the old one or the new one."""
    new = f"{path}.new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)  # of somebody who was killed here, and perhaps not to be written by us
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            adopt(file.fileno(), path, SETTINGS)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise _failed(path, error) from None
    try:
        # Else a power cut may take the name back after it was told of.
        directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise StorageError(
            f"can't write {path}: {error.strerror}",
            "the change may have been saved all the same: look before you repeat it",
        ) from None


def _failed(path: str, error: OSError) -> Exception:
    if isinstance(error, PermissionError):
        return NotPermittedError(f"can't write {path}: {error.strerror}")
    return StorageError(f"can't write {path}: {error.strerror}")
