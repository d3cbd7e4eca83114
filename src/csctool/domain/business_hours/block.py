"""A stretch of opened times with running sums."""

from bisect import bisect_right
from collections.abc import Iterable

#: From a second (included) to another (excluded).
Span = tuple[int, int]


class Block:
    """The opened times of one stretch of five weeks: sorted, apart from each other, cut at its ends.

    `worked[i]` is the working time before `opens[i]`; `worked[-1]` that of the whole block.
    """

    __slots__ = ("closes", "opens", "total", "worked")

    def __init__(self, spans: list[Span]) -> None:
        self.opens = [a for a, _ in spans]
        self.closes = [b for _, b in spans]
        self.worked = [0]
        for a, b in spans:
            self.worked.append(self.worked[-1] + b - a)
        self.total = self.worked[-1]

    def until(self, second: int) -> int:
        """Working time from the block's beginning to that second."""
        i = bisect_right(self.opens, second) - 1
        if i < 0:
            return 0
        return self.worked[i] + min(second, self.closes[i]) - self.opens[i]


def joined(spans: Iterable[Span], since: int, until: int) -> list[Span]:
    """Sorted spans cut to a range and joined where they touch or overlap, so that no second counts twice."""
    found: list[Span] = []
    for a, b in spans:
        a, b = max(a, since), min(b, until)
        if a >= b:
            continue
        if found and a <= found[-1][1]:
            a, last = found.pop()
            b = max(b, last)
        found.append((a, b))
    return found
