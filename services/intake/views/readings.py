"""What intake shows of what a text was read to say: a danger, a question, a reading to correct."""

from pydantic import Field

from services.chassis.http.bodies import View
from services.contracts.values import replace
from services.intake.domain.demands import Demand
from services.intake.domain.readings import Understood
from services.intake.store.communities import CommunityProfile
from services.language.dangers import own_dangers


class EmergencyView(View):
    """Somebody is in danger: whom to call at once, before anything else."""

    danger: str
    call: tuple[str, ...] = Field(description="telephone numbers in the order to call them, as 119")
    advice: str
    sure: bool = Field(description="false: a person is asked first whether it is so")
    taken: bool = Field(description="somebody of the community has it")
    said: tuple[str, ...] = Field(description="what it rests on, in the words of the text")


class AskedView(View):
    """A question that one tap answers: `POST …/answer` with `about` and yes or no."""

    about: str = Field(description="danger or place")
    text: str


class ReadingView(View):
    """What the words were read to say, for those who may correct it."""

    danger: str = Field(description="now, perhaps, soon or none")
    danger_kind: str
    said: tuple[str, ...]
    accusation: str = Field(description="wrongdoing, complaint or none")
    against_community: bool
    accused: tuple[str, ...] | None
    want: str = Field(description="deed, answer or nothing")
    elsewhere: str


def emergency_of(demand: Demand, profile: CommunityProfile) -> EmergencyView | None:
    """Return what somebody in danger has to be told at once; None where nobody is."""
    heard = demand.meaning
    if heard.is_alarming:
        taken = demand.alarm is not None and not demand.alarm.is_open
        view = emergency_view(heard, profile)
        return view.model_copy(update={"taken": taken}) if view else None
    old = OF_EARLIER_RELEASES.get(demand.danger) if demand.heard is None else None
    return emergency_view(replace(heard, danger="now", kind=old), profile) if old else None


def emergency_view(heard: Understood, profile: CommunityProfile) -> EmergencyView | None:
    """Return whom to call and what to do first; None where nobody is in danger, and nobody may be."""
    if not heard.is_alarming:
        return None
    danger = own_dangers()[heard.kind]
    call = profile.numbers_for(heard.kind)
    return EmergencyView(
        danger=danger.name,
        call=call,
        advice=f"请先拨打 {'、'.join(call)}。{danger.first}",
        sure=heard.danger == "now",
        taken=False,
        said=heard.said,
    )


OF_EARLIER_RELEASES = {
    "火情": "fire",
    "燃气": "gas",
    "触电": "electricity",
    "坍塌": "collapse",
    "人身": "medical",
    "被困": "lift",
    "轻生": "selfharm",
    "治安": "violence",
}
"""Names of dangers that earlier releases kept → the kind that they are now."""
QUESTIONS = {"danger": "现在有人有危险吗？", "place": "您说的是不是本社区的事？"}


def asked_view(demand: Demand) -> AskedView | None:
    about = demand.asks
    return AskedView(about=about, text=QUESTIONS[about]) if about else None


def reading_view(demand: Demand) -> ReadingView | None:
    heard = demand.heard
    if heard is None:
        return None
    return ReadingView.model_construct(
        danger=heard.danger,
        danger_kind=heard.kind,
        said=heard.said,
        accusation=heard.accusation,
        against_community=heard.against_community,
        accused=heard.accused,
        want=heard.want,
        elsewhere=heard.elsewhere,
    )
