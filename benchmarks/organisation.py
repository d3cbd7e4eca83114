"""The settings of a reference desk: 12 queues, 40 people, 24 services, 20 rules, SLA policies and calendars."""

import random

AGENCIES = 80

FIRST = [
    "Ana", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Jon", "Kay", "Lee", "Mia", "Ned", "Ola", "Pat",
    "Quin", "Ray", "Sue", "Tim", "Uma", "Val", "Wes", "Xena", "Yun", "Zoe", "Art", "Bea", "Cal", "Dot", "Eve", "Fin",
    "Gil", "Hope", "Ian", "Joy", "Kit", "Liv", "Max", "Nia",
]  # fmt: skip
LAST = ["Ruiz", "Novak", "Okafor", "Lindqvist", "Tanaka", "Mensah", "Kowalski", "Moreau", "Haddad", "Petrov"]

#: name, tier, title, owner ("" for a desk of its own), assignment
QUEUES = (
    ("service-desk", "1", "IT Service Desk", "", "none"),
    ("network-telecom", "1", "Network and Telecom Desk", "", "none"),
    ("field-north", "1.5", "Field Support North", "service-desk", "none"),
    ("field-south", "1.5", "Field Support South", "service-desk", "none"),
    ("apps", "2", "Application Support", "service-desk", "none"),
    ("process", "2", "Process Team", "service-desk", "none"),
    ("identity", "2", "Identity and Access", "service-desk", "none"),
    ("server", "2", "Servers and Storage", "service-desk", "none"),
    ("voice", "2", "Voice Engineering", "network-telecom", "none"),
    ("data-network", "2", "Data Network Engineering", "network-telecom", "none"),
    ("security", "2", "Information Security", "service-desk", "none"),
    ("vendors", "3", "Vendors", "service-desk", "none"),
)

#: key, title, desk, aliases
SERVICES = (
    ("voicemail", "Voice mail", "network-telecom", ("voice mail", "mailbox")),
    ("telephony", "Desk telephones", "network-telecom", ("phones", "telephone")),
    ("mobile", "Mobile telephones", "network-telecom", ("cell phones",)),
    ("wan", "Wide area network", "network-telecom", ("circuit",)),
    ("lan", "Local area network", "network-telecom", ("switch", "wired network")),
    ("wifi", "Wireless network", "network-telecom", ("wireless",)),
    ("vpn", "Remote access", "service-desk", ("remote access",)),
    ("email", "Electronic mail", "service-desk", ("mail", "outlook")),
    ("desktop", "Desktop computers", "service-desk", ("pc", "workstation")),
    ("laptop", "Laptop computers", "service-desk", ("notebook",)),
    ("printing", "Printing", "service-desk", ("printer", "printers")),
    ("directory", "Accounts and passwords", "service-desk", ("active directory", "password")),
    ("file-share", "File shares", "service-desk", ("network drive",)),
    ("case-system", "Case management", "service-desk", ("benefits system",)),
    ("payroll", "Payroll", "service-desk", ("time sheets",)),
    ("licensing", "Licensing and permits", "service-desk", ("permits",)),
    ("gis", "Maps and parcels", "service-desk", ("maps",)),
    ("mainframe", "Mainframe", "service-desk", ("host",)),
    ("web", "Public web sites", "service-desk", ("website",)),
    ("antivirus", "Endpoint protection", "service-desk", ("virus scanner",)),
    ("backup-service", "Backup", "service-desk", ("restore files",)),
    ("video", "Video conferencing", "network-telecom", ("video call",)),
    ("contact-center", "Contact centre", "network-telecom", ("call queue",)),
    ("radio", "Public safety radio", "network-telecom", ("radios",)),
)

#: words, category, service, kind
CATEGORIES = (
    (("voicemail", "voice mail", "mailbox is full"), "telecom/voice/voicemail", "voicemail", "incident"),
    (("dial tone", "desk phone", "handset"), "telecom/voice/phone", "telephony", "incident"),
    (("circuit down", "site is offline"), "telecom/data/wan", "wan", "incident"),
    (("wireless", "wifi"), "telecom/data/wifi", "wifi", "incident"),
    (("printer", "toner", "paper tray"), "workplace/printing", "printing", "incident"),
    (("password", "locked out"), "access/account/password", "directory", "request"),
    (("new employee", "new account"), "access/account/new", "directory", "request"),
    (("vpn", "remote access"), "access/remote", "vpn", "incident"),
    (("blue screen", "laptop"), "workplace/computer/laptop", "laptop", "incident"),
    (("case management", "eligibility screen"), "business/case-system", "case-system", "incident"),
)

_HEAD = """\
format = 1
name = "Customer Service Center"
timezone = "UTC"
default_queue = "service-desk"
home_agency = "CSC"

[[tiers]]
name = "1"
[[tiers]]
name = "1.5"
[[tiers]]
name = "2"
[[tiers]]
name = "3"
title = "Vendors"

[priorities]
matrix = [["P1", "P2", "P3"], ["P2", "P3", "P4"], ["P3", "P4", "P5"]]
phone = ["P1", "P2"]

[calendars.business]
timezone = "UTC"
hours = { mon = ["08:00-17:00"], tue = ["08:00-17:00"], wed = ["08:00-17:00"], thu = ["08:00-17:00"], \
fri = ["08:00-17:00"] }
holidays = ["2026-01-01", "2026-05-25", "2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25"]
[calendars.always]
hours = "24x7"

[sla.standard]
calendar = "business"
warn_at = 75
pauses = ["requester", "approval"]
[sla.standard.incident]
P1 = { respond = "15m", resolve = "4h", calendar = "always" }
P2 = { respond = "30m", resolve = "8h" }
default = { respond = "4h", resolve = "3wd" }
[sla.standard.request]
default = { respond = "1wd", resolve = "5wd" }

[ola.apps]
resolve = "8h"
calendar = "business"

[lifecycle]
close_after = "3wd"
reopen_within = "14d"
bounce_limit = 2
"""


def people() -> list[tuple[str, str]]:
    """Key and name of 40 people."""
    return [(first.lower(), f"{first} {LAST[at % len(LAST)]}") for at, first in enumerate(FIRST)]


def members(queue: int) -> list[str]:
    """The people of a queue: seven on the two desks, three or four elsewhere."""
    keys = [key for key, _ in people()]
    size = 7 if queue < 2 else 4
    return [keys[(queue * 3 + step) % len(keys)] for step in range(size)]


def desk_text() -> str:
    """csctool.toml."""
    parts = [_HEAD]
    for at, (name, tier, title, owner, assign) in enumerate(QUEUES):
        staff = members(at)
        parts.append(
            f'[queues.{name}]\ntier = "{tier}"\ntitle = "{title}"\nmembers = {_list(staff)}\nlead = "{staff[0]}"'
        )
        parts.append(f'owner = "{owner}"' if owner else "desk = true")
        if tier.startswith("1"):
            parts.append('escalates_to = { incident = "apps", change = "apps", default = "process" }')
        elif tier == "2":
            parts.append('escalates_to = { default = "vendors" }')
        parts.append(f'assign = "{assign}"\n')
    for key, title, desk, aliases in SERVICES:
        parts.append(f'[services.{key}]\ntitle = "{title}"\ndesk = "{desk}"\naliases = {_list(aliases)}\n')
    for at, (key, name) in enumerate(people()):
        role = "coordinator" if at % 10 == 9 else "resolver" if at % 3 else "csr"
        parts.append(f'[people.{key}]\nname = "{name}"\nemail = "{key}@csc.example.gov"\nroles = ["{role}"]\n')
    return "\n".join(parts)


def rules_text() -> str:
    """rules.toml of the desk: 10 rules that categorise, 4 that prioritise, 6 that route."""
    parts = []
    for words, category, service, kind in CATEGORIES:
        parts.append(
            f'[[categorize]]\nwhen = {{ text = {_list(words)} }}\ncategory = "{category}"\nservice = "{service}"\n'
            f'kind = "{kind}"\nreason = "words of the {service} team"\n'
        )
    for category, words, impact in (
        ("telecom/*", ("outage", "everybody", "whole building"), 1),
        ("business/*", ("deadline", "all counties"), 1),
        ("telecom/*", ("several people",), 2),
        ("workplace/*", ("court", "hearing"), 2),
    ):
        parts.append(
            f'[[prioritize]]\nwhen = {{ category = "{category}", text = {_list(words)} }}\nimpact = {impact}\n'
        )
    for category, queue in (
        ("telecom/*", "network-telecom"),
        ("access/account/*", "identity"),
        ("access/remote", "service-desk"),
        ("workplace/printing", "field-north"),
        ("workplace/computer/*", "field-south"),
        ("business/*", "service-desk"),
    ):
        parts.append(f'[[route]]\nwhen = {{ category = "{category}" }}\nqueue = "{queue}"\n')
    return "\n".join(parts)


def agency_text(key: str) -> str:
    """agency.toml."""
    return (
        f'name = "Department {key}"\ndomains = ["{key.lower()}.example.gov"]\ncalendar = "business"\nsla = "standard"\n'
        f'contacts = ["coordinator@{key.lower()}.example.gov"]\nplugins = []\nrequired = {{ change = ["service"] }}\n'
    )


def agencies() -> list[str]:
    """The keys of 80 agencies, the same every time: CSC and 79 made-up ones."""
    chance = random.Random("agencies")
    found = ["CSC"]
    while len(found) < AGENCIES:
        key = "".join(chance.choice("ABCDEFGHIJKLMNOPRSTUVW") for _ in range(3))
        if key not in found:
            found.append(key)
    return found


def _list(words: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
