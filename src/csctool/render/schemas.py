"""The JSON Schema of every output, from the types themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from csctool.domain.audit import Break
from csctool.domain.keeping import Backup, Restored
from csctool.domain.notice import Delivery, Dispatch, Notice
from csctool.domain.sla.ledger import Ledger
from csctool.domain.ticket import Event, Ticket
from csctool.render.rows import document, lines, rows, write

Row = dict[str, Any]


def _envelope(name: str, **fields: Any) -> type[msgspec.Struct]:
    word = f"csctool.{name}/1"
    title = name.title().replace(".", "") + "Envelope"
    return msgspec.defstruct(title, [("schema", Literal[word]), *((k, v) for k, v in fields.items())])


def _one_of(name: str, **fields: Any) -> type[msgspec.Struct]:
    """An envelope that holds one of these."""
    word = f"csctool.{name}/1"
    found = [(field, kind | msgspec.UnsetType, msgspec.UNSET) for field, kind in fields.items()]
    return msgspec.defstruct(f"{name.title()}Envelope", [("schema", Literal[word]), *found])


def _rows(name: str) -> Callable[[], type[msgspec.Struct]]:
    return lambda: _envelope(name, rows=list[Row])


def _fields(kind: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    return [(field.name, field.type) for field in msgspec.structs.fields(kind)]


class Failure(msgspec.Struct):
    """What went wrong: a word for scripts, the exit status, a sentence for people."""

    code: str
    exit: int
    message: str


def _messages() -> Any:
    """One that waits has the fields of a notice, one that was sent those of a delivery; `state` says which."""
    either = {**dict(_fields(Delivery)), **dict(_fields(Notice)), "state": Literal["waiting", "held", "dead", "sent"]}
    both = {"id", "ticket", "seq", "event", "transport", "to", "role", "rule", "at", "state"}
    found: list[Any] = [(name, kind) for name, kind in either.items() if name in both]
    found += [(name, kind | msgspec.UnsetType, msgspec.UNSET) for name, kind in either.items() if name not in both]
    message = msgspec.defstruct("Message", found)
    return list[message]  # type: ignore[valid-type]


#: name -> the type of the document. Built when asked for: start-up has no use for them.
SCHEMAS: dict[str, Callable[[], Any]] = {
    "ticket": lambda: _envelope("ticket", ticket=Ticket),
    "tickets": lambda: _envelope("tickets", tickets=list[Ticket]),
    "history": lambda: _envelope("history", key=str, events=list[Event]),
    "explain": lambda: _envelope(
        "explain", key=str, given=Row, decisions=list[Row], objections=list[str], told=list[Row]
    ),
    "replay": lambda: _envelope(
        "replay",
        tickets=int,
        differ=int,
        skipped=int,
        decisions=dict[str, int],
        first_queue=dict[str, Row],
        changes=list[Row],
    ),
    "rules.check": lambda: _envelope("rules.check", rules=int, tickets=int, findings=list[Row]),
    "rules.test": lambda: _envelope("rules.test", file=str, expectations=int, met=int, missed=list[Row]),
    "rules.expect": lambda: _envelope("rules.expect", expect=list[Row]),
    "agencies": lambda: _envelope("agencies", agencies=list[Row]),
    "queues": lambda: _envelope("queues", queues=list[Row]),
    "people": lambda: _envelope("people", people=list[Row]),
    "services": lambda: _envelope("services", services=list[Row]),
    "calendars": lambda: _envelope("calendars", calendars=list[Row]),
    "calendar": lambda: _one_of("calendar", calendar=Row, due=datetime, elapsed_seconds=int),
    "desk": lambda: _envelope("desk", desk=str, agencies=list[str], tickets=int),
    "added": lambda: _one_of("added", agency=str, queue=str, person=str, files=list[str]),
    "config": lambda: _envelope("config", files=list[str], wrong=list[str]),
    "doctor": lambda: _envelope(
        "doctor", agencies=list[str], findings=list[Row], repairs=list[Row], dry_run=bool, sound=bool
    ),
    "audit": lambda: _envelope("audit", tickets=int, breaks=list[Break], gaps=list[Row]),
    "audit-head": lambda: _envelope("audit-head", heads=list[Row]),
    "backup": lambda: msgspec.defstruct("Backup", [("schema", Literal["csctool.backup/1"]), *_fields(Backup)]),
    "restore": lambda: msgspec.defstruct("Restore", [("schema", Literal["csctool.restore/1"]), *_fields(Restored)]),
    "archive": _rows("archive"),
    "sweep": _rows("sweep"),
    "import": lambda: _envelope(
        "import",
        rows=int,
        added=int,
        known=int,
        rejected=int,
        dirty=int,
        agencies=int,
        rejected_rows=int,
    ),
    "outages": lambda: _envelope("outages", outages=list[Row]),
    "plugins": lambda: _envelope("plugins", plugins=list[Row]),
    "plugin-check": lambda: _envelope("plugin-check", plugins=list[Row]),
    "notices": lambda: _envelope("notices", notices=_messages()),
    "deliveries": lambda: _envelope("deliveries", deliveries=list[Delivery]),
    "notice": lambda: Dispatch,
    "preview": lambda: _envelope("preview", messages=list[Row], untold=list[Row]),
    "sla": lambda: msgspec.defstruct("Sla", [("schema", Literal["csctool.sla/1"]), *_fields(Ledger)]),
    "sla.recompute": lambda: _envelope("sla.recompute", checked=int, differences=list[Row]),
    "sla.simulate": _rows("sla.simulate"),
    "demo": lambda: _envelope("demo", desk=str | None, steps=list[Row]),
    "completion": lambda: _envelope("completion", shell=str, script=str),
    "schemas": lambda: _envelope("schemas", schemas=list[str]),
    "error": lambda: msgspec.defstruct("Error", [("error", Failure)]),
    **{
        f"report.{name}": _rows(f"report.{name}")
        for name in ("summary", "volume", "backlog", "sla", "resolution", "flow", "workload")
    },
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one output."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(SCHEMAS[name]())}


def named(fmt: str) -> None:
    """The names of all."""
    if fmt == "table":
        write("".join(f"{name}\n" for name in SCHEMAS))
    elif fmt == "json":
        document({"schema": "csctool.schemas/1", "schemas": list(SCHEMAS)})
    elif fmt == "jsonl":
        lines([{"name": name} for name in SCHEMAS])
    else:
        rows([{"name": name} for name in SCHEMAS], ("name",), fmt)


def shown(name: str, fmt: str) -> None:
    """One schema; or a row for each field of the document."""
    found = schema(name)
    if fmt in ("table", "json"):
        document(found)
    elif fmt == "jsonl":
        lines([found])
    else:
        whole = found["$defs"][found["$ref"].rpartition("/")[2]]
        fields = [{"field": field, "type": _type(kind)} for field, kind in whole["properties"].items()]
        rows(fields, ("field", "type"), fmt)


def _type(kind: Row) -> str:
    """A field's type in a word: `string`, `array of Ticket`, `integer or null`."""
    if "anyOf" in kind:
        return " or ".join(map(_type, kind["anyOf"]))
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if "enum" in kind:
        return " or ".join(map(str, kind["enum"]))
    told = str(kind.get("type", "any"))
    return f"{told} of {_type(kind['items'])}" if kind.get("items") else told
