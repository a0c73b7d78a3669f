"""Who follows a demand: a few by name on one record, many in sorted portions of bounded size.

The record holds where each portion begins, and each of them where the next one does. So somebody who tells
all of them in portions needs no more than the smallest name not told yet to go on, whoever joins or leaves
meanwhile.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.contracts.spans import PORTION_MAX, Span, in_order, parts_of, span_of
from services.contracts.values import replace

FEW = 20
"""So many are kept by name, and told in the transaction that tells the fact."""


@dataclass(frozen=True, slots=True)
class Following:
    """Who wants to hear of a demand besides the one who asked: its supporters.

    Arguments:
        people: in the order they came, as long as they are few. Earlier releases kept all of them here.
        joins: how often somebody came.
        spans: where the portions begin, ascending, once they are many; the first begins with the empty name.
    """

    people: tuple[str, ...] = ()
    joins: int = 0
    spans: tuple[Span, ...] = ()

    @property
    def are_many(self) -> bool:
        """Return whether they are too many to be told at once."""
        return bool(self.spans) or len(self.people) > FEW

    def span_of(self, subject: str) -> Span:
        """Return the span in which somebody stands or would stand; there must be portions."""
        return span_of(self.spans, subject)

    def by_name_from(self, position: str) -> "Portion":
        """Return those who are kept by name as a portion, from a name on."""
        later = sorted(subject for subject in self.people if subject >= position)
        until = later[PORTION_MAX] if len(later) > PORTION_MAX else None
        return Portion(tuple(later[:PORTION_MAX]), (0,) * len(later[:PORTION_MAX]), until)

    def numbers_of(self, people: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of the portions in which people stand or would stand, each once."""
        if not self.spans:
            return ()
        return tuple(dict.fromkeys(self.span_of(subject).number for subject in people))


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of those who follow, ascending by subject.

    Arguments:
        people: their subjects.
        since: for each of them, the number of the joining they came with.
        until: where the next portion begins; None for the last.
    """

    people: tuple[str, ...] = ()
    since: tuple[int, ...] = ()
    until: str | None = None

    def covers(self, subject: str) -> bool:
        """Return whether somebody would stand here rather than in a later portion."""
        return self.until is None or subject < self.until

    def those(self, joins: int, position: str) -> tuple[str, ...]:
        """Return who had come with the joinings so far, from a name on."""
        return tuple(
            subject
            for subject, since in zip(self.people, self.since, strict=True)
            if since <= joins and subject >= position
        )


Portions = Mapping[int, Portion]


@dataclass(frozen=True, slots=True)
class Change:
    """A following after a change, and the portions that changed with it."""

    following: Following
    portions: Portions


def joined(before: Following, portions: Portions, people: Iterable[str]) -> Change:
    """Return the following with people more, none twice.

    Arguments:
        portions: those that `numbers_of` names for the people.
    """
    joins = before.joins + 1
    if before.spans:
        return _joined_portions(replace(before, joins=joins), portions, people)
    known = dict.fromkeys(before.people, before.joins)
    everybody = {**dict.fromkeys(people, joins), **known}
    in_order = tuple(dict.fromkeys((*before.people, *people)))
    return _kept(Following(in_order, joins), everybody)


def left(before: Following, portions: Portions, people: Iterable[str]) -> Change:
    """Return the following without these people.

    Arguments:
        portions: those that `numbers_of` names for the people.
    """
    gone = frozenset(people)
    if not before.spans:
        stay = tuple(subject for subject in before.people if subject not in gone)
        return _kept(replace(before, people=stay), dict.fromkeys(stay, before.joins))
    after = {number: _without(portion, gone) for number, portion in portions.items()}
    return Change(before, {number: one for number, one in after.items() if one != portions[number]})


def in_portions(before: Following) -> Change:
    """Return a following that an earlier release kept on one record as it is kept now."""
    return _kept(before, dict.fromkeys(before.people, before.joins))


def _kept(following: Following, since: Mapping[str, int]) -> Change:
    """A few stay by name; many are sorted into portions."""
    if len(following.people) <= FEW:
        return Change(following, {})
    whole = Portion(tuple(sorted(since)), tuple(since[subject] for subject in sorted(since)))
    begun = Following((), following.joins, (Span("", 1),))
    return _divided(begun, {1: whole})


def _joined_portions(following: Following, portions: Portions, people: Iterable[str]) -> Change:
    came: dict[int, list[str]] = {}
    for subject in dict.fromkeys(people):
        came.setdefault(following.span_of(subject).number, []).append(subject)
    after = {number: _with(portions[number], subjects, following.joins) for number, subjects in came.items()}
    changed = {number: one for number, one in after.items() if one != portions[number]}
    return _divided(following, changed)


def _with(portion: Portion, people: Iterable[str], joins: int) -> Portion:
    since = dict.fromkeys(people, joins) | dict(zip(portion.people, portion.since, strict=True))
    return replace(portion, people=tuple(sorted(since)), since=tuple(since[one] for one in sorted(since)))


def _without(portion: Portion, gone: frozenset[str]) -> Portion:
    stay = [(one, n) for one, n in zip(portion.people, portion.since, strict=True) if one not in gone]
    return replace(portion, people=tuple(one for one, _ in stay), since=tuple(n for _, n in stay))


def _divided(following: Following, portions: Portions) -> Change:
    """Divide what has outgrown its portion; a part keeps the number, the others get new ones."""
    spans, after = list(following.spans), dict(portions)
    for number, portion in portions.items():
        if len(portion.people) <= PORTION_MAX:
            continue
        parts = list(_parts(portion))
        new = range(len(spans) + 1, len(spans) + len(parts))
        after.update(zip((number, *new), parts, strict=True))
        spans += [Span(part.people[0], n) for n, part in zip(new, parts[1:], strict=True)]
    return Change(replace(following, spans=in_order(spans)), after)


def _parts(portion: Portion) -> Iterator[Portion]:
    parts = list(parts_of(list(zip(portion.people, portion.since, strict=True))))
    begins = [part[0][0] for part in parts[1:]]
    for part, until in zip(parts, (*begins, portion.until), strict=True):
        yield Portion(tuple(one for one, _ in part), tuple(since for _, since in part), until)
