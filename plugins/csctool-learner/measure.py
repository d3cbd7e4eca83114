"""How often does it learn right? On it_tickets_text.csv: four fifths are learned, the last fifth is asked.

    python measure.py it_tickets_text.csv

Everything is chosen on the first 4,000 lines; the last 1,000 are only asked about. Beside it stands a list of keywords
that a person wrote from the same 4,000 (keywords.toml), the way rules.toml would be written.
"""

import csv
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from csctool_learner.model import Model, Question, decoded
from csctool_learner.teacher import Example, learned


class Measured(NamedTuple):
    """Shares, 0 to 1: right when all are answered, right by keywords, answered when sure, right of these."""

    accuracy: float
    keywords: float
    answered: float
    right: float
    question: Question


def texts(path: Path) -> list[Example]:
    """Every text with its topic, in the order of the file."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        return [Example(row["Document"], row["Topic_group"]) for row in csv.DictReader(file)]


def measured(path: Path) -> Measured:
    """Learn from four fifths by line order, and ask about the rest."""
    examples = texts(path)
    cut = len(examples) * 4 // 5
    question, _ = learned(examples[:cut])
    asked = examples[cut:]
    sure = [(said.label, e.label) for e in asked if (said := question.answer(e.text))]
    return Measured(
        share(asked, lambda text: said.label if (said := question.answer(text, 0.0)) else None),
        share(asked, keywords()),
        len(sure) / len(asked),
        sum(label == truth for label, truth in sure) / max(len(sure), 1),
        question,
    )


def share(asked: Iterable[Example], answer: Callable[[str], str | None]) -> float:
    """How many are answered right."""
    right = [answer(example.text) == example.label for example in asked]
    return sum(right) / len(right)


def keywords() -> Callable[[str], str]:
    """The hand-written list: the first topic of which a word or phrase stands in the text."""
    data = tomllib.loads((Path(__file__).parent / "keywords.toml").read_text(encoding="utf-8"))
    topics = [(t["name"], re.compile(rf"\b(?:{'|'.join(map(re.escape, t['words']))})\b")) for t in data["topic"]]

    def answer(text: str) -> str:
        return next((name for name, words in topics if words.search(text)), data["otherwise"])

    return answer


def main() -> None:
    """Measure and tell."""
    began = time.process_time()
    found = measured(Path(sys.argv[1]))
    took = time.process_time() - began
    data = Model("DHS", "2026-01-01", {"category": found.question}).encoded()
    began = time.process_time()
    model = decoded(data)
    loading = time.process_time() - began
    some = texts(Path(sys.argv[1]))[:200]
    began = time.process_time()
    for example in some:
        model.questions["category"].answer(example.text)
    asking = (time.process_time() - began) / len(some)
    print(f"keywords, written by hand   {found.keywords:.1%} right")
    print(f"learned, all answered       {found.accuracy:.1%} right")
    print(f"learned, only when sure     {found.answered:.1%} answered, {found.right:.1%} of these right")
    print(f"learning {took:.0f} s, model {len(data) / 1e6:.1f} MB, loaded in {1000 * loading:.0f} ms, "
          f"a ticket {1000 * asking:.1f} ms (processor time)")  # fmt: skip


if __name__ == "__main__":
    main()
