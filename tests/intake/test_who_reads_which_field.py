"""Every field of a demand is read by those for whom somebody decided that it is, and by nobody else."""

from dataclasses import replace

import pytest

from services.chassis.documents import Versioned
from services.intake.domain.alarms import Alarm
from services.intake.domain.demands import Demand, Handler, Line, Rating
from services.intake.domain.readings import Understood
from services.intake.domain.sight import Viewer
from services.intake.store.communities import CommunityProfile
from services.intake.views.demands import SHOWN_TO, DemandRow, DemandView, demand_row, demand_view
from tests.builders import AT, a_demand

HERE = CommunityProfile("稷王社区", {"c1": "绿苑小区"}, {})
OF_WHO_LOOKS = {"mine", "endorsed"}
"""These say who looks."""
WORDS = {"timeline", "rating"}
"""Of these a neighbour reads that something was said, and not what."""
WRITTEN = ("supplemented", "urged", "withdrawn", "passed_on", "rated", "corrected", "cancelled", "returned")
SECRET = "我有尿毒症，每周要透析"


@pytest.fixture
def full() -> Demand:
    """A public demand with something in every field that can be filled."""
    return replace(
        a_demand(),
        title="路灯",
        compound="c1",
        heard=Understood(danger="perhaps", kind="pit", said=("坑",), elsewhere="万荣"),
        private=False,
        alarm=Alarm("pit", AT),
        handler=Handler("u1", "一家单位", "unit"),
        rating=Rating("solved", "satisfied", SECRET, AT, by_call_back=False),
        timeline=tuple(Line(AT, "resident", what, f"居民：{SECRET}") for what in WRITTEN),
        has_contact=True,
        call_back=True,
    )


def shown(demand: Demand, viewer: Viewer) -> dict[str, object]:
    return dict(demand_view(Versioned(demand, 3, 3), viewer, HERE))


def test_every_field_has_somebody_whom_it_is_for() -> None:
    """A field that is missing here is shown to neighbours by nobody's decision."""
    fields = [name for names in SHOWN_TO.values() for name in names]
    assert sorted(fields) == sorted(DemandView.model_fields)


def test_each_reads_what_is_for_them_and_nothing_else(full: Demand) -> None:
    neighbour = shown(full, Viewer("r9", "resident"))

    def more(viewer: Viewer) -> set[str]:
        """Return what somebody reads that a neighbour does not."""
        theirs = shown(full, viewer)
        return {name for name in theirs if theirs[name] != neighbour[name]} - OF_WHO_LOOKS

    concerned = SHOWN_TO["those concerned"] | WORDS
    people = concerned | SHOWN_TO["asker and community"]
    assert more(Viewer(full.asked_by, "resident")) == people
    assert more(Viewer("g1", "grid_worker", frozenset({"c1"}))) == people
    assert more(Viewer("s1", "staff")) == people | SHOWN_TO["staff"]
    assert more(Viewer("u1", "unit")) == concerned
    for name in SHOWN_TO["staff"] | SHOWN_TO["asker and community"] | SHOWN_TO["those concerned"]:
        assert not neighbour[name], f"a neighbour reads {name}"


def test_what_people_write_in_their_own_words_no_neighbour_reads(full: Demand) -> None:
    neighbour = demand_view(Versioned(full, 3, 3), Viewer("r9", "resident"), HERE)
    assert neighbour.rating is not None
    assert neighbour.rating.comment == ""
    assert SECRET not in neighbour.model_dump_json()
    assert [line.what for line in neighbour.timeline] == [line.what for line in full.timeline]
    unit = demand_view(Versioned(full, 3, 3), Viewer("u1", "unit"), HERE)
    assert unit.model_dump_json().count(SECRET) == len(full.timeline) + 1


def test_a_row_of_a_list_shows_each_reader_what_the_demand_does_but_its_timeline(full: Demand) -> None:
    for viewer in (Viewer("r1", "resident"), Viewer("r9", "resident"), Viewer("s1", "staff")):
        kept = Versioned(full, 3, 3)
        whole = demand_view(kept, viewer, HERE)
        row = demand_row(kept, viewer, HERE)
        assert {**dict(row), "timeline": whole.timeline} == dict(whole)
        in_full = [getattr(type(one), "in_full", False) for one in (row, whole)]
        assert in_full == [viewer.subject != "r9"] * 2
    assert set(DemandView.model_fields) - set(DemandRow.model_fields) == {"timeline"}
