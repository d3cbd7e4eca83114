"""Learning: resolved tickets in, a model out. The newest tenth is kept back, to learn by it how sure to be."""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import mul
from typing import NamedTuple

import msgspec

from csctool_learner.model import UNIT, Question, weighed
from csctool_learner.words import features

#: Fewer tickets than this teach nothing that could be held against others.
ENOUGH = 100
#: A feature that fewer tickets have says nothing of others, and may be somebody's name.
TICKETS = 2
#: How much a ticket on the wrong side costs, tried in this order; a model that costs less bends less to single tickets.
COSTS = (0.2, 0.4, 0.8)
#: So many weights are kept, the strongest; the file stays below the 4 MiB that csctool reads.
WEIGHTS = 100_000
#: Rounds over the tickets, at most, and how far the last round may still move things.
ROUNDS, STILL = 30, 0.5
#: A threshold that nothing reaches.
NEVER = 2.0
#: Of the tickets that were kept back, this share at least must be answered, or their accuracy is an accident.
SHARE = 0.02

Vector = tuple[list[int], list[float]]


class TooFewError(Exception):
    """There is not enough to learn from; the message says what is missing."""


class Example(NamedTuple):
    """A text and its right answer."""

    text: str
    label: str


class Report(NamedTuple):
    """What learning found: of the tickets kept back, how many of all are answered right, how many are answered at the
    threshold, and how many of those right (shares, 0 to 1). `left_out` are the labels with too few tickets."""

    kept_back: int
    accuracy: float
    answered: float
    right: float
    left_out: Mapping[str, int]


def learned(
    examples: Sequence[Example], *, accuracy: float = 0.9, least: int = 10, say: Callable[[str], None] = lambda _: None
) -> tuple[Question, Report]:
    """A question learned from examples, the oldest first. Raises TooFewError.

    `accuracy` is the share of its answers that shall be right: where it is not that sure it stays silent. A label needs
    `least` examples.
    """
    counts = Counter(example.label for example in examples)
    left_out = {label: n for label, n in counts.items() if n < least}
    examples = [example for example in examples if example.label not in left_out]
    known = len(counts) - len(left_out)
    if len(examples) < ENOUGH or known < 2:
        wanted = f"it takes {ENOUGH} tickets, and two answers that {least} of them have"
        raise TooFewError(f"{wanted}; there are {len(examples)} and {known}")
    cut = len(examples) * 9 // 10
    early, late = examples[:cut], examples[cut:]
    best, right = None, -1
    for cost in COSTS:
        trial = trained(early, cost)
        now = sum(_best(trial, example.text) == example.label for example in late)
        say(f"cost {cost}: {now} of {len(late)} right")
        if now > right:
            best, right = (trial, cost), now
    assert best is not None
    sharpness = _sharpness(best[0], late)
    threshold, answered, good = _threshold(msgspec.structs.replace(best[0], sharpness=sharpness), late, accuracy)
    final = msgspec.structs.replace(trained(examples, best[1]), sharpness=sharpness, threshold=threshold)
    return final, Report(len(late), right / len(late), answered, good, left_out)


def trained(examples: Sequence[Example], cost: float) -> Question:
    """A classifier of texts: for each label a linear support vector machine, this label against all others.

    Squared hinge loss, by dual coordinate descent (Hsieh et al., A Dual Coordinate Descent Method for Large-scale
    Linear SVM, ICML 2008); a rare label's examples cost more, in inverse proportion to their number.
    """
    counted = [Counter(feature for feature, _ in features(example.text)) for example in examples]
    rarity = _rarity(counted)
    index = {feature: at for at, feature in enumerate(rarity)}
    vectors = [_vector(counts, index, rarity) for counts in counted]
    labels = sorted({example.label for example in examples})
    bias, rows = [], []
    for label in labels:
        mine = [example.label == label for example in examples]
        weight = len(examples) / (len(labels) * sum(mine))
        weights, offset = _machine(vectors, mine, len(index), cost * weight, cost)
        bias.append(round(offset, 4))
        rows.append(weights)
    return Question(tuple(labels), len(examples), tuple(bias), _kept(index, rarity, rows))


def _rarity(counted: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Inverse document frequency, smoothed as if one more ticket had every feature."""
    tickets = Counter(feature for counts in counted for feature in counts)
    return {f: math.log((1 + len(counted)) / (1 + n)) + 1 for f, n in tickets.items() if n >= TICKETS}


def _vector(counts: Mapping[str, int], index: Mapping[str, int], rarity: Mapping[str, float]) -> Vector:
    found = [(index[f], weighed(n, rarity[f])) for f, n in counts.items() if f in index]
    length = math.sqrt(sum(value * value for _, value in found)) or 1.0
    return [at for at, _ in found], [value / length for _, value in found]


def _machine(
    vectors: Sequence[Vector], mine: Sequence[bool], size: int, cost: float, cost_of_others: float
) -> tuple[list[float], float]:
    """(weights, offset) of the plane that separates `mine` from the others. The same input gives the same plane."""
    weights, offset = [0.0] * size, 0.0
    weight_of = weights.__getitem__
    duals = [0.0] * len(vectors)
    active = list(range(len(vectors)))
    chance = random.Random(1)
    bar = math.inf
    for _ in range(ROUNDS):
        chance.shuffle(active)
        highest, lowest, kept = -math.inf, math.inf, []
        for at in active:
            places, values = vectors[at]
            sign = 1.0 if mine[at] else -1.0
            slack = 0.5 / (cost if mine[at] else cost_of_others)
            dual = duals[at]
            slope = sign * (sum(map(mul, map(weight_of, places), values)) + offset) - 1 + slack * dual
            if dual == 0 and slope > bar:
                continue  # far on the right side: not looked at again until the others are at rest
            kept.append(at)
            pull = slope if dual else min(slope, 0.0)
            highest, lowest = max(highest, pull), min(lowest, pull)
            if pull:
                duals[at] = max(dual - slope / (2 + slack), 0.0)  # 2: the vector's length and the offset's
                step = (duals[at] - dual) * sign
                offset += step
                for place, value in zip(places, values, strict=True):
                    weights[place] += step * value
        bar = highest if highest > 0 else math.inf
        if highest - lowest > STILL:
            active = kept
        elif len(active) == len(vectors):
            break
        else:
            active, bar = list(range(len(vectors))), math.inf
    return weights, offset


def _kept(
    index: Mapping[str, int], rarity: Mapping[str, float], rows: Sequence[Sequence[float]]
) -> dict[str, msgspec.Raw]:
    """The strongest weights, feature by feature, in thousandths."""
    strengths = sorted((abs(weight) for row in rows for weight in row), reverse=True)
    bar = max(strengths[min(WEIGHTS, len(strengths)) - 1], 0.5 / UNIT) if strengths else 0.0
    found = {}
    for feature, at in index.items():
        row = [round(rarity[feature] * UNIT)]
        for label, weights in enumerate(rows):
            if abs(weights[at]) >= bar:
                row += [label, round(weights[at] * UNIT)]
        if len(row) > 1:
            found[feature] = msgspec.Raw(msgspec.json.encode(row))
    return found


def _best(question: Question, text: str) -> str | None:
    said = question.answer(text, 0.0)
    return said and said.label


def _sharpness(question: Question, late: Sequence[Example]) -> float:
    """The factor that makes probabilities of scores: the one under which what happened was likeliest (Guo et al., On
    Calibration of Modern Neural Networks, ICML 2017, temperature scaling)."""
    place = {label: at for at, label in enumerate(question.labels)}
    asked = [(scores, place[e.label]) for e in late if e.label in place and (scores := question.scores(e.text))]

    def surprise(factor: float) -> float:
        total = 0.0
        for scores, right in asked:
            top = max(scores)
            total += math.log(sum(math.exp(factor * (s - top)) for s in scores)) - factor * (scores[right] - top)
        return total

    return min((step / 4 for step in range(2, 81)), key=surprise)


def _threshold(question: Question, late: Sequence[Example], accuracy: float) -> tuple[float, float, float]:
    """(threshold, share answered, share of those right): the lowest confidence from which on enough are right."""
    said = [(question.answer(example.text, 0.0), example.label) for example in late]
    sure = sorted(((one.confidence, one.label == label) for one, label in said if one), reverse=True)
    found, right = (NEVER, 0.0, 0.0), 0
    for number, (confidence, good) in enumerate(sure, 1):
        right += good
        if right / number >= accuracy and number >= SHARE * len(late):
            found = (math.floor(confidence * 1000) / 1000, number / len(late), right / number)
    return found
