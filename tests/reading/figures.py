"""Figures over the blind sets, each with the sentences that it got wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from services.cli.route import router_of
from services.contracts.community_file import CommunityFile
from services.intake.community_file import parse_community_file
from services.matching.commands.lines import DemandLine
from services.matching.commands.router import FileRouter, Routed
from tests.reading.sets import Half, Told, told

AS_BEFORE = ">= 0.27"
"""So many of the plain ones were dispatched before words were read for dangers and accusations."""
JIWANG = Path(__file__).parents[2] / "deploy" / "communities" / "jiwang.yaml"


@dataclass(frozen=True, slots=True)
class Figure:
    """A share, and what was wanted of it.

    Arguments:
        wanted: at least (>=) or at most (<=) this.
        wrong: the sentences that speak against it.
    """

    name: str
    share: float
    count: int
    wanted: str
    wrong: tuple[str, ...] = field(default=(), repr=False)

    @property
    def holds(self) -> bool:
        """Return whether it is as wanted."""
        sign, bound = self.wanted.split()
        return self.share >= float(bound) if sign == ">=" else self.share <= float(bound)


@cache
def router() -> FileRouter:
    """Return the router of the sample community on its first day."""
    return router_of(community())


@cache
def community() -> CommunityFile:
    """Return the sample community."""
    return parse_community_file(JIWANG.read_text(encoding="utf-8"), "jiwang.yaml")


@cache
def routed(text: str) -> Routed:
    """Return what becomes of a sentence."""
    return router().route(DemandLine(id="1", text=text))


def _share(
    name: str, wanted: str, those: Iterable[Told], is_so: Callable[[Routed, Told], bool], *, wrong: bool
) -> Figure:
    """Return the share for which something is so; `wrong`: those for which it is so are the wrong ones."""
    found = [(one, is_so(routed(one.text), one)) for one in those]
    against = tuple(f"{one.kind} {one.more} {one.text}" for one, so in found if so == wrong)
    share = sum(so for _, so in found) / len(found) if found else 0.0
    return Figure(name, share, len(found), wanted, against)


def _urgent(found: Routed, _: Told) -> bool:
    return found.said.danger == "now"


def _alarming(found: Routed, _: Told) -> bool:
    return found.said.is_alarming


def _dispatched(found: Routed, _: Told) -> bool:
    return found.ranking.decision == "dispatch"


def dangers(half: Half) -> list[Figure]:
    """Return how many dangers are seen, and how much is taken for one."""
    now, others = told("now", half), told("not", half)
    soon = [one for one in others if one.kind == "soon"]
    hard = [one for one in others if one.kind != "soon"]
    kinds = [
        _share(f"  {kind}", ">= 0.85", [one for one in now if one.kind == kind], _alarming, wrong=False)
        for kind in sorted({one.kind for one in now})
    ]
    return [
        _share("dangers now: urgent or asked", ">= 0.95", now, _alarming, wrong=False),
        *kinds,
        _share("dangers now: urgent", ">= 0.80", now, _urgent, wrong=False),
        _share("dangers now: dispatched unasked", "<= 0.00", now, _dispatched, wrong=True),
        _share("800 not: urgent or asked", "<= 0.15", hard, _alarming, wrong=True),
        _share("800 not: urgent", "<= 0.05", hard, _urgent, wrong=True),
        _share("soon: soon or asked", ">= 0.75", soon, lambda f, _: f.said.danger != "none", wrong=False),
    ]


def accusations(half: Half) -> list[Figure]:
    """Return who gets to work on what somebody is accused of."""
    every = told("accuse", half)
    wrong = [one for one in every if one.kind == "wrongdoing"]
    known = [one for one in every if one.kind == "complaint_known"]
    unknown = [one for one in every if one.kind == "complaint_unknown"]
    recognised = [one for one in wrong if routed(one.text).said.accusation == "wrongdoing"]
    ids = {provider.name: provider.id for provider in (*community().units, *community().partners)}

    def to_accused(found: Routed, one: Told) -> bool:
        return _dispatched(found, one) and found.ranking.candidates[0].provider == ids.get(one.more)

    def among(found: Routed, one: Told) -> bool:
        return ids.get(one.more) in {candidate.provider for candidate in found.ranking.candidates}

    return [
        _share(
            "wrongdoing: recognised",
            ">= 0.97",
            wrong,
            lambda f, _: f.said.accusation == "wrongdoing",
            wrong=False,
        ),
        _share("wrongdoing: dispatched to the accused", "<= 0.02", wrong, to_accused, wrong=True),
        _share("wrongdoing recognised: accused a candidate", "<= 0.00", recognised, among, wrong=True),
        _share(
            "complaints about somebody here: dispatched to them", "<= 0.10", known, to_accused, wrong=True
        ),
        _share(
            "complaints about nobody here: as today", ">= 0.90", unknown, lambda f, _: not f.held, wrong=False
        ),
    ]


def privacy(half: Half) -> list[Figure]:
    """Return what neighbours read."""
    every = told("private", half)
    private = [one for one in every if one.kind == "private"]
    public = [one for one in every if one.kind == "public"]

    def shown(found: Routed, _: Told) -> bool:
        return not (found.said.private or found.said.is_alarming)

    return [
        _share("private matters: shown as public", "<= 0.03", private, shown, wrong=True),
        _share("public ones: shown", ">= 0.85", public, shown, wrong=False),
    ]


def not_asked(half: Half) -> list[Figure]:
    """Return what is dispatched though nobody here has to do anything."""
    idle = told("idle", half)
    elsewhere = [one for one in told("elsewhere", half) if one.kind == "elsewhere"]
    here = [one for one in told("elsewhere", half) if one.kind == "here"]
    nobody = told("nobody", half)
    return [
        _share("not asked: dispatched", "<= 0.10", idle, _dispatched, wrong=True),
        _share("elsewhere: dispatched", "<= 0.10", elsewhere, _dispatched, wrong=True),
        _share(
            "here, with another place's name: taken for elsewhere",
            "<= 0.55",
            here,
            lambda f, _: bool(f.said.elsewhere),
            wrong=True,
        ),
        _share("nobody's: dispatched", "<= 0.10", nobody, _dispatched, wrong=True),
    ]


def ordinary(half: Half) -> list[Figure]:
    """Return how plain demands fare; of those whose provider takes no orders none can be first right."""
    plain = told("ordinary", half)
    working = frozenset(router().able())
    doable = [one for one in plain if one.kind in working]

    def right(found: Routed, one: Told) -> bool:
        return bool(found.ranking.candidates) and found.ranking.candidates[0].provider == one.kind

    sent = [one for one in plain if _dispatched(routed(one.text), one)]
    return [
        _share("ordinary: first right", ">= 0.80", doable, right, wrong=False),
        _share("ordinary: dispatched", AS_BEFORE, plain, _dispatched, wrong=False),
        _share("ordinary dispatched: right", ">= 0.97", sent, right, wrong=False),
        _share("ordinary: urgent or asked", "<= 0.05", plain, _alarming, wrong=True),
        _share("ordinary: held for a person", "<= 0.25", plain, lambda f, _: f.held, wrong=True),
    ]
