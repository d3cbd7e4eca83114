"""The plugins that every agency has: matrix, required fields, catalogue, queue map, escalation per kind, assignment."""

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.plugins.builtin.matrix import Matrix
from csctool.plugins.builtin.queue_map import QueueMap
from csctool.plugins.builtin.required import Catalogue, Required


def builtin_plugins(agency: AgencySettings, desk: DeskSettings) -> dict[str, object]:
    """Name -> plugin, the last to be asked."""
    return {
        "matrix": Matrix(desk),
        "required-fields": Required(agency),
        "catalogue": Catalogue(desk),
        "queue-map": QueueMap(agency, desk),
    }
