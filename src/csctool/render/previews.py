"""Words before they are sent."""

from collections.abc import Sequence
from typing import Any

from csctool.domain.lifecycle import rfc3339
from csctool.render.rows import document, raw, write
from csctool.render.text import paragraphs, visible


def previews(found: Sequence[Any], untold: Sequence[Any], fmt: str) -> None:
    """What each recipient would read, and who would read nothing though a rule speaks of them: as text with a head that
    says who and why, as a page, as a mail, or as JSON."""
    if fmt == "json":
        document({
            "schema": "csctool.preview/1", "messages": [_plain(one) for one in found],
            "untold": [_untold(one) for one in untold],
        })  # fmt: skip
    elif fmt == "html":
        write(found[0].words.html)
    elif fmt == "mime":
        raw(found[0].mail)
    else:
        same: dict[tuple[str, ...], list[Any]] = {}
        for one in found:
            notice = one.letter.notice
            same.setdefault((notice.transport, notice.rule, one.words.subject, one.words.text), []).append(one)
        write(f"\n{'=' * 72}\n".join(map(_text, same.values())))
        if untold:
            write("\n" + "".join(f"{visible(_why(one))}\n" for one in untold))


def _text(several: Sequence[Any]) -> str:
    """The words that these recipients all read."""
    notice, words = several[0].letter.notice, several[0].words
    head = {
        "to": ", ".join(_whom(one.letter.notice) for one in several),
        "by": f"{notice.transport}, {notice.rule}" if notice.transport else notice.rule,
        "in": words.locale,
        "event": notice.event if several[0].happened else f"{notice.event}, which has not happened",
        "when": _when(notice),
        "subject": words.subject,
    }
    if not notice.transport:
        del head["when"]
    lines = [f"{name + ':':9}{visible(value)}" for name, value in head.items()]
    return "\n".join([*lines, "", *paragraphs(words.text.rstrip("\n"))]) + "\n"


def _whom(notice: Any) -> str:
    return str(notice.to) if notice.to == notice.role else f"{notice.to or 'nobody yet'} ({notice.role})"


def _when(notice: Any) -> str:
    """When it would be delivered: at once, or later and why."""
    urgent = ", whatever the hour" if notice.urgent else ""
    if notice.due <= notice.at:
        return f"at once{urgent}"
    gathered = f", with all that gathers in {notice.group}" if notice.group else ""
    return f"{rfc3339(notice.due)}{gathered}"


def _why(one: Any) -> str:
    who = one.whom.to or one.whom.person or "nobody"
    return f"not told: {who if who == one.whom.role else f'{who} ({one.whom.role})'}, {one.why}; {one.told.rule}"


def _untold(one: Any) -> dict[str, Any]:
    return {
        "role": one.whom.role, "to": one.whom.to or None, "person": one.whom.person, "why": one.why,
        "rule": one.told.rule,
    }  # fmt: skip


def _plain(one: Any) -> dict[str, Any]:
    notice, words = one.letter.notice, one.words
    told = ("ticket", "event", "role", "to", "transport", "rule", "due", "urgent")
    said = ("locale", "subject", "text", "html")
    return {
        **{name: getattr(notice, name) for name in told}, "happened": one.happened,
        **{name: getattr(words, name) for name in said},
    }  # fmt: skip
