"""How well matters are found: of the pairs put together how many belong together, and the other way round."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs put together, pairs that belong together, and pairs that are both."""

    together: int
    belonging: int
    both: int

    @property
    def precision(self) -> float:
        """Return the share of the pairs put together that belong together; 1 where there are none."""
        return self.both / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        """Return the share of the pairs belonging together that were put together; 1 where there are none."""
        return self.both / self.belonging if self.belonging else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def agreement(found: Sequence[object], true: Sequence[object]) -> Agreement:
    """Return how two groupings of the same demands agree, each given as one label a demand."""
    pairs = Counter(zip(found, true, strict=True))
    return Agreement(_pairs(Counter(found)), _pairs(Counter(true)), _pairs(pairs))


def _pairs(counts: Counter[object] | Counter[tuple[object, object]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())
