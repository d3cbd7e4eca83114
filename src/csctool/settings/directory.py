"""The desk's agencies and named settings, as files. Implements `desk.ports.Directory`."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from csctool.domain.organisation import AgencySettings, DeskSettings, Rules
from csctool.errors import CscError
from csctool.settings import load

if TYPE_CHECKING:
    from csctool.domain.rehearsal import Expectation
    from csctool.domain.rulecheck import Finding


class Agencies:
    """The agencies of the desk under `root`."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._read = cache(load.load_agency)

    def keys(self) -> list[str]:
        """The keys of all agencies, sorted."""
        return load.agency_keys(self._root)

    def agency(self, key: str) -> AgencySettings:
        """One agency's settings, read once a command."""
        return self._read(self._root, key)

    def require(self, key: str) -> None:
        """Raise NotFoundError, with the nearest known key, unless the agency has settings; NotPermittedError."""
        load.require_agency(self._root, key)

    def of_domain(self, domain: str) -> str | None:
        """The agency that lists an e-mail domain."""
        return load.agency_of_domain(self._root, domain)

    def rules_of(self, agency: str | None, desk: DeskSettings) -> "tuple[Rules, list[Finding]]":
        """The rules of an agency, or of the desk, and what is wrong with those that can't be used."""
        from csctool.settings.rules import desk_rules_path, read_rules

        if agency is None:
            return read_rules(desk_rules_path(self._root), desk, None, plain=self._plain(desk, self.keys()))
        path = load.agency_path(self._root, agency, load.RULES_FILE)
        return read_rules(path, desk, self.agency(agency).notify.transport, plain=self._plain(desk, [agency]))

    def _plain(self, desk: DeskSettings, keys: Iterable[str]) -> list[str]:
        """The agencies for which no Python is asked. One whose settings can't be read, which is told where it is read,
        counts as having some."""
        found = []
        for key in () if desk.plugins else keys:
            with suppress(CscError):
                if not self.agency(key).plugins:
                    found.append(key)
        return found

    def expectations(self, path: str) -> "list[Expectation]":
        """What an agency expects of its rules."""
        from csctool.settings.expectations import read_expectations

        return read_expectations(path)

    def statutory(self, region: str) -> Callable[[int], Collection[date]]:
        """Public holidays by year, from the holidays library."""
        from csctool.settings.statutory import holidays_of

        return holidays_of(region)

    def policies(self, settings: DeskSettings, path: str) -> DeskSettings:
        """The settings with the promises of another file in the place of the desk's."""
        return load.with_policies(settings, path)

    def add_agency(self, key: str, name: str, more: Mapping[str, Any] | None = None) -> None:
        """Write a commented agency.toml."""
        from csctool.settings.initial import write_agency

        write_agency(self._root, key, name, more or {})

    def add_plugin(self, key: str, name: str, *, dry_run: bool = False) -> str:
        """Write an agency's plugin file that works, and enable it."""
        from csctool.settings.skeleton import write_plugin

        return write_plugin(self._root, key, name, dry_run=dry_run)

    def idle_plugins(self, key: str) -> list[tuple[str, str]]:
        """(file, entry that would enable it) of the files in an agency's plugins/ that it does not enable."""
        from csctool.settings.skeleton import idle_files

        return idle_files(self._root, key, self.agency(key).plugins)

    def add_entry(self, section: str, key: str, values: Mapping[str, Any], *, dry_run: bool = False) -> None:
        """Append a table to csctool.toml."""
        from csctool.settings.initial import add_table

        add_table(self._root, section, key, values, dry_run=dry_run)
