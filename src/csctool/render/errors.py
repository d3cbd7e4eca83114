"""Errors and notices, on stderr: a line for people, a JSON document for scripts that asked for JSON."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from csctool.errors import CscError
from csctool.render.text import in_json, visible

#: Nobody reads a longer line, in characters.
LONGEST = 2000


def tell(error: CscError, *, as_json: bool) -> None:
    """One failure."""
    if as_json:
        import json

        document = {"error": {"code": error.code, "exit": error.exit, "message": str(error)}}
        _write(in_json(json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")).decode())
        return
    _write(f"csctool: {visible(_clipped(str(error)))}")


def _clipped(text: str) -> str:
    """A message in which somebody's long word is cut in its middle: what to do stands at the end."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} … ({len(text) - 2 * half} characters left out) … {text[-half:]}"


def notice(text: str) -> None:
    """Something worth knowing that is no failure."""
    _write(f"csctool: {visible(text)}")


def wants_json(args: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, even one that could not be parsed."""
    forms = ("json", "jsonl")
    asked = any(word.startswith("--format=") and word.removeprefix("--format=") in forms for word in args)
    return asked or any(option == "--format" and form in forms for option, form in pairwise(args))


def _write(line: str) -> None:
    with suppress(OSError):  # nobody reads: the exit status has to say it all
        sys.stderr.write(line + "\n")
