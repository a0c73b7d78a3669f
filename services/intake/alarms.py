"""What intake does about danger and what else a text says: tell, ask, correct, and let somebody have it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept, Ref
from services.contracts import demands as facts
from services.contracts.refusal import Conflict, NotFound
from services.contracts.words import Actor, Reading, Role, Wish
from services.intake.domain import alarm as rules
from services.intake.domain.alarm import Alarm
from services.intake.domain.demand import Demand, Line, NotYourDemand
from services.intake.domain.understanding import Said, Understood, understood
from services.intake.store import Places, demand_ref, places_ref
from services.language.dangers import own_dangers

KeptDemand = Kept[Demand]
HELPERS = (Role.STAFF, Role.GRID_WORKER)
ASKER = "诉求人"
"""Stands for whoever asked, whose id is nobody's business."""
TEXT_TOLD_CHARACTERS = 120


class NothingToAnswer(Conflict):
    """Nobody has asked, or it has been answered already."""

    slug = "nothing_to_answer"
    title = "目前没有需要您回答的问题"


class NoAlarm(Conflict):
    """Nobody is in danger, as far as anybody has said."""

    slug = "no_alarm"
    title = "这条诉求没有紧急情况"


class AlarmTaken(Conflict):
    """Somebody else has it."""

    slug = "alarm_taken"
    title = "已经有人在处理了"


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


def tell_what_was_heard(desk: Desk, ref: Ref[Demand], demand: Demand, places: Places) -> None:
    """Tell at once whom it concerns: somebody is or may be in danger, somebody is accused."""
    heard = demand.meaning
    if heard.danger == "now":
        _raise(desk, demand, places)
    elif heard.danger == "perhaps":
        _ask(desk, ref, demand, places)
    _tell_of_a_wrong(desk, ref, heard, places)


def _tell_of_a_wrong(desk: Desk, ref: Ref[Demand], heard: Understood, places: Places) -> None:
    """Tell staff that somebody is accused; the supervisor where it is the community itself."""
    if heard.accusation != "wrongdoing" and not heard.against_community:
        return
    to = (places.supervisor,) if heard.against_community and places.supervisor else ()
    desk.announce(
        ref,
        facts.DemandAccuses(demand=ref.id, accusation=heard.accusation, against_community=bool(to), to=to),
    )


def _ask(desk: Desk, ref: Ref[Demand], demand: Demand, places: Places) -> None:
    """Let people of the community find out whether somebody is in danger."""
    fact = facts.DemandToConfirm(
        demand=demand.id,
        text=_shortened(demand),
        place=_place(demand, places),
        danger=own_dangers()[demand.meaning.kind].name,
        to=places.grid_workers_of(demand.compound),
    )
    desk.announce(ref, fact, frozenset(places.public_numbers))


def _raise(desk: Desk, demand: Demand, places: Places) -> None:
    to = rules.first_told(places.duty, places.grid_workers_of(demand.compound))
    _sound(desk, replace(demand, alarm=Alarm(demand.meaning.kind, desk.at)), to, places)


def _sound(desk: Desk, demand: Demand, to: Sequence[str], places: Places) -> None:
    assert demand.alarm is not None, "only an alarm is sounded"
    ref, alarm = demand_ref(desk.origin.community, demand.id), rules.told_again(demand.alarm, to)
    due = rules.due_after(alarm, desk.at, places.duty_minutes)
    desk.put(ref, replace(demand, alarm=alarm, alarm_due_at=due).standing())
    danger = own_dangers()[alarm.kind]
    desk.announce(
        ref,
        facts.DemandAlarmed(
            demand=demand.id,
            danger=danger.name,
            danger_kind=alarm.kind,
            text=_shortened(demand),
            place=_place(demand, places),
            call=places.numbers_for(alarm.kind),
            first=danger.first,
            to=tuple(to),
            step=alarm.step,
        ),
        frozenset(places.public_numbers),
    )


def _shortened(demand: Demand) -> str:
    """Return what may be told of a text to all staff; of one that accuses, nothing."""
    if demand.accuses:
        return ""
    whole = f"{demand.title}。{demand.text}" if demand.title else demand.text
    return whole if len(whole) <= TEXT_TOLD_CHARACTERS else f"{whole[:TEXT_TOLD_CHARACTERS]}……"


def _place(demand: Demand, places: Places) -> str:
    return places.name_of(demand.compound) or places.name


def sound_again(origin: Origin, demand: str) -> Work[bool]:
    """Tell the next on duty of an alarm that nobody has taken; answers whether anything was done."""
    ref, known = demand_ref(origin.community, demand), places_ref(origin.community)

    def decide(desk: Desk) -> bool:
        before = desk.find(ref)
        alarm = before.alarm if before else None
        if before is None or alarm is None or before.alarm_due_at is None or before.alarm_due_at > desk.at:
            return False
        places = desk.get(known, NotFound())
        to = rules.next_told(alarm, places.duty)
        line = Line(desk.at, "clock", "alarmed", f"紧急情况第 {alarm.step + 1} 次提醒值班人员")
        _sound(desk, before.noted(line), to, places)
        return True

    return Work(origin, (ref, known), decide)


def take_alarm(origin: Origin, demand: str) -> Work[KeptDemand]:
    """Say that one has it: nobody else is told any more. Again by the same person it changes nothing.

    Raises:
        NoAlarm: nobody is in danger.
        AlarmTaken: somebody else has it.
    """
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        if before.alarm is None:
            raise NoAlarm
        if not before.alarm.is_open:
            if before.alarm.taken_by != origin.actor.subject:
                raise AlarmTaken
            return desk.kept(ref)
        line = Line(desk.at, origin.actor.role.value, "alarm_taken", "社区已有专人在处理，请保持电话畅通")
        _over(desk, ref, before.noted(line), origin.actor, "")
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def _over(desk: Desk, ref: Ref[Demand], before: Demand, by: Actor, because: str) -> None:
    """Keep the demand with its alarm over, and tell those who had been told."""
    alarm = before.alarm
    if alarm is None or not alarm.is_open:
        desk.put(ref, before.standing())
        return
    after = replace(before, alarm=rules.taken(alarm, by.subject, desk.at, because))
    desk.put(ref, after.standing())
    fact = facts.DemandAlarmTaken(
        demand=before.id,
        by=by.subject if by.role in HELPERS else ASKER,
        role=by.role.value,
        because=because,
        told=alarm.told,
        round=before.round,
    )
    desk.announce(ref, fact)


def answer_question(origin: Origin, demand: str, about: str, *, yes: bool) -> Work[KeptDemand]:
    """Take the answer to what a person was asked: whether somebody is in danger, or whether it is here.

    Raises:
        NotYourDemand: somebody else's.
        NothingToAnswer: that is not asked.
    """
    ref, known = demand_ref(origin.community, demand), places_ref(origin.community)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        if origin.actor.role not in HELPERS and origin.actor.subject != before.asked_by:
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
        line = Line(desk.at, origin.actor.role.value, "answered", f"{_who(origin)}回答：{words}")
        _reread(desk, ref, before.noted(line), after, words)
        return desk.kept(ref)

    return Work(origin, (ref, known), decide)


def _who(origin: Origin) -> str:
    return {Role.STAFF: "社区工作人员", Role.GRID_WORKER: "网格员"}.get(origin.actor.role, ASKER)


def _reread(desk: Desk, ref: Ref[Demand], before: Demand, heard: Understood, because: str) -> None:
    """Keep a demand with another understanding, tell matching, and whoever has to know of a danger."""
    by_staff = desk.origin.actor.role in HELPERS
    after = before.understood_as(heard)
    desk.put(ref, after)
    desk.announce(
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
    places = desk.get(places_ref(ref.community), NotFound())
    is_open = after.alarm is not None and after.alarm.is_open
    if heard.danger == "now" and before.meaning.danger != "now" and not is_open:
        _raise(desk, after, places)
    elif heard.danger == "perhaps" and before.meaning.danger != "perhaps":
        _ask(desk, ref, after, places)
    elif is_open and not heard.is_alarming:
        _over(desk, ref, after, desk.origin.actor, because)


_HOW_BAD = {"perhaps": 1, "now": 2}


def accuses_anew(before: Demand, more: Said) -> bool:
    """Return whether a supplement surely accuses somebody and nothing did; a few words often seem to."""
    return more.reading.surely_wrong and before.meaning.accusation != "wrongdoing"


def heard_more(desk: Desk, ref: Ref[Demand], before: Demand, said: Said) -> None:
    """Take what a supplement says: an accusation, a danger, or that one is over, which a person confirms."""
    more = understood(said)
    heard = before.meaning
    if accuses_anew(before, said):
        worse = _HOW_BAD.get(more.danger, 0) > _HOW_BAD.get(heard.danger, 0)
        danger = more if worse else heard
        told = replace(
            heard,
            danger=danger.danger,
            kind=danger.kind,
            said=danger.said,
            accusation="wrongdoing",
            against_community=heard.against_community or more.against_community,
            private=True,
        )
        _reread(desk, ref, before, told, "补充里反映了问题")
        _tell_of_a_wrong(desk, ref, told, desk.get(places_ref(ref.community), NotFound()))
    elif _HOW_BAD.get(more.danger, 0) > _HOW_BAD.get(heard.danger, 0):
        told = replace(heard, danger=more.danger, kind=more.kind, said=more.said)
        _reread(desk, ref, before, told, "补充里说到危险")
    elif heard.danger == "now" and more.want == "nothing" and not more.is_alarming:
        # The alarm goes on until a person has confirmed it: thanks, or somebody made to write so, end none.
        _reread(desk, ref, before, replace(heard, danger="perhaps"), "补充里说危险可能已经没有了，请核实")
    else:
        desk.put(ref, before)


@dataclass(frozen=True, slots=True)
class Correction:
    """How staff understand a demand; None leaves a part as it was read."""

    danger: str | None = None
    danger_kind: str | None = None
    accusation: str | None = None
    accused: tuple[str, ...] | None = None
    private: bool | None = None


def correct_reading(
    origin: Origin, demand: str, correction: Correction, reason: str, expected: int | None
) -> Work[KeptDemand]:
    """Let staff correct what a demand was read to say; the asker sees that and why."""
    ref, known = demand_ref(origin.community, demand), places_ref(origin.community)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        desk.expect(ref, expected)
        after = corrected(before.meaning, correction)
        if correction.private is False:
            before = replace(before, private=False)
        if origin.actor.subject in desk.get(known, NotFound()).confidential_readers:
            before = replace(before, is_confidential=False)
        line = Line(desk.at, origin.actor.role.value, "corrected", f"社区更正研判：{reason}")
        _reread(desk, ref, before.noted(line), after, reason)
        return desk.kept(ref)

    return Work(origin, (ref, known), decide)


def corrected(heard: Understood, correction: Correction) -> Understood:
    """Return an understanding with what staff say in place of what was read."""
    kind = correction.danger_kind or heard.kind
    danger = correction.danger or heard.danger
    changes: dict[str, object] = {"danger": danger, "kind": (kind or "other") if danger != "none" else ""}
    if correction.danger is not None:
        changes["unclear"] = False
    if correction.accusation is not None:
        changes["accusation"] = correction.accusation
    if correction.accused is not None:
        changes["accused"] = correction.accused
    if correction.private is not None:
        changes["private"] = correction.private
    return replace(heard, **changes)  # type: ignore[arg-type]
