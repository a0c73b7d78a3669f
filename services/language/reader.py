"""Reads a text once: is somebody in danger, who is accused, whose business is it, what is asked, and where.

Between "surely" and "surely not" lies "perhaps". For a danger that is asked of a person: a danger that is not
seen hurts more than a question too many (field-notes: an alarm that nobody heard).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.language.grams import Keys, keys, normal
from services.language.model import Model, own_model, own_wishes_model
from services.language.phrases import Phrase, phrase
from services.language.signs import own_signs
from services.language.wishes import Wish
from services.language.words import Accusation, DangerLevel, Want

WHOLE_CHARACTERS = 90
"""A text of so many signs is read in one piece."""
PIECE_CHARACTERS = 60
PIECES_MAX = 120
TOGETHER_CHARACTERS = 1_500
SAID_MAX = 3
SAID_GRAMS = 12
SURE_WITH_A_SIGN, PERHAPS_WITH_A_SIGN = 450, 100
"""From these chances on, in thousandths, where a plain word for a danger stands in the text as well."""
LETTER_SURE = 860, 780
"""The same for letters, without and with such a word."""
UNCLEAR = 130
"""From this chance of a danger on, in thousandths, a person should look before anybody is sent."""
HELP_AT_LAW = "法律服务/"
LAW_SURE, WRONG_BESIDE_LAW = 700, 850
"""Who surely wants help at law (wages, a debt) accuses nobody, unless a wrong is told from this chance on."""
NO_KIND = ""
WISHES_MAX = 3
WISH_MIN = 20
"""A wish that is less likely than this, in thousandths, is not told."""

_ENDS = re.compile(r"(?<=[。！？!?；;\n…])")
_BREATHS = re.compile(r"(?<=[，,、：: ])")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says.

    Arguments:
        danger: `now`: surely; `perhaps`: a person has to say; `soon`: it will come to that; `none`.
        kind: of the danger; empty without one.
        accusation: `wrongdoing` of somebody, a `complaint` about a service, or `none`.
        private: it is not for the neighbours.
        want: a `deed`, an `answer`, or `nothing`.
        elsewhere: it speaks of another county or town.
        unclear: too little is heard of a danger to ask about it, and too much to send somebody unasked.
        said: what the danger rests on, in the words of the text.
        wishes: what it may be that is wished for, likeliest first.
        chances: what each answer rests on, in thousandths, by head of the model.
    """

    danger: DangerLevel
    kind: str
    accusation: Accusation
    private: bool
    want: Want
    elsewhere: bool
    unclear: bool
    said: tuple[str, ...]
    wishes: tuple[Wish, ...]
    chances: Mapping[str, int]

    @property
    def is_alarming(self) -> bool:
        """Return whether nobody but a person may decide what happens: it is, or may be, dangerous now."""
        return self.danger in ("now", "perhaps")


class Reader:
    """Reads with one model for what a text says, and one for what is wished for.

    Arguments:
        model: answers the questions.
        wishes: knows the wishes; None: nothing is wished for.
    """

    def __init__(self, model: Model, wishes: Model | None = None) -> None:
        self._model = model
        self._wishes = wishes
        self._kinds = tuple(name for name in model.heads if name.startswith("kind."))

    @property
    def version(self) -> str:
        """Return which model it is."""
        return self._model.version

    def read(self, text: str, title: str | None = None) -> Reading:
        """Return what a text says.

        Arguments:
            text, title: as they were written; no limit, though beyond some thousand signs only the first
                and the last of them are read.
        """
        whole = f"{title}。{text}" if title else text
        pieces = list(_pieces(whole))
        read, chances, all_of_it = self._heard(whole, pieces)
        sign = own_signs().found(whole)
        is_letter = title is not None or len(pieces) > 1
        danger = self._danger(chances, has_sign=sign is not None, is_letter=is_letter)
        if danger in ("none", "soon") and own_signs().asks(whole):
            danger = "perhaps"
        now = self._model.heads["now"]
        told_less: tuple[tuple[Phrase, int], ...] = (("again", now.sure), ("feared", now.perhaps))
        if danger == "now" and any(self._is_only(name, whole, enough) for name, enough in told_less):
            danger = "perhaps"
        worst, piece = max(read, key=lambda one: max(one[0]["now"], one[0]["soon"] * (danger == "soon")))
        kind = max(self._kinds, key=lambda name: worst[name]) if danger != "none" else NO_KIND
        said = _phrases(self._model, piece, "soon" if danger == "soon" else "now") if kind else ()
        if sign is not None and danger in ("now", "perhaps"):
            kind, said = sign[0], (sign[1], *said)[:SAID_MAX]
        wishes = self._wished(all_of_it)
        accusation = self._accusation(chances, wants_law=_wants_law(wishes))
        return Reading(
            danger,
            kind.removeprefix("kind."),
            accusation,
            self._is_private(chances),
            self._want(chances, danger),
            chances["elsewhere"] >= self._model.heads["elsewhere"].sure,
            danger in ("none", "soon") and chances["now"] >= UNCLEAR,
            said,
            wishes,
            chances,
        )

    def _heard(
        self, whole: str, pieces: Sequence[str]
    ) -> tuple[list[tuple[Mapping[str, int], str]], dict[str, int], Keys]:
        """Return each piece with its chances, those of the whole text, and the n-grams of the whole."""
        spoken = [keys(normal(piece)) for piece in pieces]
        read = [(self._model.chances_of(found), piece) for found, piece in zip(spoken, pieces, strict=True)]
        highest = dict(read[0][0])
        for more, _ in read[1:]:
            highest = {name: max(chance, more[name]) for name, chance in highest.items()}
        if len(pieces) > 1:
            # Of many pieces one sounds alarming by chance: what the whole sounds like counts for a third.
            all_of_it = keys(normal(whole[:TOGETHER_CHARACTERS]))
            together = self._model.chances_of(all_of_it)
            highest = {name: (2 * chance + together[name]) // 3 for name, chance in highest.items()}
        else:
            all_of_it = spoken[0]
        # What is asked, and where it is, the whole says: the one piece that asks for a deed counts.
        lowest = {name: min(chances[name] for chances, _ in read) for name in ("idle", "answer", "elsewhere")}
        return read, {**highest, **lowest}, all_of_it

    def _is_only(self, name: Phrase, text: str, enough: int) -> bool:
        """Whether a text tells of a danger only in clauses that a phrase makes less of: feared, or usual.

        Arguments:
            enough: the chance of a danger, in thousandths, from which on what else it says counts as one.
        """
        clauses = [clause for sentence in _ENDS.split(text) for clause in _BREATHS.split(sentence)]
        rest = "".join(clause for clause in clauses if not phrase(name).search(clause))
        return rest != text and self._model.chances(rest)["now"] < enough

    def _wished(self, spoken: Keys) -> tuple[Wish, ...]:
        if self._wishes is None:
            return ()
        # What nobody here does is told as well, or it would look as if nothing had been read.
        return tuple(Wish(*found) for found in self._wishes.shares_of(spoken, WISHES_MAX, WISH_MIN))

    def _danger(self, chances: Mapping[str, int], *, has_sign: bool, is_letter: bool) -> DangerLevel:
        """A plain word for a danger makes sure of what is half heard, and asks where it is hardly heard.

        Whoever has the time for a title or a long letter tells of much: there it takes more to be sure.
        What becomes a danger may be one already: there half of what it takes otherwise is enough to ask.
        """
        now, soon = self._model.heads["now"], self._model.heads["soon"]
        sure, sure_with_a_sign = LETTER_SURE if is_letter else (now.sure, SURE_WITH_A_SIGN)
        if chances["now"] >= (sure_with_a_sign if has_sign else sure):
            return "now"
        if chances["now"] >= (PERHAPS_WITH_A_SIGN if has_sign else now.perhaps):
            return "perhaps"
        if chances["soon"] < soon.sure:
            return "none"
        return "perhaps" if 2 * chances["now"] >= now.perhaps else "soon"

    def _accusation(self, chances: Mapping[str, int], *, wants_law: bool) -> Accusation:
        wrong, complaint = self._model.heads["wrongdoing"].perhaps, self._model.heads["complaint"].sure
        if chances["wrongdoing"] >= (WRONG_BESIDE_LAW if wants_law else wrong):
            return "wrongdoing"
        if chances["complaint"] >= (WRONG_BESIDE_LAW if wants_law else complaint):
            return "complaint"
        return "none"

    def _is_private(self, chances: Mapping[str, int]) -> bool:
        return chances["private"] >= self._model.heads["private"].perhaps

    def _want(self, chances: Mapping[str, int], danger: DangerLevel) -> Want:
        if danger == "none" and chances["idle"] >= self._model.heads["idle"].sure:
            return "nothing"
        return "answer" if chances["answer"] >= self._model.heads["answer"].sure else "deed"


def _wants_law(wishes: Sequence[Wish]) -> bool:
    return any(wish.name.startswith(HELP_AT_LAW) and wish.likely >= LAW_SURE for wish in wishes)


def _pieces(text: str) -> Iterator[str]:
    """Yield what is read at once: a short text whole, a long one in pieces that each say something."""
    if len(text) <= WHOLE_CHARACTERS:
        yield text
        return
    pieces = [piece for sentence in _ENDS.split(text) for piece in _cut(sentence) if normal(piece)]
    if len(pieces) > PIECES_MAX:
        pieces = [*pieces[: PIECES_MAX // 2], *pieces[-PIECES_MAX // 2 :]]
    yield from pieces or [text[:WHOLE_CHARACTERS]]


def _cut(sentence: str) -> Iterator[str]:
    """Yield a sentence in pieces of bounded length, ended where somebody would take breath."""
    piece = ""
    for breath in _BREATHS.split(sentence):
        if piece and len(piece) + len(breath) > PIECE_CHARACTERS:
            yield piece
            piece = ""
        piece += breath
        while len(piece) > 2 * PIECE_CHARACTERS:
            yield piece[:PIECE_CHARACTERS]
            piece = piece[PIECE_CHARACTERS:]
    if piece:
        yield piece


def _phrases(model: Model, text: str, head: str) -> tuple[str, ...]:
    """Return the stretches of a text that speak most for an answer, in their order."""
    plain = normal(text)
    marked = [False] * len(plain)
    heaviest = [gram for gram, _ in model.speaking(text, head) if len(gram) > 1][:SAID_GRAMS]
    for gram in heaviest:
        start = plain.find(gram)
        if start >= 0:
            marked[start : start + len(gram)] = [True] * len(gram)
    stretches = "".join(sign if mark else "\0" for sign, mark in zip(plain, marked, strict=True)).split("\0")
    longest = sorted((part for part in stretches if len(part) > 1), key=len, reverse=True)[:SAID_MAX]
    return tuple(sorted(longest, key=plain.find))


_own: list[Reader] = []


def own_reader() -> Reader:
    """Return the reader of the model that the project was published with, made once."""
    if not _own:
        _own.append(Reader(own_model(), own_wishes_model()))
    return _own[0]
