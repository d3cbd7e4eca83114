"""What authors of plugins are told."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible

COLUMNS = ("agency", "plugin", "version", "hooks", "asked", "mean_ms", "wrong")


def plugins(found: Sequence[Any], fmt: str) -> None:
    """What is enabled where."""
    _print([msgspec.to_builtins(one) for one in found], "plugins", fmt)


def checked(found: Sequence[Any], fmt: str) -> None:
    """What `plugin check` found: what is wrong in a line each, or that nothing is."""
    if fmt != "table":
        _print([msgspec.to_builtins(one) for one in found], "plugin-check", fmt)
        return
    for one in found:
        state = "wrong" if one.wrong else "well"
        hooks = ", ".join(one.hooks) or "no hook"
        version = f" {one.version}" if one.version else ""
        write(f"{one.agency}  {visible(one.plugin)}{visible(version)}: {state}; answers {hooks}\n")
        for why in one.wrong:
            write(f"      {visible(why)}\n")


def made(files: Sequence[str], fmt: str, *, dry_run: bool) -> None:
    """The files of a new plugin."""
    if fmt == "json":
        document({"schema": "csctool.added/1", "files": list(files)})
    elif fmt == "jsonl":
        lines({"file": path} for path in files)
    elif fmt == "table":
        for path in files:
            write(f"{'would write ' if dry_run else ''}{visible(_from_here(path))}\n")
    else:
        rows([{"file": path} for path in files], ("file",), fmt)


def _from_here(path: str) -> str:
    """A path as one would type it: what lies below the working directory is named from there."""
    with suppress(FileNotFoundError):  # a working directory that is gone
        here = os.path.join(os.getcwd(), "")
        return path.removeprefix(here)
    return path


def _print(found: list[dict[str, Any]], schema: str, fmt: str) -> None:
    if fmt == "json":
        document({"schema": f"csctool.{schema}/1", "plugins": found})
    elif fmt == "jsonl":
        lines(found)
    elif fmt == "keys":
        rows(found, ("plugin",), fmt)
    else:
        rows([{**row, "wrong": "; ".join(row["wrong"])} for row in found], COLUMNS, fmt, shrink="wrong")
