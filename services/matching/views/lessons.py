"""What matching shows of what the router has learnt."""

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.matching.domain.lessons import Lesson, Teaching
from services.matching.domain.record import Record
from services.matching.domain.workload import Workload
from services.matching.routing.models import CommunityModel


class LessonView(View):
    """A lesson: what an order taught of a provider."""

    id: str = Field(description="of the order")
    number: int = Field(description="counts the community's lessons")
    text: str
    title: str | None
    compound: str | None
    provider: str
    teaching: Teaching
    undone: bool


class LessonPage(View):
    """A page of lessons; `next` asks for the page after it."""

    items: list[LessonView]
    next: str | None


class RecordView(View):
    """How a provider did so far."""

    provider: str
    name: str
    offered: int
    accepted: int
    declined: int
    accept_hours: float = Field(description="mean time to accept")
    good: int
    bad: int
    quality: float = Field(description="0 to 1, drawn towards what is believed of anybody")


class RoutingView(View):
    """What the router rests on at the moment."""

    wanted_precision: float
    sure_from: float | None = Field(
        description="dispatched from this confidence on; null before it was learnt"
    )
    lessons: int = Field(description="taught or taken back so far")
    learnt: int = Field(description="the last of them that this replica has learnt")
    records: list[RecordView]


def lesson_view(kept: Versioned[Lesson]) -> LessonView:
    """Return a lesson."""
    lesson = kept.present
    return LessonView(
        id=lesson.id,
        number=lesson.number,
        text=lesson.text,
        title=lesson.title,
        compound=lesson.compound,
        provider=lesson.provider,
        teaching=lesson.teaching,
        undone=lesson.undone,
    )


def routing_view(model: CommunityModel, load: Workload) -> RoutingView:
    """Return how the router of a community stands."""
    experience = model.experience
    names = {provider.id: provider.name for provider in model.providers.values()}
    return RoutingView(
        wanted_precision=model.wanted_precision,
        sure_from=experience.sure_from() if experience else None,
        lessons=load.lessons,
        learnt=experience.version if experience else 0,
        records=[
            _record(provider, names[provider], load.records[provider])
            for provider in sorted(load.records)
            if provider in names
        ],
    )


def _record(provider: str, name: str, record: Record) -> RecordView:
    return RecordView(
        provider=provider,
        name=name,
        offered=record.offered,
        accepted=record.accepted,
        declined=record.declined,
        accept_hours=round(record.accept_hours, 2),
        good=record.good,
        bad=record.bad,
        quality=round(record.quality, 4),
    )
