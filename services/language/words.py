"""The words in which a reading is told."""

from typing import Literal

Level = Literal["now", "soon", "none"]
"""Somebody may be hurt at this moment; it will come to that if nothing is done; neither."""

DangerKind = Literal[
    "fire",
    "gas",
    "electricity",
    "collapse",
    "water",
    "lift",
    "pit",
    "traffic",
    "violence",
    "burglary",
    "selfharm",
    "medical",
    "poison",
    "missing",
    "unseen",
    "animal",
    "other",
]

Accusation = Literal["wrongdoing", "complaint", "none"]
"""Somebody did wrong (举报); a service is not to one's content (投诉)."""

Asked = Literal["deed", "answer", "praise", "finished", "denied", "withdrawn", "word"]
"""What is wanted: that something is done, an answer, or nothing (the rest)."""

DangerLevel = Literal["now", "perhaps", "soon", "none"]
"""As `Level`; `perhaps` is between `now` and not, so that a person is asked."""

Want = Literal["deed", "answer", "nothing"]
"""What is wanted, as the reader tells it."""
