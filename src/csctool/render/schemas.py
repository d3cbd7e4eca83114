"""The JSON Schema of every output, from the types themselves."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from csctool.domain.ticket import Event, Ticket

Row = dict[str, Any]


def _envelope(name: str, **fields: Any) -> type[msgspec.Struct]:
    word = f"csctool.{name}/1"
    return msgspec.defstruct(
        name.title().replace(".", ""), [("schema", Literal[word]), *((k, v) for k, v in fields.items())]
    )


def _rows(name: str) -> Callable[[], type[msgspec.Struct]]:
    return lambda: _envelope(name, rows=list[Row])


class Failure(msgspec.Struct):
    """What went wrong: a word for scripts, the exit status, a sentence for people."""

    code: str
    exit: int
    message: str


#: name -> the type of the document. Built when asked for: start-up has no use for them.
SCHEMAS: dict[str, Callable[[], Any]] = {
    "ticket": lambda: _envelope("ticket", ticket=Ticket),
    "tickets": lambda: _envelope("tickets", tickets=list[Ticket]),
    "history": lambda: _envelope("history", key=str, events=list[Event]),
    "explain": lambda: _envelope("explain", key=str, decisions=list[Row]),
    "agencies": lambda: _envelope("agencies", agencies=list[Row]),
    "queues": lambda: _envelope("queues", queues=list[Row]),
    "people": lambda: _envelope("people", people=list[Row]),
    "services": lambda: _envelope("services", services=list[Row]),
    "error": lambda: msgspec.defstruct("Error", [("error", Failure)]),
    **{
        f"report.{name}": _rows(f"report.{name}")
        for name in ("summary", "volume", "backlog", "resolution", "flow", "workload")
    },
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one output."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(SCHEMAS[name]())}
