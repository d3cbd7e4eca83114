"""Errors and notices, on stderr: a line for people, a JSON document for scripts that asked for JSON."""

import sys

from csctool.errors import CscError
from csctool.render.text import visible


def tell(error: CscError) -> None:
    """One failure."""
    if wants_json(sys.argv[1:]):
        import json

        document = {"error": {"code": error.code, "exit": error.exit, "message": str(error)}}
        _write(json.dumps(document, ensure_ascii=False))
        return
    _write(f"csctool: {visible(str(error))}")


def notice(text: str) -> None:
    """Something worth knowing that is no failure."""
    _write(f"csctool: {visible(text)}")


def wants_json(args: list[str]) -> bool:
    """Whether the command line asks for JSON, even one that could not be parsed."""
    pairs = zip(args, [*args[1:], ""], strict=True)
    return any(
        a in ("--format=json", "--format=jsonl") or (a == "--format" and b in ("json", "jsonl")) for a, b in pairs
    )


def _write(line: str) -> None:
    sys.stderr.write(line + "\n")
