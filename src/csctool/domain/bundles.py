"""Several notices, one letter: what a later one says as well, and what goes out together."""

from csctool.domain.notice import Notice
from csctool.domain.recipients import CLIENTS, WORDS

#: Events whose letters tell how the ticket stands: the latest says all that the earlier ones said. A client reads the
#: state; the staff reads reasons too, so there each letter that has one goes out.
_STATE = frozenset({
    "opened", "triaged", "promised", "assigned", "started", "held", "resumed", "diagnosed", "resolved", "closed",
    "reopened", "undone",
})  # fmt: skip
_CLIENTS_STATE = _STATE | {"escalated", "returned"}
_END = frozenset({"cancelled", "merged", "transferred"})


def absorbs(later: Notice, earlier: Notice) -> bool:
    """Whether a later notice to the same recipient about the same ticket leaves nothing of an earlier one to be said.

    Never where the earlier one has words of its own, unless the later has the same; nor to whom a rule names by key or
    address: it asked for these very events, and may be a program.
    """
    if earlier.role not in WORDS:
        return False
    news = _CLIENTS_STATE if earlier.role in CLIENTS else _STATE
    if earlier.event not in news or (later.event not in news and later.event not in _END):
        return False
    mine, theirs = _words(earlier), _words(later)
    return (mine == theirs or not any(mine + theirs)) and (later.urgent or not earlier.urgent)


def _words(notice: Notice) -> tuple[str | None, ...]:
    return notice.template, notice.subject, notice.text
