"""What was learned: plain JSON, read as data and never executed. And how a text is answered from it."""

import math
from collections import Counter
from typing import NamedTuple

import msgspec

from csctool_learner.words import features

FORMAT = 1
#: Weights are kept in thousandths.
UNIT = 1000
#: So many words are named as those that decided.
NAMED = 3


class Said(NamedTuple):
    """An answer: how sure it is (0 to 1), and the words that decided, the strongest first."""

    label: str
    confidence: float
    words: tuple[str, ...]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that can be asked of a text.

    `features` maps a feature to a list of its rarity (its inverse document frequency), and then pairs of a label's
    index and its weight, rarity and weights in thousandths. The lists stay undecoded until they are wanted: a text has
    a hundred of 20,000, and loading them all would take four times as long. `bias` has one number a label. Scores times
    `sharpness` become probabilities. An answer that is less sure than `threshold` is none.
    """

    labels: tuple[str, ...]
    learned_from: int
    bias: tuple[float, ...]
    features: dict[str, msgspec.Raw]
    sharpness: float = 1.0
    threshold: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what would fail later, in the middle of a ticket."""
        if len(self.bias) != len(self.labels) or len(self.labels) < 2:
            raise ValueError("labels and bias don't fit together")

    def scores(self, text: str) -> list[float] | None:
        """A score for each label; None for a text without a single known word."""
        known = self._known(text)
        if not known:
            return None
        scores = list(self.bias)
        for value, weights in known.values():
            for label, weight in weights.items():
                scores[label] += value * weight
        return scores

    def answer(self, text: str, threshold: float | None = None) -> Said | None:
        """The likeliest label, where it is sure enough."""
        scores = self.scores(text)
        if scores is None:
            return None
        best = max(range(len(scores)), key=scores.__getitem__)
        confidence = self.confidence(scores)
        if confidence < (self.threshold if threshold is None else threshold):
            return None
        return Said(self.labels[best], confidence, self._words(text, best))

    def confidence(self, scores: list[float]) -> float:
        """The probability of the highest score."""
        top = max(scores)
        return 1 / sum(math.exp(self.sharpness * (score - top)) for score in scores)

    def _known(self, text: str) -> dict[str, tuple[float, dict[int, float]]]:
        """The learned features of a text: the value in a vector of length 1, and the weight for each label."""
        counts = Counter(feature for feature, _ in features(text) if feature in self.features)
        found = {}
        for feature, count in counts.items():
            rarity, *pairs = _numbers(self.features[feature])
            weights = {label: weight / UNIT for label, weight in zip(pairs[::2], pairs[1::2], strict=True)}
            found[feature] = weighed(count, rarity / UNIT), weights
        length = math.sqrt(sum(value * value for value, _ in found.values()))
        return {feature: (value / length, weights) for feature, (value, weights) in found.items()}

    def _words(self, text: str, label: int) -> tuple[str, ...]:
        """The words that speak most for a label; a word that is part of a named pair is not named again."""
        known = self._known(text)
        spoke: dict[str, float] = {}
        for feature, words in dict(features(text)).items():
            if feature in known:
                value, weights = known[feature]
                spoke[words] = spoke.get(words, 0.0) + value * weights.get(label, 0.0)
        named: list[str] = []
        for words in sorted(spoke, key=lambda words: -spoke[words]):
            if spoke[words] <= 0 or len(named) == NAMED:
                break
            if words != "#" and not any(set(words.split()) <= set(other.split()) for other in named):
                named.append(words)
        return tuple(named)


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was learned from the tickets of one agency, and when; questions by the field that they answer."""

    agency: str
    learned: str
    questions: dict[str, Question]
    format: int = FORMAT

    def encoded(self) -> bytes:
        """As it stands in the file."""
        return msgspec.json.encode(self)


_numbers = msgspec.json.Decoder(list[int]).decode


def decoded(data: bytes) -> Model:
    """A model from its file. Raises ValueError for a file that is none."""
    try:
        model = msgspec.json.decode(data, type=Model)
    except msgspec.DecodeError as error:
        raise ValueError(f"it is no learned model: {error}") from None
    if model.format != FORMAT:
        raise ValueError(f"it is a model of format {model.format}; learn it anew")
    return model


def weighed(count: int, rarity: float) -> float:
    """What an occurrence weighs: the first most, by how rare the feature is (sublinear tf-idf; Manning, Raghavan and
    Schütze, Introduction to Information Retrieval, 6.4.1)."""
    return (1 + math.log(count)) * rarity
