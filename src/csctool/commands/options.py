"""Options and arguments that many commands share, and the checks that every text passes."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from csctool.commands.context import Context
from csctool.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

#: The longest text that is kept, and the most that a list of keys on stdin may take, in bytes.
LIMIT = 1024 * 1024
MANY_KEYS = 64 * LIMIT
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "keys")


def sound(text: str, what: str, limit: int = LIMIT) -> str:
    """The text, if it can be kept: no NUL, no lone surrogates, at most 1 MiB. Raises UsageError."""
    if "\0" in text:
        raise UsageError(f"{what} contains a NUL byte", "take it out")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not UTF-8 text", "convert it, e.g. with iconv") from None
    if size > limit:
        raise UsageError(f"{what} is over {limit // LIMIT} MiB", "attach a file's place instead of its content")
    return text


class Text(click.ParamType[str]):
    """Text that can be kept and shown; `filled` refuses an empty one."""

    name = "text"

    def __init__(self, *, filled: bool = False, name: str = "text") -> None:
        self.name = name
        self._filled = filled

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same text, or a usage error that names the option."""
        what = param.get_error_hint(ctx).strip("'[]").replace("'", "") if param and ctx else self.name
        text = sound(str(value), what)
        if self._filled and not text.strip():
            raise UsageError(f"{what} is empty", "say something")
        return text


class Prose(Text):
    """Text for people to read, for which `-` reads stdin; the line break at its end is not part of it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, or a usage error that names the option."""
        context = ctx and not ctx.resilient_parsing and ctx.find_object(Context)
        if value == "-" and context:
            value = context.stdin(LIMIT).rstrip("\r\n")
        return super().convert(value, param, ctx)


class Training(Text):
    """Training need of the requester: `none` or `needed:TOPIC`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same words, or a usage error."""
        text = super().convert(value, param, ctx)
        if text == "none" or text.removeprefix("needed:").strip() not in ("", text.strip()):
            return text
        raise UsageError(f"--training {text!r} is neither none nor needed:TOPIC")


class Name(Text):
    """The name of something on the desk; completes from what there is."""

    def __init__(self, what: str) -> None:
        super().__init__(filled=True, name=what)
        self.what = what

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
        """Keys, queues, people, agencies, services of the desk that the command line points at."""
        from click.shell_completion import CompletionItem

        from csctool.commands.completing import names

        return [CompletionItem(name) for name in names(self.what, ctx.find_root().params.get("desk"), incomplete)]


TEXT = Text()
FILLED = Text(filled=True)
PROSE = Prose(filled=True)
TRAINING = Training(filled=True)
KEY = Name("key")
AGENCY = Name("agency")
QUEUE = Name("queue")
PERSON = Name("person")
SERVICE = Name("service")


class Keys(Name):
    """One of several keys; the command gets them all, read and without repeats."""


def keys_argument(f: F) -> F:
    """KEY…, or `-` for keys on stdin."""

    def read(ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> list[str]:
        context = ctx.find_object(Context)
        return [] if ctx.resilient_parsing or context is None else read_keys(words, context)

    return click.argument("keys", nargs=-1, required=True, type=Keys("key"), metavar="KEY...", callback=read)(f)


def read_keys(words: Sequence[str], context: Context) -> list[str]:
    """The keys of a command: `-` stands for the words on stdin, which may be none. A repeated key is worked once."""
    keys: list[str] = []
    for word in words:
        keys += sound(context.stdin(MANY_KEYS), "KEY", MANY_KEYS).split() if word == "-" else [word]
    return list(dict.fromkeys(key.upper() for key in keys))


def format_option(*extra: str) -> Callable[[F], F]:
    """--format, with more formats where a command has them."""
    return click.option("--format", "fmt", type=click.Choice((*FORMATS, *extra)), default="table", help="How to print.")


def dry_run_option(f: F) -> F:
    """--dry-run."""
    return click.option("--dry-run", is_flag=True, help="Show what would happen and write nothing.")(f)


def at_option(f: F) -> F:
    """--at TIME, for late entry."""
    return click.option("--at", type=FILLED, metavar="TIME", help="When it happened, for late entry.")(f)


def note_option(f: F) -> F:
    """--note TEXT."""
    return click.option("--note", "-m", type=PROSE, metavar="TEXT", help="A note for the history.")(f)


def changing(f: F) -> F:
    """What every changing command over keys has: KEY…, --at, --dry-run, --format."""
    return keys_argument(at_option(dry_run_option(format_option()(f))))


def pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`--field K=V`, repeated, as a mapping; `K=` empties K."""
    found = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--field {text!r} is no K=V", "write e.g. --field site=Springfield")
        found[name.strip()] = value
    return found


def outage_agencies(f: F) -> F:
    """--agencies KEY,KEY… of the outage commands; `all` stands for every one."""

    def read(_: click.Context, __: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key.upper() for word in words for key in word.replace(",", " ").split())

    return click.option("--agencies", "-a", "agencies", multiple=True, type=AGENCY, metavar="KEY,KEY...", callback=read,
                        help="Whom it concerns; may be repeated; all when left out of open and plan.")(f)  # fmt: skip


field_option = click.option("--field", "fields", multiple=True, type=TEXT, metavar="K=V", callback=pairs,
                            help="A field of the agency's own.")  # fmt: skip
