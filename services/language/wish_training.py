"""Makes the model of wishes from what hands wrote for each: `python -m services.language.wish_training`.

A linear separator for each wish over n-grams of one and two signs (with three it found fewer wishes of hands
that it had not seen), their margins read as one choice. How often it finds the wish of a hand that it has not
seen is printed, hand by hand (`--quick` leaves that out).
It needs scikit-learn, which comes with the tools for tests and is not there where the services run.
"""

import hashlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.svm import LinearSVC

from services.language.grams import grams, normal
from services.language.model import FIRM, PARTS, STRANGE, WISHES_LONGEST, WISHES_MODEL, Head, written
from services.language.training import Texts, texts_of
from services.language.wishes import Wished, read_wished

RULES = 2
"""Counts the changes of what is made from the same sentences."""
SEEN_MIN = 2
STRENGTH = 0.8
"""Inverse of the regularisation."""
WEIGHT_MIN = 4
"""Smaller weights, in tenths, are left out of the table."""
FIRST = 3


def spoken_of(text: str) -> set[str]:
    """Return the n-grams of a text that the model knows of."""
    return {gram for gram in grams(normal(text)) if len(gram) <= WISHES_LONGEST}


def learnt(wished: Sequence[Wished], spoken: Sequence[set[str]]) -> tuple[Texts, LinearSVC]:
    """Return what sentences teach of their wishes; each wish counts the same."""
    texts = texts_of(spoken, SEEN_MIN)
    model = LinearSVC(C=STRENGTH, class_weight="balanced", random_state=0)
    return texts, model.fit(texts.rows(spoken, FIRM, STRANGE), [one.wish for one in wished])


def train(wished: Sequence[Wished]) -> str:
    """Return the model as a table."""
    texts, model = learnt(wished, [spoken_of(one.text) for one in wished])
    rarity = np.array(texts.rarity)
    heads = [
        Head(name, round(PARTS * float(bias)), 0, 0)
        for name, bias in zip(model.classes_, model.intercept_, strict=True)
    ]
    weights = np.rint(PARTS * model.coef_ * rarity).astype(np.int64).T
    weights[np.abs(weights) < WEIGHT_MIN] = 0
    table = {
        gram: [round(PARTS * rarity[number] ** 2), *weights[number].tolist()]
        for gram, number in texts.vocabulary.items()
    }
    return written(digest_of(wished), heads, table)


def digest_of(wished: Sequence[Wished]) -> str:
    """Return the version of a model that is made from these sentences."""
    lines = "".join(f"{one.wish}\t{one.text}\n" for one in wished)
    return hashlib.sha256(f"{RULES}\n{lines}".encode()).hexdigest()[:12]


def tell_hands(wished: Sequence[Wished]) -> None:
    """Print how often the wish of each hand's sentences is found by a model that has not seen the hand."""
    spoken = [spoken_of(one.text) for one in wished]
    for hand in sorted({one.hand for one in wished}):
        rest = [n for n, one in enumerate(wished) if one.hand != hand]
        theirs = [n for n, one in enumerate(wished) if one.hand == hand]
        texts, model = learnt([wished[n] for n in rest], [spoken[n] for n in rest])
        margins: Any = model.decision_function(texts.rows([spoken[n] for n in theirs], FIRM, STRANGE))
        best = model.classes_[np.argsort(-margins, axis=1)]
        own = np.array([wished[n].wish for n in theirs])
        first, three = np.mean(best[:, 0] == own), np.mean((best[:, :FIRST] == own[:, None]).any(axis=1))
        sys.stdout.write(f"{hand}  {len(theirs):5} sentences  first {first:.3f}  among three {three:.3f}\n")


def main() -> None:
    """Write the model of wishes anew."""
    wished = read_wished()
    sys.stdout.write(f"{len(wished)} sentences\n")
    if "--quick" not in sys.argv:
        tell_hands(wished)
    WISHES_MODEL.write_text(train(wished), encoding="utf-8")
    sys.stdout.write(f"{WISHES_MODEL.name}: {WISHES_MODEL.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
