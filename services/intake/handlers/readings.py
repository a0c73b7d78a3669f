"""What a text is read to say: answered by its people, corrected by staff, heard anew in a supplement."""

from typing import Literal

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.contracts.words import Reading, Role, Wish
from services.intake.domain.demands import Demand, Line, NotYourDemand
from services.intake.domain.readings import (
    Correction,
    NothingToAnswer,
    Understood,
    accuses_anew,
    corrected,
    supplemented_with,
)
from services.intake.handlers.alarms import (
    ASKER,
    ask_whether_danger,
    end_alarm,
    raise_alarm,
    tell_of_a_wrong,
)
from services.intake.store.communities import profile_ref
from services.intake.store.demands import VersionedDemand, demand_ref


def reading_told(heard: Understood, *, private: bool) -> Reading:
    """Return what a text says in the words of the messages.

    Arguments:
        private: whether the demand is, for whatever reason.
    """
    return Reading(
        danger=heard.danger,
        danger_kind=heard.kind,
        said=heard.said,
        accusation=heard.accusation,
        against_community=heard.against_community,
        accused=heard.accused,
        private=private,
        want=heard.want,
        elsewhere=heard.elsewhere,
        unclear=heard.unclear,
        wishes=tuple(Wish(name=wish.name, likely=wish.likely) for wish in heard.wishes),
    )


def answer_question(
    origin: Origin, demand: DemandId, about: Literal["danger", "place"], *, yes: bool
) -> Work[VersionedDemand]:
    """Take the answer to what a person was asked: whether somebody is in danger, or whether it is here.

    Raises:
        NotYourDemand: somebody else's.
        NothingToAnswer: that is not asked.
    """
    ref, known = demand_ref(origin.community, demand), profile_ref(origin.community)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        if origin.actor.role not in COMMUNITY and origin.actor.subject != before.asked_by:
            raise NotYourDemand
        if before.asks != about:
            raise NothingToAnswer
        heard = before.meaning
        if about == "place":
            words = "是本社区的事" if yes else "不是本社区的事"
            after = replace(heard, elsewhere="" if yes else heard.elsewhere, is_confirmed_elsewhere=not yes)
        else:
            words = "现在有人有危险" if yes else "现在没有人有危险"
            after = replace(heard, danger="now") if yes else replace(heard, danger="none", kind="", said=())
        line = Line(uow.at, origin.actor.role.value, "answered", f"{_who(origin)}回答：{words}")
        _reread(uow, ref, before.noted(line), after, words)
        return uow.versioned(ref)

    return Work(origin, (ref, known), decide)


def _who(origin: Origin) -> str:
    return {Role.STAFF: "社区工作人员", Role.GRID_WORKER: "网格员"}.get(origin.actor.role, ASKER)


def _reread(uow: UnitOfWork, ref: Ref[Demand], before: Demand, heard: Understood, because: str) -> None:
    """Keep a demand with another understanding, tell matching, and whoever has to know of a danger."""
    by_staff = uow.origin.actor.role in COMMUNITY
    after = before.understood_as(heard)
    uow.put(ref, after)
    uow.announce(
        ref,
        facts.DemandReread(
            demand=after.id,
            reading=reading_told(heard, private=after.is_private),
            urgent=heard.danger == "now",
            because=because,
            by_staff=by_staff,
            round=after.round,
        ),
    )
    profile = uow.get(profile_ref(ref.community), NotFound())
    is_open = after.alarm is not None and after.alarm.is_open
    if heard.danger == "now" and before.meaning.danger != "now" and not is_open:
        raise_alarm(uow, after, profile)
    elif heard.danger == "perhaps" and before.meaning.danger != "perhaps":
        ask_whether_danger(uow, ref, after, profile)
    elif is_open and not heard.is_alarming:
        end_alarm(uow, ref, after, uow.origin.actor, because)


def heard_more(uow: UnitOfWork, ref: Ref[Demand], before: Demand, more: Understood) -> None:
    """Take what a supplement says: an accusation, a danger, or that one is over, which a person confirms."""
    heard = before.meaning
    together, because = supplemented_with(heard, more)
    if not because:
        uow.put(ref, before)
        return
    _reread(uow, ref, before, together, because)
    if accuses_anew(heard, more):
        tell_of_a_wrong(uow, ref, together, uow.get(profile_ref(ref.community), NotFound()))


def correct_reading(
    origin: Origin, demand: DemandId, correction: Correction, reason: str
) -> Work[VersionedDemand]:
    """Let staff correct what a demand was read to say; the asker sees that and why."""
    ref, known = demand_ref(origin.community, demand), profile_ref(origin.community)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        after = corrected(before.meaning, correction)
        if correction.private is False:
            before = replace(before, private=False)
        if origin.actor.subject in uow.get(known, NotFound()).confidential_readers:
            before = replace(before, is_confidential=False)
        line = Line(uow.at, origin.actor.role.value, "corrected", f"社区更正研判：{reason}")
        _reread(uow, ref, before.noted(line), after, reason)
        return uow.versioned(ref)

    return Work(origin, (ref, known), decide)
