"""The one exception tree: every way a command can fail, with its exit status and a word for scripts."""


class CscError(Exception):
    """A failure that the user is told in one line.

    `exit` is the process status, `code` the word in the JSON form; both are part of the contract with scripts.
    """

    exit = 1
    code = "unexpected"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        between = " " if self.message.endswith("?") else "; "
        return f"{self.message}{between}{self.hint}" if self.hint else self.message


class UsageError(CscError):
    """Options, malformed text or unusable settings: nothing was tried."""

    exit = 2
    code = "usage"


class SettingsError(UsageError):
    """A settings file that can't be used; the message names file, key and what would be right."""

    code = "settings"


class NotFoundError(CscError):
    """No such ticket, agency, queue, person, service or desk."""

    exit = 3
    code = "not-found"


class RefusedError(CscError):
    """The lifecycle, a required field or a plugin's objection says no."""

    exit = 4
    code = "refused"


class NotPermittedError(CscError):
    """The role or the file system says no."""

    exit = 5
    code = "not-permitted"


class BusyError(CscError):
    """The lock was not free in time."""

    exit = 6
    code = "busy"


class StorageError(CscError):
    """A full, failing or read-only disk; nothing was acknowledged."""

    exit = 7
    code = "storage"


class DamagedError(StorageError):
    """A store file whose checksum or form is wrong; it is left as it is."""

    code = "damaged"


class PluginError(CscError):
    """A plugin failed and `--strict` asked to be told."""

    exit = 8
    code = "plugin"


class DeliveryError(CscError):
    """A message could not be delivered; it stays in the outbox."""

    exit = 9
    code = "delivery"


class DifferencesError(CscError):
    """A check found differences."""

    exit = 10
    code = "differences"


#: Which status wins when several keys fail for several reasons: the worst first.
SEVERITY = (1, 7, 6, 5, 8, 9, 4, 3, 2, 10, 0)


def worst(statuses: "list[int]") -> int:
    """The exit status of a command in which several things went wrong; 0 for none."""
    return min(statuses, key=SEVERITY.index, default=0)
