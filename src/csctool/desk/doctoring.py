"""`doctor`: is the desk sound, and if not, what is there to do?"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from csctool.desk.ports import Examined, Repair, Symptom
from csctool.errors import CscError, DamagedError, SettingsError

SETTINGS = "settings: "

Check = Callable[[], Iterable[Symptom]]


class Checkup(msgspec.Struct):
    """What was looked at, what was found, what was repaired, and which agencies could not be."""

    agencies: list[str]
    findings: list[Symptom]
    repairs: list[Repair]
    failures: list[tuple[str, CscError]]
    dry_run: bool = False

    @property
    def verdict(self) -> CscError | None:
        """What the command fails with: damage, tickets that a repair gave up, unusable settings. None: nothing."""
        damage = [one for one in self.findings if one.level == "damage"]
        lost = [key for repair in self.repairs for key in repair.lost]
        if damage:
            places = sorted({one.path or one.message for one in damage})
            told = f"{len(places)} places" if len(places) > 1 else "one place"
            return DamagedError(f"damage in {told}: {', '.join(places[:3])}", "csctool doctor --repair, or a backup")
        if lost:
            return DamagedError(f"{len(lost)} tickets could not be saved", "look for them in a backup")
        if any(one.message.startswith(SETTINGS) for one in self.findings):
            return SettingsError("some settings can't be used", "csctool config check tells them alone")
        return None


def doctor(
    store: Examined, settings: Sequence[CscError], now: datetime, *, more: Check = tuple, repair: bool = False,
    dry_run: bool = False,
) -> Checkup:  # fmt: skip
    """Look at everything; with `repair` save what can be saved first, unless it is a dry run."""
    keys = store.agencies()
    left_out = [Symptom("warning", None, "", error.message, error.hint) for error in store.troubles()]
    repairs: list[Repair] = []
    failures: list[tuple[str, CscError]] = []
    for key in keys if repair else ():
        try:
            repairs += store.repair(key, dry_run=dry_run)
        except CscError as error:  # one that is busy or another group's keeps no other from its repair
            failures.append((key, error))
    findings = [*map(_unusable, settings), *store.surroundings(), *left_out, *more()]
    for key in keys:
        try:
            findings += store.examine(key, now)
        except CscError as error:
            findings.append(Symptom("damage" if error.exit == 7 else "warning", key, "", error.message, error.hint))
    return Checkup(keys, findings, repairs, failures, dry_run)


def _unusable(error: CscError) -> Symptom:
    word = SETTINGS if isinstance(error, SettingsError) else ""
    advice = error.hint or "correct it; csctool config check reads it again"
    return Symptom("damage" if error.exit == 7 else "warning", None, "", word + error.message, advice)
