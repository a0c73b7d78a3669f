"""A file of another release is read for what this one knows of it, and kept whole."""

import json
from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.contracts.community_file import CommunityFile, Deadlines, Entry, Partner, Voices
from services.intake.community_file import CommunityFileInvalid, diff_community_files, parse_community_file
from tests.support.deployment import jiwang
from tests.support.newer import everywhere_more


def written(**changes: Any) -> dict[str, Any]:
    """Return Jiwang's file as it is kept, with sections changed."""
    plain: dict[str, Any] = json.loads(jiwang().model_dump_json())
    return {**plain, **changes}


def read(plain: dict[str, Any]) -> CommunityFile:
    """Return a file as its readers see it."""
    return read_file_on_record(json.dumps(plain))


def kept(file: Entry) -> dict[str, Any]:
    """Return a file as it is kept again."""
    plain: dict[str, Any] = json.loads(file.model_dump_json())
    return plain


def bounded(plain: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    """Return a file with one value in it changed."""
    part: Any = plain
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return plain


def test_a_file_of_this_release_is_read_as_the_door_reads_it() -> None:
    assert kept(read(written())) == written()
    assert isinstance(read(written()), CommunityFile)


def test_what_is_unknown_at_any_depth_is_passed_over_and_kept() -> None:
    more = everywhere_more(written(fairs=[{"id": "f1", "stalls": [{"no": 1}]}]))
    file = read(more)
    assert file.units[0].name == jiwang().units[0].name
    assert file.deadlines.urgent.sign_minutes == jiwang().deadlines.urgent.sign_minutes
    assert kept(file) == more


def test_what_is_told_to_others_keeps_what_is_unknown() -> None:
    more = everywhere_more(written(fairs=[{"id": "f1"}]))
    told = CommunityLoaded.model_validate({"file": more})
    assert kept(told.file) == more
    assert json.loads(told.model_dump_json())["file"] == more


def test_a_file_from_the_door_is_told_as_it_is() -> None:
    assert kept(CommunityLoaded(file=jiwang()).file) == written()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("compounds", 0, "households"), 9_000_000),
        (("units", 0, "capacity"), 1_000_000),
        (("units", 0, "id"), "Unit_With_Another_Kind_Of_Id"),
        (("units", 0, "name"), "名" * 500),
        (("units", 0, "duties"), ["事" * 5_000] * 900),
        (("routing", "wanted_precision"), 99.0),
        (("deadlines", "days", "help"), 0),
        (("points", "off_hours_factor"), 100),
        (("community", "timezone"), "Asia/Urumqi"),
    ],
    ids=str,
)
def test_a_bound_that_a_newer_release_widened_stops_no_reader(
    path: tuple[str | int, ...], value: Any
) -> None:
    plain = bounded(written(), *path, value=value)
    part: Any = kept(read(plain))
    for key in path:
        part = part[key]
    assert part == value


def test_the_door_stays_as_strict_as_it_was() -> None:
    for plain in (
        written(fairs=[]),
        bounded(written(), "units", 0, "capacity", value=1_000_000),
        bounded(written(), "units", 0, "patron", value="x"),
        bounded(written(), "compounds", 0, "kind", value="village"),
    ):
        with pytest.raises(CommunityFileInvalid):
            parse_community_file(json.dumps(plain, ensure_ascii=False), "file")
        assert read(plain).community.id == "jiwang"


def test_the_door_s_checks_across_entries_are_not_run_again() -> None:
    plain = bounded(written(), "contracts", 0, "unit", value="a-unit-that-is-a-cooperative-since")
    with pytest.raises(CommunityFileInvalid):
        parse_community_file(json.dumps(plain, ensure_ascii=False), "file")
    assert read(plain).contracts[0].unit == "a-unit-that-is-a-cooperative-since"


def test_a_word_nobody_knows_gives_way_to_the_usual_one() -> None:
    plain = bounded(written(), "compounds", 0, "kind", value="village")
    assert read(plain).compounds[0].kind == "compound"
    assert len(read(plain).compounds) == len(jiwang().compounds)


def test_a_word_nobody_knows_in_a_list_is_left_out_of_it() -> None:
    hours = [{"days": ["mon", "holiday"], "opens": "08:00", "closes": "18:30"}]
    partner = read(bounded(written(), "partners", 0, "hours", value=hours)).partners[0]
    assert [(one.days, one.opens, one.closes) for one in partner.hours] == [(("mon",), time(8), time(18, 30))]


def test_an_entry_that_cannot_be_read_is_left_out_and_the_others_stay() -> None:
    plain = written()
    del plain["partners"][0]["trade"]
    plain["partners"][1]["hours"] = [{"days": ["mon"], "opens": "always", "closes": "18:00"}]
    found = read(plain).partners
    assert [partner.id for partner in found] == [partner.id for partner in jiwang().partners[1:]]
    assert found[0].hours == ()


def test_what_no_older_release_wrote_has_its_usual_value() -> None:
    plain = written()
    for section in ("deadlines", "voices", "routing", "venues"):
        del plain[section]
    for entry in (*plain["units"], *plain["partners"]):
        for field in ("working", "location", "hours", "aliases"):
            entry.pop(field, None)
    file = read(plain)
    assert kept(file.deadlines) == kept(Deadlines())
    assert kept(file.voices) == kept(Voices())
    assert all(unit.working and unit.hours == () for unit in file.units)
    assert kept(file)["deadlines"]["hours"][0]["opens"] == "08:00:00"


@pytest.mark.parametrize("section", ["community", "points"])
def test_what_points_or_orders_rest_on_is_not_guessed(section: str) -> None:
    with pytest.raises(ValidationError):
        read(written(**{section: {"something": "else"}}))


def test_a_record_that_is_no_file_is_not_read() -> None:
    for text in ("", "[]", "null", '"x"', "{}"):
        with pytest.raises(ValidationError):
            read_file_on_record(text)


def test_the_same_file_again_is_no_change_whoever_kept_it() -> None:
    assert diff_community_files(read(written()), jiwang()) == ()
    assert diff_community_files(read(everywhere_more_at_the_top()), jiwang()) == ()


def everywhere_more_at_the_top() -> dict[str, Any]:
    """Return a file with a section nobody knows."""
    return written(fairs=[{"id": "f1"}])


def test_what_a_person_changes_is_told_though_a_newer_release_kept_it() -> None:
    plain = everywhere_more_at_the_top()
    plain["partners"][0]["capacity"] = 7
    plain["partners"][0]["patron"] = "x"
    (change,) = diff_community_files(read(plain), jiwang())
    assert (change.section, change.field, change.before) == ("partners", "capacity", 7)


def test_a_tolerant_partner_is_a_partner() -> None:
    assert all(isinstance(partner, Partner) for partner in read(written()).partners)
