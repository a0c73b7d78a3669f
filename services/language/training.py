"""Makes the reader's model from the sentences: `python -m services.language.training`, or `make model`.

A plain logistic regression for each question, over the n-grams of many hands' sentences. Where an answer
begins to count is chosen on sentences of hands that the model has not seen: each hand is left out in turn,
and what is found then is printed (`--quick` leaves that out).
It needs scikit-learn, which comes with the tools for tests and is not there where the services run.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, get_args

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from services.language.grams import grams, normal
from services.language.model import MODEL, PARTS, Head, written
from services.language.sentences import UNKNOWN, Sentence, read_sentences
from services.language.wishes import Wished, read_wished
from services.language.words import DangerKind

RULES = 4
"""Counts the changes of what is made from the same sentences."""
SEEN_MIN = 4
"""An n-gram that fewer sentences hold says nothing."""
STRENGTH = 6.0
"""Inverse of the regularisation."""
PLAIN_WEIGHT = 4.0
WEIGHT_MIN = 10
"""Smaller weights, in tenths, are left out of the table."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one head answers.

    Arguments:
        name: of the head.
        column: of the sentences, that the answer depends on.
        yes: whether the answer for a sentence is yes.
        only: the sentences that it is learnt from, of those that say it.
        perhaps, sure: from which chance on, in thousandths, the answer counts as perhaps or surely yes;
            chosen by what `main` prints of hands that the model has not seen.
    """

    name: str
    column: str
    yes: Callable[[Sentence], bool]
    only: Callable[[Sentence], bool] = lambda _: True
    perhaps: int = 500
    sure: int = 800

    def among(self, sentence: Sentence) -> bool:
        """Return whether the question is learnt from a sentence."""
        return getattr(sentence, self.column) != UNKNOWN and self.only(sentence)


IDLE = ("praise", "finished", "denied", "withdrawn", "word")
KINDS = tuple(kind for kind in get_args(DangerKind) if kind != "other")


def _is_kind(kind: str) -> Callable[[Sentence], bool]:
    return lambda sentence: sentence.kind == kind


def _is_for_somebody(s: Sentence) -> bool:
    """Whether something is asked and neither danger nor an accusation makes it private already."""
    return s.danger != "now" and s.accusation != "wrongdoing" and s.asked in ("deed", "answer")


QUESTIONS = (
    Question("now", "danger", lambda s: s.danger == "now", perhaps=300, sure=700),
    Question("soon", "danger", lambda s: s.danger != "none", perhaps=400, sure=450),
    Question("wrongdoing", "accusation", lambda s: s.accusation == "wrongdoing", perhaps=250, sure=600),
    Question("complaint", "accusation", lambda s: s.accusation != "none", perhaps=250, sure=350),
    Question("private", "privacy", lambda s: s.privacy == "private", _is_for_somebody, perhaps=200, sure=500),
    Question("idle", "asked", lambda s: s.asked in IDLE, perhaps=300, sure=520),
    Question(
        "answer", "asked", lambda s: s.asked == "answer", lambda s: not s.is_wished, perhaps=400, sure=600
    ),
    Question("elsewhere", "where", lambda s: s.where == "elsewhere", perhaps=120, sure=500),
    *(Question(f"kind.{kind}", "kind", _is_kind(kind), lambda s: s.danger != "none") for kind in KINDS),
)


@dataclass(frozen=True)
class Texts:
    """Sentences as rows of a table of n-grams."""

    vocabulary: Mapping[str, int]
    rarity: Sequence[float]

    def rows(self, spoken: Sequence[set[str]], firm: float = 0.0, strange: float = 0.0) -> Any:
        """Return one row per sentence, of length one.

        Arguments:
            firm: added to the square of each length, so that rows of few n-grams are shorter.
            strange: what each n-gram that is not in the table adds to it.
        """
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for found in spoken:
            known = sorted(number for gram in found if (number := self.vocabulary.get(gram)) is not None)
            more = firm + strange * (len(found) - len(known))
            length = sqrt(sum(self.rarity[number] ** 2 for number in known) + more) or 1.0
            values += [self.rarity[number] / length for number in known]
            columns += known
            ends.append(len(columns))
        return csr_matrix((values, columns, ends), shape=(len(spoken), len(self.vocabulary)))


def texts_of(spoken: Sequence[set[str]], seen_min: int = SEEN_MIN) -> Texts:
    """Return the table of the n-grams that several sentences hold, with how rare each is.

    Arguments:
        seen_min: an n-gram that fewer sentences hold says nothing.
    """
    seen = Counter(gram for found in spoken for gram in found)
    kept = sorted(gram for gram, times in seen.items() if times >= seen_min)
    rarity = [1.0 + log((1 + len(spoken)) / (1 + seen[gram])) for gram in kept]
    return Texts({gram: number for number, gram in enumerate(kept)}, rarity)


def learnt(question: Question, rows: Any, sentences: Sequence[Sentence]) -> LogisticRegression:
    """Return what the answers of sentences, one a row, teach; plain ones count more: most demands are."""
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=400)
    weights = [PLAIN_WEIGHT if is_plain(sentence) else 1.0 for sentence in sentences]
    return model.fit(rows, list(map(question.yes, sentences)), sample_weight=weights)


def is_plain(s: Sentence) -> bool:
    """Return whether something public is asked for, and nothing else is the matter as far as anybody said."""
    harmless = s.danger == "none" and s.accusation in ("none", UNKNOWN) and s.privacy in ("public", UNKNOWN)
    return harmless and s.asked in ("deed", "answer") and s.where in ("here", UNKNOWN)


def unseen(question: Question, sentences: Sequence[Sentence], spoken: Sequence[set[str]]) -> Any:
    """Return for every sentence the logit that a model gives it which has seen nothing of its hand."""
    logits = np.zeros(len(sentences))
    hands = sorted({sentence.hand for sentence in sentences})
    for hand in hands:
        rest = [n for n, s in enumerate(sentences) if s.hand != hand and question.among(s)]
        theirs = [n for n, s in enumerate(sentences) if s.hand == hand]
        texts = texts_of([spoken[n] for n in rest])
        fit = learnt(question, texts.rows([spoken[n] for n in rest]), [sentences[n] for n in rest])
        logits[theirs] = fit.decision_function(texts.rows([spoken[n] for n in theirs]))
    return logits


def tell_head(question: Question, sentences: Sequence[Sentence], spoken: Sequence[set[str]]) -> None:
    """Print how many of unseen hands' sentences a head finds, and how many it finds falsely."""
    chances = 1_000 / (1 + np.exp(-unseen(question, sentences, spoken)))
    asked = np.array([question.among(s) for s in sentences])
    yes = np.array(list(map(question.yes, sentences)))
    plain = np.array(list(map(is_plain, sentences)))
    found, no = chances[asked & yes], chances[asked & ~yes]
    shares = [
        f"{word} {np.mean(found >= limit):.3f} at {np.mean(no >= limit):.3f}"
        f" ({np.mean(chances[plain & ~yes] >= limit):.3f} of plain ones)"
        for word, limit in (("surely", question.sure), ("perhaps", question.perhaps))
    ]
    sys.stdout.write(f"{question.name:16} yes {len(found):5}  no {len(no):5}  {'  '.join(shares)}\n")


def train(sentences: Sequence[Sentence]) -> str:
    """Return the model as a table."""
    spoken = [grams(normal(sentence.text)) for sentence in sentences]
    texts = texts_of(spoken)
    rows = texts.rows(spoken)
    heads: list[Head] = []
    columns: list[Any] = []
    for question in QUESTIONS:
        among = [n for n, sentence in enumerate(sentences) if question.among(sentence)]
        fit = learnt(question, rows[among], [sentences[n] for n in among])
        bias = round(PARTS * float(fit.intercept_[0]))
        heads.append(Head(question.name, bias, question.perhaps, question.sure))
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


def lessons() -> list[Sentence]:
    """Return what the reader learns from: its hands' sentences, and those of wishes, which are plain."""
    return [*read_sentences(), *(_plain(wished) for wished in read_wished())]


def _plain(w: Wished) -> Sentence:
    """Whoever wrote of a wish wrote of no danger and accused nobody; whose business it is nobody said."""
    return Sentence(w.hand, w.text, "none", "-", "none", UNKNOWN, "deed", "here", is_wished=True)


def main() -> None:
    """Write the model anew."""
    sentences = lessons()
    sys.stdout.write(f"{len(sentences)} sentences\n")
    if "--quick" not in sys.argv:
        spoken = [grams(normal(sentence.text)) for sentence in sentences]
        for question in QUESTIONS:
            tell_head(question, sentences, spoken)
    MODEL.write_text(train(sentences), encoding="utf-8")
    sys.stdout.write(f"{MODEL}: {MODEL.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
