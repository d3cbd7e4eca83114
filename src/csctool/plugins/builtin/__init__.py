"""The plugins that every agency has: matrix, required fields, catalogue, queue map and assignment; and who is told."""

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.plugins.builtin.matrix import Matrix
from csctool.plugins.builtin.queue_map import QueueMap
from csctool.plugins.builtin.required import Catalogue, Required


def builtin_plugins(agency: AgencySettings, desk: DeskSettings) -> dict[str, object]:
    """Name -> plugin, the last to be asked."""
    plugins: dict[str, object] = {
        "matrix": Matrix(desk),
        "required-fields": Required(agency),
        "catalogue": Catalogue(desk),
        "queue-map": QueueMap(agency, desk),
    }
    if desk.notify.transport or agency.notify.transport:
        from csctool.domain.default_rules import wanted
        from csctool.plugins.builtin.notify import DefaultRules

        plugins["notify"] = DefaultRules(wanted(agency, desk), desk)
    return plugins
