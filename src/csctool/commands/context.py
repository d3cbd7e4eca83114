"""What every command is handed: the wishes before the command name, and a way to the desk."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from csctool.errors import CscError, UsageError, worst

if TYPE_CHECKING:
    from datetime import datetime

    from csctool.desk.desk import Desk


class Answer(Protocol):
    """What a command over several keys answers: whatever was found, and what failed by key."""

    failures: "list[tuple[str, CscError]]"


D = TypeVar("D", bound=Answer)


class Context:
    """One invocation. `house` answers what `bootstrap` can do under these wishes; `cli` hands it and `args` in."""

    def __init__(self, house: Callable[[dict[str, Any]], Any], args: Sequence[str] = ()) -> None:
        self._house = house
        self._args = args
        self.wishes: dict[str, Any] = {}
        self.strict = False
        self.failed: list[CscError] = []
        self._desk: Desk | None = None
        self._read = False

    def desk(
        self, *, dry_run: bool = False, at: str | None = None, root: str | None = None,
        instead: Mapping[str, str] | None = None,
    ) -> "Desk":  # fmt: skip
        """The desk of this command; `at` is the `--at` of a late entry, `instead` the files that are tried."""
        more = {"instead": instead} if instead else {}
        desk: Desk = self._house(self.wishes).open_desk(dry_run=dry_run, root=root, **more)
        if at:
            desk.at = self.moment(desk, at)
        self._desk = desk
        return desk

    def another(self, args: Sequence[str]) -> "Context":
        """A further invocation in the same process, as `demo` makes them."""
        return Context(self._house, args)

    def found(self, directory: str | None, *, demo: bool, dry_run: bool) -> Any:
        """A new desk; a place that keeps fewer promises is told."""
        from csctool.render.errors import notice

        house = self._house(self.wishes)
        made = house.found_desk(directory, demo=demo, dry_run=dry_run)
        for symptom in house.surroundings(made.desk):
            notice(f"{symptom.message}; {symptom.advice}")
        return made

    def new_package(self, name: str, directory: str | None, *, dry_run: bool) -> list[str]:
        """A new plugin package: its files."""
        files: list[str] = self._house(self.wishes).new_package(name, directory, dry_run=dry_run)
        return files

    def additions(self) -> Any:
        """The reports and commands that the desk's plugins add."""
        return self._house(self.wishes).additions()

    def check_settings(self) -> tuple[list[str], list[CscError]]:
        """All settings files, and what is wrong in them; agencies that may not be read are told."""
        from csctool.render.errors import notice

        files, wrong, left_out = self._house(self.wishes).check_settings()
        for error in left_out:
            notice(str(error))
        return files, wrong

    def doctor(self, *, repair: bool, dry_run: bool) -> Any:
        """A look at the whole desk, and a repair when asked."""
        return self._house(self.wishes).doctor(repair=repair, dry_run=dry_run)

    def back_up(self, path: str, **how: Any) -> Any:
        """A backup of the desk, and what is not in it."""
        return self._house(self.wishes).back_up(path, **how)

    def look_at_backup(self, path: str, progress: Callable[[int, int], None]) -> Any:
        """What a backup holds."""
        return self._house(self.wishes).look_at_backup(path, progress)

    def restore(self, path: str, directory: str | None, **how: Any) -> Any:
        """A backup put in the place of what is there."""
        return self._house(self.wishes).restore(path, directory, **how)

    def crew(self, desk: "Desk", jobs: int | None) -> Any:
        """Processes for long work at the desk, or None."""
        return self._house(self.wishes).crew(desk, jobs)

    def moment(self, desk: "Desk", text: str, *, ahead: bool = False) -> "datetime":
        """A time as the user wrote it, in the desk's zone."""
        from csctool.domain.times import moment

        return moment(text, desk.clock(), desk.zone, ahead=ahead, fiscal=desk.settings.fiscal_year)

    def stdin(self, limit: int) -> str:
        """What stdin holds, UTF-8 and at most `limit` bytes; it can be read once a command. Raises UsageError."""
        if self._read:
            raise UsageError("- stands there twice, and stdin can be read once", "keys or a text")
        self._read = True
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            raise UsageError(
                f"the text on stdin is over {limit // 1024 // 1024} MiB", "attach a file's place instead of its content"
            )
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            where = f"the text on stdin is not UTF-8 (byte {error.start})"
            raise UsageError(where, "convert it, e.g. with iconv") from None

    def took(self, done: D) -> D:
        """Note the failures of a command over several keys: they are told at the end, and decide the exit status."""
        self.failed += [_named(key, error) for key, error in done.failures]
        return done

    def finish(self) -> int:
        """Everything that went wrong without stopping the command, told; the exit status."""
        if self._desk is not None:
            self._notices(self._desk)
        for error in self.failed:
            self.tell(error)
        return worst([error.exit for error in self.failed])

    def tell(self, error: CscError) -> None:
        """One failure on stderr: a line, or a document where the command line asks for JSON."""
        from csctool.render.errors import tell, wants_json

        tell(error, as_json=wants_json(self._args))

    def _notices(self, desk: "Desk") -> None:
        from csctool.render.errors import notice

        desk.dispatch()
        for text in desk.notices:
            notice(text)
        if desk.foretold:
            from csctool.render.errors import wants_json
            from csctool.render.notify import foretold

            foretold(desk.foretold, as_json=wants_json(self._args))
        failures = desk.failures()
        desk.dismiss()
        for error in failures:
            if error.exit == 5 or (error.exit == 8 and not self.strict):
                notice(str(error))
            else:
                self.failed.append(error)


def _named(key: str, error: CscError) -> CscError:
    if key not in error.message:
        error.message = f"{key}: {error.message}"
    return error
