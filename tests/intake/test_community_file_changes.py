"""What a new community file changes is told by section, id and field."""

from services.contracts.community_file import CommunityFile
from services.intake.community_file import Change, diff_community_files


def test_the_same_file_changes_nothing(jiwang: CommunityFile) -> None:
    assert diff_community_files(jiwang, jiwang) == ()


def test_without_an_old_file_everything_is_added(jiwang: CommunityFile) -> None:
    changes = diff_community_files(None, jiwang)
    assert {change.kind for change in changes} == {"added"}
    assert sum(change.section == "compounds" for change in changes) == 30
    assert str(changes[0]) == "新增社区“稷王社区”"


def test_a_changed_field_tells_before_and_after(jiwang: CommunityFile) -> None:
    hired = jiwang.units[0].model_copy(update={"capacity": 9})
    new = jiwang.model_copy(update={"units": (hired, *jiwang.units[1:])})
    (change,) = diff_community_files(jiwang, new)
    assert change == Change("changed", "units", hired.id, hired.name, "capacity", 6, 9)
    assert str(change) == "修改共建单位“稷山县人大常委会”的 capacity：6 → 9"


def test_removed_and_added_entries_are_told_by_name(jiwang: CommunityFile) -> None:
    renamed = jiwang.venues[0].model_copy(update={"id": "hall", "name": "新活动室"})
    new = jiwang.model_copy(update={"venues": (renamed, jiwang.venues[1])})
    assert [str(change) for change in diff_community_files(jiwang, new)] == [
        "删除场所“服务中心活动室”",
        "新增场所“新活动室”",
    ]


def test_the_order_of_entries_is_no_change(jiwang: CommunityFile) -> None:
    turned = jiwang.model_copy(update={"partners": jiwang.partners[::-1]})
    assert diff_community_files(jiwang, turned) == ()


def test_dropped_points_and_eased_routing_are_told(jiwang: CommunityFile) -> None:
    eased = jiwang.routing.model_copy(update={"wanted_precision": 0.9})
    new = jiwang.model_copy(update={"points": None, "routing": eased})
    assert [str(change) for change in diff_community_files(jiwang, new)] == [
        "删除积分规则",
        "修改派单规则的 wanted_precision：0.98 → 0.9",
    ]


def test_a_changed_deadline_is_told(jiwang: CommunityFile) -> None:
    hurried = jiwang.deadlines.model_copy(update={"sign_hours": 1.0})
    (change,) = diff_community_files(jiwang, jiwang.model_copy(update={"deadlines": hurried}))
    assert str(change) == "修改办理时限的 sign_hours：2.0 → 1.0"
