"""Somebody is in danger: whom it concerns is told at once, and again, until somebody has it."""

from collections.abc import Sequence

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.contracts.words import Actor
from services.intake.domain import alarms as rules
from services.intake.domain.alarms import Alarm, AlarmTaken, NoAlarm
from services.intake.domain.demands import Demand, Line
from services.intake.domain.readings import Understood
from services.intake.store.communities import CommunityProfile, profile_ref
from services.intake.store.demands import VersionedDemand, demand_ref
from services.language.dangers import own_dangers

ASKER = "诉求人"
"""Stands for whoever asked, whose id is nobody's business."""
TEXT_TOLD_CHARACTERS = 120


def tell_what_was_heard(uow: UnitOfWork, ref: Ref[Demand], demand: Demand, profile: CommunityProfile) -> None:
    """Tell at once whom it concerns: somebody is or may be in danger, somebody is accused."""
    heard = demand.meaning
    if heard.danger == "now":
        raise_alarm(uow, demand, profile)
    elif heard.danger == "perhaps":
        ask_whether_danger(uow, ref, demand, profile)
    tell_of_a_wrong(uow, ref, heard, profile)


def tell_of_a_wrong(uow: UnitOfWork, ref: Ref[Demand], heard: Understood, profile: CommunityProfile) -> None:
    """Tell staff that somebody is accused; the supervisor where it is the community itself."""
    if heard.accusation != "wrongdoing" and not heard.against_community:
        return
    to = (profile.supervisor,) if heard.against_community and profile.supervisor else ()
    uow.announce(
        ref,
        facts.DemandAccuses(demand=ref.id, accusation=heard.accusation, against_community=bool(to), to=to),
    )


def ask_whether_danger(uow: UnitOfWork, ref: Ref[Demand], demand: Demand, profile: CommunityProfile) -> None:
    """Let people of the community find out whether somebody is in danger."""
    fact = facts.DemandToConfirm(
        demand=demand.id,
        text=_shortened(demand),
        place=_place(demand, profile),
        danger=own_dangers()[demand.meaning.kind].name,
        to=profile.grid_workers_of(demand.compound),
    )
    uow.announce(ref, fact, frozenset(profile.public_numbers))


def raise_alarm(uow: UnitOfWork, demand: Demand, profile: CommunityProfile) -> None:
    to = rules.first_told(profile.duty, profile.grid_workers_of(demand.compound))
    _sound(uow, replace(demand, alarm=Alarm(demand.meaning.kind, uow.at)), to, profile)


def _sound(uow: UnitOfWork, demand: Demand, to: Sequence[str], profile: CommunityProfile) -> None:
    assert demand.alarm is not None, "only an alarm is sounded"
    ref, alarm = demand_ref(uow.origin.community, demand.id), rules.told_again(demand.alarm, to)
    due = rules.due_after(alarm, uow.at, profile.duty_minutes)
    uow.put(ref, replace(demand, alarm=alarm, alarm_due_at=due).standing())
    danger = own_dangers()[alarm.kind]
    uow.announce(
        ref,
        facts.DemandAlarmed(
            demand=demand.id,
            danger=danger.name,
            danger_kind=alarm.kind,
            text=_shortened(demand),
            place=_place(demand, profile),
            call=profile.numbers_for(alarm.kind),
            first=danger.first,
            to=tuple(to),
            step=alarm.step,
        ),
        frozenset(profile.public_numbers),
    )


def _shortened(demand: Demand) -> str:
    """Return what may be told of a text to all staff; of one that accuses, nothing."""
    if demand.accuses:
        return ""
    whole = f"{demand.title}。{demand.text}" if demand.title else demand.text
    return whole if len(whole) <= TEXT_TOLD_CHARACTERS else f"{whole[:TEXT_TOLD_CHARACTERS]}……"


def _place(demand: Demand, profile: CommunityProfile) -> str:
    return profile.name_of(demand.compound) or profile.name


def sound_again(origin: Origin, demand: DemandId) -> Work[bool]:
    """Tell the next on duty of an alarm that nobody has taken; answers whether anything was done."""
    ref, known = demand_ref(origin.community, demand), profile_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        before = uow.find(ref)
        alarm = before.alarm if before else None
        if before is None or alarm is None or before.alarm_due_at is None or before.alarm_due_at > uow.at:
            return False
        profile = uow.get(known, NotFound())
        to = rules.next_told(alarm, profile.duty)
        line = Line(uow.at, "clock", "alarmed", f"紧急情况第 {alarm.step + 1} 次提醒值班人员")
        _sound(uow, before.noted(line), to, profile)
        return True

    return Work(origin, (ref, known), decide)


def take_alarm(origin: Origin, demand: DemandId) -> Work[VersionedDemand]:
    """Say that one has it: nobody else is told any more. Again by the same person it changes nothing.

    Raises:
        NoAlarm: nobody is in danger.
        AlarmTaken: somebody else has it.
    """
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        if before.alarm is None:
            raise NoAlarm
        if not before.alarm.is_open:
            if before.alarm.taken_by != origin.actor.subject:
                raise AlarmTaken
            return uow.versioned(ref)
        line = Line(uow.at, origin.actor.role.value, "alarm_taken", "社区已有专人在处理，请保持电话畅通")
        end_alarm(uow, ref, before.noted(line), origin.actor, "")
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)


def end_alarm(uow: UnitOfWork, ref: Ref[Demand], before: Demand, by: Actor, because: str) -> None:
    """Keep the demand with its alarm over, and tell those who had been told."""
    alarm = before.alarm
    if alarm is None or not alarm.is_open:
        uow.put(ref, before.standing())
        return
    after = replace(before, alarm=rules.taken(alarm, by.subject, uow.at, because))
    uow.put(ref, after.standing())
    fact = facts.DemandAlarmTaken(
        demand=before.id,
        by=by.subject if by.role in COMMUNITY else ASKER,
        role=by.role.value,
        because=because,
        told=alarm.told,
        round=before.round,
    )
    uow.announce(ref, fact)
