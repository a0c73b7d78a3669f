"""Makes the reader's model from the sentences: `python -m services.language.training`, or `make model`.

A plain logistic regression for each question, over the n-grams of many hands' sentences. Where an answer
begins to count is found on sentences of hands that the model has not seen: each hand is left out in turn.
It needs scikit-learn, which comes with the tools for tests and is not there where the services run.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any, get_args

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from services.language.grams import grams, normal
from services.language.model import MODEL, PARTS, Head, written
from services.language.sentences import Sentence, read_sentences
from services.language.words import DangerKind

RULES = 1
"""Counts the changes of what is made from the same sentences."""
SEEN_MIN = 4
"""An n-gram that fewer sentences hold says nothing."""
STRENGTH = 6.0
"""Inverse of the regularisation."""
WEIGHT_MIN = 10
"""Smaller weights, in tenths, are left out of the table."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one head answers.

    Arguments:
        name: of the head.
        yes: whether the answer for a sentence is yes.
        among: the sentences that it is learnt from.
        false_sure, false_perhaps: of the sentences whose answer is no, how many may be called surely or
            perhaps yes.
    """

    name: str
    yes: Callable[[Sentence], bool]
    among: Callable[[Sentence], bool] = lambda _: True
    false_sure: float = 0.01
    false_perhaps: float = 0.05


IDLE = ("praise", "finished", "denied", "withdrawn", "word")
KINDS = tuple(kind for kind in get_args(DangerKind) if kind != "other")


def _is_kind(kind: str) -> Callable[[Sentence], bool]:
    return lambda sentence: sentence.kind == kind


QUESTIONS = (
    Question("now", lambda s: s.danger == "now", false_sure=0.02, false_perhaps=0.1),
    Question("soon", lambda s: s.danger != "none", false_sure=0.04, false_perhaps=0.1),
    Question("wrongdoing", lambda s: s.accusation == "wrongdoing", false_sure=0.03, false_perhaps=0.08),
    Question("complaint", lambda s: s.accusation != "none", false_sure=0.03, false_perhaps=0.1),
    Question("private", lambda s: s.privacy == "private", false_sure=0.05, false_perhaps=0.15),
    Question("idle", lambda s: s.asked in IDLE, false_sure=0.02, false_perhaps=0.05),
    Question("answer", lambda s: s.asked == "answer", false_sure=0.03, false_perhaps=0.1),
    Question("elsewhere", lambda s: s.where == "elsewhere", false_sure=0.005, false_perhaps=0.02),
    *(Question(f"kind.{kind}", _is_kind(kind), lambda s: s.danger != "none") for kind in KINDS),
)


@dataclass(frozen=True)
class Texts:
    """Sentences as rows of a table of n-grams."""

    vocabulary: Mapping[str, int]
    rarity: Sequence[float]

    def rows(self, spoken: Sequence[set[str]]) -> Any:
        """Return one row per sentence, of length one."""
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for found in spoken:
            known = sorted(number for gram in found if (number := self.vocabulary.get(gram)) is not None)
            length = sqrt(sum(self.rarity[number] ** 2 for number in known)) or 1.0
            values += [self.rarity[number] / length for number in known]
            columns += known
            ends.append(len(columns))
        return csr_matrix((values, columns, ends), shape=(len(spoken), len(self.vocabulary)))


def texts_of(spoken: Sequence[set[str]]) -> Texts:
    """Return the table of the n-grams that several sentences hold, with how rare each is."""
    seen = Counter(gram for found in spoken for gram in found)
    kept = sorted(gram for gram, times in seen.items() if times >= SEEN_MIN)
    rarity = [1.0 + log((1 + len(spoken)) / (1 + seen[gram])) for gram in kept]
    return Texts({gram: number for number, gram in enumerate(kept)}, rarity)


def learnt(rows: Any, answers: Sequence[bool]) -> LogisticRegression:
    """Return what a question's answers teach."""
    return LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=400).fit(rows, answers)


def unseen(question: Question, sentences: Sequence[Sentence], spoken: Sequence[set[str]]) -> Any:
    """Return for every sentence the logit that a model gives it which has seen nothing of its hand."""
    logits = np.zeros(len(sentences))
    hands = sorted({sentence.hand for sentence in sentences})
    for hand in hands:
        rest = [n for n, s in enumerate(sentences) if s.hand != hand and question.among(s)]
        theirs = [n for n, s in enumerate(sentences) if s.hand == hand]
        texts = texts_of([spoken[n] for n in rest])
        fit = learnt(texts.rows([spoken[n] for n in rest]), [question.yes(sentences[n]) for n in rest])
        logits[theirs] = fit.decision_function(texts.rows([spoken[n] for n in theirs]))
    return logits


def _chance(logit: float) -> int:
    return round(1_000 / (1 + exp(-logit)))


def head_of(question: Question, sentences: Sequence[Sentence], spoken: Sequence[set[str]]) -> Head:
    """Return a head without its bias; where it counts is found on unseen hands, and printed."""
    logits = unseen(question, sentences, spoken)
    asked = np.array([question.among(s) for s in sentences])
    yes = np.array(list(map(question.yes, sentences)))
    no = logits[asked & ~yes]
    sure, perhaps = (
        float(np.quantile(no, 1 - share)) for share in (question.false_sure, question.false_perhaps)
    )
    found = logits[asked & yes]
    sys.stdout.write(
        f"{question.name:16} yes {len(found):5}  no {len(no):5}"
        f"  surely {np.mean(found > sure):.3f} at {question.false_sure:.3f}"
        f"  perhaps {np.mean(found > perhaps):.3f} at {question.false_perhaps:.3f}\n"
    )
    return Head(question.name, 0, _chance(perhaps), _chance(sure))


def train(sentences: Sequence[Sentence]) -> str:
    """Return the model as a table."""
    spoken = [grams(normal(sentence.text)) for sentence in sentences]
    texts = texts_of(spoken)
    rows = texts.rows(spoken)
    heads: list[Head] = []
    columns: list[Any] = []
    for question in QUESTIONS:
        among = [n for n, sentence in enumerate(sentences) if question.among(sentence)]
        fit = learnt(rows[among], [question.yes(sentences[n]) for n in among])
        head = head_of(question, sentences, spoken)
        heads.append(replace(head, bias=round(PARTS * float(fit.intercept_[0]))))
        columns.append(fit.coef_[0] * np.array(texts.rarity))
    table = {
        gram: [round(PARTS * texts.rarity[number] ** 2), *(_kept(column[number]) for column in columns)]
        for gram, number in texts.vocabulary.items()
    }
    return written(digest_of(sentences), heads, table)


def digest_of(sentences: Sequence[Sentence]) -> str:
    """Return the version of a model that is made from these sentences."""
    lines = "".join(map(_line, sentences))
    return hashlib.sha256(f"{RULES}\n{lines}".encode()).hexdigest()[:12]


def _kept(weight: float) -> int:
    tenths = round(PARTS * weight)
    return tenths if abs(tenths) >= WEIGHT_MIN else 0


def _line(s: Sentence) -> str:
    return "\t".join((s.text, s.danger, s.kind, s.accusation, s.privacy, s.asked, s.where)) + "\n"


def main() -> None:
    """Write the model anew."""
    sentences = read_sentences()
    sys.stdout.write(f"{len(sentences)} sentences\n")
    MODEL.write_text(train(sentences), encoding="utf-8")
    sys.stdout.write(f"{MODEL}: {MODEL.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
