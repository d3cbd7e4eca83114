"""Words before they are sent."""

from collections.abc import Sequence
from typing import Any

from csctool.render.rows import document, raw, write
from csctool.render.text import paragraphs, visible


def previews(found: Sequence[Any], fmt: str) -> None:
    """What each recipient would read: as text with a head that says who and why, as a page, as a mail, or as JSON."""
    if fmt == "json":
        document({"schema": "csctool.preview/1", "messages": [_plain(one) for one in found]})
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


def _text(several: Sequence[Any]) -> str:
    """The words that these recipients all read."""
    notice, words = several[0].letter.notice, several[0].words
    head = {
        "to": ", ".join(_whom(one.letter.notice) for one in several),
        "by": f"{notice.transport}, {notice.rule}" if notice.transport else notice.rule,
        "in": words.locale,
        "event": notice.event if several[0].happened else f"{notice.event}, which has not happened",
        "subject": words.subject,
    }
    lines = [f"{name + ':':9}{visible(value)}" for name, value in head.items()]
    return "\n".join([*lines, "", *paragraphs(words.text.rstrip("\n"))]) + "\n"


def _whom(notice: Any) -> str:
    return str(notice.to) if notice.to == notice.role else f"{notice.to or 'nobody yet'} ({notice.role})"


def _plain(one: Any) -> dict[str, Any]:
    notice, words = one.letter.notice, one.words
    return {
        "ticket": notice.ticket, "event": notice.event, "happened": one.happened, "role": notice.role, "to": notice.to,
        "transport": notice.transport, "rule": notice.rule, "locale": words.locale, "subject": words.subject,
        "text": words.text, "html": words.html,
    }  # fmt: skip
