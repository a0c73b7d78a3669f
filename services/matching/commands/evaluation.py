"""How right the router is on labelled demands."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from services.matching.commands.lines import LabelledLine
from services.matching.commands.router import FileRouter
from services.matching.domain.confidence import Bin, reliability

TOP = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one labelled demand."""

    wanted: str
    ranked: tuple[str, ...]
    confidence: float
    dispatched: bool

    @property
    def right(self) -> bool:
        """Return whether the first candidate was the right one."""
        return self.ranked[:1] == (self.wanted,)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over all outcomes; shares lie in 0..1."""

    outcomes: tuple[Outcome, ...]

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.outcomes)

    @property
    def accuracy(self) -> float:
        """Return the share whose first candidate was right."""
        return _share([outcome.right for outcome in self.outcomes])

    @property
    def top_3(self) -> float:
        """Return the share whose right one was among the first three."""
        return _share([outcome.wanted in outcome.ranked[:TOP] for outcome in self.outcomes])

    @property
    def macro_f1(self) -> float:
        """Return the mean over providers of the harmonic mean of precision and recall."""
        wanted = sorted({outcome.wanted for outcome in self.outcomes})
        return sum(self._f1(provider) for provider in wanted) / len(wanted)

    def _f1(self, provider: str) -> float:
        hits = sum(o.right for o in self.outcomes if o.wanted == provider)
        given = sum(o.ranked[:1] == (provider,) for o in self.outcomes)
        asked = sum(o.wanted == provider for o in self.outcomes)
        return 2 * hits / (given + asked)

    @property
    def dispatched(self) -> float:
        """Return the share sent without a person."""
        return _share([outcome.dispatched for outcome in self.outcomes])

    @property
    def dispatched_right(self) -> float:
        """Return the share of right ones among those."""
        return _share([outcome.right for outcome in self.outcomes if outcome.dispatched])

    def coverage_at(self, precision: float) -> float:
        """Return the greatest share that could be sent at a precision, the surest first."""
        ranked = sorted(self.outcomes, key=lambda outcome: -outcome.confidence)
        hits, best = 0, 0
        for seen, outcome in enumerate(ranked, start=1):
            hits += outcome.right
            best = seen if hits / seen >= precision else best
        return best / len(ranked)

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Return the reliability curve."""
        return reliability([o.confidence for o in self.outcomes], [o.right for o in self.outcomes])


def evaluate_folds(
    router: FileRouter, lines: Sequence[LabelledLine], taught: Sequence[LabelledLine], folds: int
) -> Evaluation:
    """Measure on every line, each with the other folds learnt after `taught`; below 2 folds nothing more is.

    A line's fold depends on its id and text alone, so that the same file gives the same figures.
    """
    if folds < 2:
        router.learn(taught)
        return Evaluation(tuple(_outcome(router, line) for line in lines))
    fold_of = [crc32(f"{line.id}\n{line.text}".encode()) % folds for line in lines]
    outcomes: list[Outcome] = []
    for fold in range(folds):
        others = [line for line, its in zip(lines, fold_of, strict=True) if its != fold]
        router.learn([*taught, *others])
        own = (line for line, its in zip(lines, fold_of, strict=True) if its == fold)
        outcomes.extend(_outcome(router, line) for line in own)
    return Evaluation(tuple(outcomes))


def _outcome(router: FileRouter, line: LabelledLine) -> Outcome:
    routed = router.route(line)
    ranked = tuple(candidate.provider for candidate in routed.plain.candidates)
    sent = routed.ranking.decision == "dispatch"
    return Outcome(line.provider, ranked, routed.plain.confidence, sent)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
