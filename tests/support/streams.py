"""A stream of facts that write one document: what several tests of positions speak of."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.documents import Collection, Ref
from services.chassis.streams import REPEATED, STREAMS, Positions, Repeated, origin_of
from services.chassis.work import UnitOfWork, Work
from services.contracts.demands import DemandUrged
from services.contracts.envelope import Envelope, to_wire
from services.contracts.ids import DemandId
from services.contracts.refusal import Conflict
from services.contracts.words import Actor, Role

AT = datetime(2026, 1, 31, tzinfo=UTC)
WHO = Actor(subject="r1", role=Role.RESIDENT)
STREAM = "demands/d1"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the stream writes: the notes of its facts, in the order in which they were applied."""

    notes: tuple[str, ...] = ()


KEPT: Collection[Kept] = Collection("kept", Kept)
CURSOR = Ref(STREAMS, "here", STREAM)


def kept_ref(community: str, thing: str) -> Ref[Kept]:
    return Ref(KEPT, community, thing)


THE_ONE = kept_ref("here", "d1")
GUARDED = Positions({"demand": kept_ref})
RECOGNISED = Positions(recognised=frozenset({"demand"}))


class No(Conflict):
    """A rule says no."""

    slug = "no"
    title = "不行"


def envelope(version: int, note: str = "") -> Envelope:
    """Return a fact; a note that begins with a minus writes nothing, `no` is refused."""
    return Envelope(
        id=f"{version}{note}",
        kind=DemandUrged.kind,
        community="here",
        stream=STREAM,
        version=version,
        at=AT,
        actor=WHO,
        correlation="c",
        body=DemandUrged(demand=DemandId("d1"), note=note or f"n{version}", times=1, round=1),
    )


def wire_of(version: int, note: str = "") -> bytes:
    return to_wire(envelope(version, note))


def effect(heard: Envelope) -> Work[None]:
    note = heard.body.note

    def decide(uow: UnitOfWork) -> None:
        if note == "no":
            raise No
        if note[0] != "-":
            uow.put(THE_ONE, Kept((*(uow.find(THE_ONE) or Kept()).notes, note)))

    return Work(origin_of(heard), (THE_ONE,), decide)


def once(heard: Envelope) -> Work[Repeated | None]:
    def decide(uow: UnitOfWork) -> Repeated | None:
        done = uow.find(THE_ONE) or Kept()
        if heard.body.note in done.notes:
            return REPEATED
        if heard.body.note == "no":
            raise No
        uow.put(THE_ONE, Kept((*done.notes, heard.body.note)))
        return None

    return Work(origin_of(heard), (THE_ONE,), decide)
