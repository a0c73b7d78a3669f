"""Every field of a demand is read by those for whom somebody decided that it is, and by nobody else."""

from dataclasses import replace

import pytest

from services.chassis.documents import Versioned
from services.intake.domain.alarms import Alarm
from services.intake.domain.demands import Demand, Handler, Rating
from services.intake.domain.readings import Understood
from services.intake.domain.sight import Viewer
from services.intake.store.communities import CommunityProfile
from services.intake.views.demands import SHOWN_TO, DemandView, demand_view
from tests.builders import AT, a_demand

HERE = CommunityProfile("稷王社区", {"c1": "绿苑小区"}, {})
OF_WHO_LOOKS = {"mine", "endorsed"}
"""These say who looks."""


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
        rating=Rating("solved", "satisfied", "好", AT, by_call_back=False),
        has_contact=True,
        call_back=True,
    )


def shown(demand: Demand, viewer: Viewer) -> dict[str, object]:
    return dict(demand_view(Versioned(demand, 3, 3), viewer, HERE))


def test_every_field_has_somebody_whom_it_is_for() -> None:
    """A field that is missing here is shown to neighbours by nobody's decision."""
    fields = [name for names in SHOWN_TO.values() for name in names]
    assert sorted(fields) == sorted(DemandView.model_fields)


def test_staff_and_neighbours_read_what_is_for_them(full: Demand) -> None:
    staff = shown(full, Viewer("s1", "staff"))
    grid_worker = shown(full, Viewer("g1", "grid_worker", frozenset({"c1"})))
    neighbour = shown(full, Viewer("r9", "resident"))
    hidden = {name for name in staff if staff[name] != neighbour[name]} - OF_WHO_LOOKS
    assert hidden == SHOWN_TO["staff"] | SHOWN_TO["those concerned"]
    for name in hidden:
        assert not neighbour[name], f"a neighbour reads {name}"
    for_staff = {name for name in staff if staff[name] != grid_worker[name]}
    assert for_staff == SHOWN_TO["staff"]
