"""Texts that attack whoever reads them, a desk that is full of them, and what every command may be asked with them."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from csctool.cli import load
from csctool.commands import COMMANDS

#: What runs or hides on a terminal: ANSI, OSC 8 and 52, C1, bidi controls, zero-width characters, tags, line breaks.
ESCAPES = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link\x1b]52;c;ZXZpbA==\x07\x9b31m\x9d0;t\x9c\r\b\x7f"
    "\u202eevil\u202c\u2066x\u2069\u200e\u200f\u061c\ufeff\u200b\u2060\u00ad\u2028\u2029\x85\U000e0041\ufff9\nsecond\tline"
)
#: What a page runs.
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>&#60;b&gt;]]>-->{{7*7}}${7*7}"
#: What fills in templates or breaks formats.
TEMPLATES = "{} {0} {x!r} {{}} {{ticket}} {% raise %} %s %(x)s %n ${HOME} $(id) `id` \\N{DASH} \\x1b"
#: What leads elsewhere. Commands write where they are told, and tests may run as root: no name here matters anywhere.
PATHS = ("../../elsewhere", "..", "a/../../b", "..\\..\\x", "\u2025/x", "file:///x", "|id", "-rf")
#: What a spreadsheet runs, full-width forms too (OWASP: CSV injection).
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠x")
#: What Markdown fetches, links to or runs.
MARKDOWN = "![x](http://evil/pixel) [click](javascript:alert(1)) <b>x</b> | `code` *bold* __bold__ &lt;"

ALL = ESCAPES + MARKUP + TEMPLATES + MARKDOWN
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def leaves() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, by the words that call it; a new one is here by itself."""

    def walk(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield from walk((*words, name), inner)
        else:
            yield words, command

    for name in COMMANDS:
        yield from walk((name,), load(name))


#: A value for a parameter that must have one: by command and name, else by name, else by type, else "x".
NEEDED = {
    "backup file": "{tmp}/new.tar.gz", "restore file": "{tmp}/desk.tar.gz", "restore directory": "{tmp}/new",
    "import file": "{tmp}/rows.jsonl", "rules test file": "{tmp}/expect.toml", "report name": "summary",
    "calendar due name": "business", "calendar elapsed name": "business", "calendar show name": "business",
    "queue add tier": "1", "queue show name": "service-desk", "init directory": "{tmp}/another",
    "start": "2026-11-02T09:00:00Z", "end": "2026-11-03T09:00:00Z", "duration": "1h", "policy": "{tmp}/policy.toml",
    "since": "2026-11-02", "until": "2026-11-05", "event": "opened", "schema name": "ticket", "agency add key": "EPA",
    "agency": "DHS", "key": "DHS-4", "queue": "service-desk", "close keys": "DHS-1", "reopen keys": "DHS-2",
    "merge into": "DHS-5", "transfer agency": "DOT", "notify preview key": "DHS-1",
    "resume keys": "DHS-5", "return keys": "DHS-6", "outage resolve key": "CSC-1", "outage cancel key": "CSC-1",
    "outage update key": "CSC-1",
    "service": "odd", "outage open service": "other", "outage plan begin": "2026-12-01", "person": "bo",
    "outage plan end": "2026-12-02", "integer range": "1",
}  # fmt: skip


#: What else a command must be told: one of several options, say.
MORE = {
    "assign": ("--queue", "odd"), "callback": ("--reached",), "link": ("--relates-to", "DHS-6"), "note": ("-m", ALL),
    "notify retry": ("--held",), "notify hold": ("-",), "notify recall": ("-",),
    "open": ("--agency", "DHS", "--explain"), "plugin new": ("--agency", "DHS"),
    "triage": ("--category", ALL), "rules test": ("--agency", "DHS"), "report": ("--by", "category"),
    "list": ("--all",), "search": ("--all",),
}  # fmt: skip


def needed(words: tuple[str, ...], param: click.Parameter, tmp: Path) -> str:
    """A value with which the command does its work, as far as anybody knows."""
    if isinstance(param.type, click.Choice):
        return str(param.type.choices[0])
    names = (f"{' '.join(words)} {param.name}", getattr(param.type, "name", ""), param.name or "")
    found = next((NEEDED[name] for name in names if name in NEEDED), "x")
    return found.replace("{tmp}", str(tmp))


def call(words: tuple[str, ...], command: click.Command, tmp: Path, instead: dict[str, str] | None = None) -> list[str]:
    """The command with what it needs; `instead` gives parameters other values, also those it does not need."""
    instead = instead or {}
    options, arguments = [], []
    for param in command.params:
        value = instead.get(param.name or "")
        if value is None and (param.required or (isinstance(param, click.Argument) and param.nargs == 1 and instead)):
            value = needed(words, param, tmp)
        if value is None:
            continue
        if isinstance(param, click.Option):
            option = max(param.opts, key=len)
            options += [option] if param.is_flag else [f"{option}={value}"]
        else:
            arguments.append(value)
    return [*words, *MORE.get(" ".join(words), ()), *options, "--", *arguments]


def texts(command: click.Command) -> list[str]:
    """The parameters that take words."""
    return [
        p.name for p in command.params
        if p.name and not getattr(p, "is_flag", False) and not isinstance(p.type, click.Choice | click.IntRange)
    ]  # fmt: skip


def toml(text: str) -> str:
    """A TOML string."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'
