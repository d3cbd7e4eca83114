"""Where the desk is: found like a git repository, with nothing imported that help and completion do not need."""

import os
from collections.abc import Iterator

from csctool.errors import NotFoundError, NotPermittedError

MARK = "csctool.toml"


def find_desk(named: str | None) -> str:
    """`--desk`, then CSCTOOL_DESK, then upward from the working directory, then the user's data directory.

    Raises NotFoundError; a named directory without a desk is never searched beyond.
    """
    wanted = named or os.environ.get("CSCTOOL_DESK")
    if wanted:
        try:
            os.stat(os.path.join(wanted, MARK))
        except PermissionError as error:
            raise NotPermittedError(f"can't look into {wanted}: {error.strerror}") from None
        except (OSError, ValueError):
            raise NotFoundError(f"no desk in {wanted}", f"csctool init {wanted} makes one") from None
        return wanted
    for directory in _upward():
        if os.path.exists(os.path.join(directory, MARK)):
            return directory
    home = data_directory()
    if os.path.exists(os.path.join(home, MARK)):
        return home
    raise NotFoundError("no desk here", "csctool init DIR makes one, csctool --desk DIR uses one")


def _upward() -> Iterator[str]:
    try:
        directory = os.getcwd()
    except OSError:
        return  # the working directory is gone: nothing lies above it
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def data_directory() -> str:
    """The user's own desk, where there is one (XDG base directory specification)."""
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "csctool")
