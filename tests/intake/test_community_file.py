"""A community file is read whole or refused with everything that is wrong in it."""

import contextlib
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.community_file import CommunityFile
from services.contracts.refusal import Invalid
from services.intake.community_file import (
    CommunityFileInvalid,
    Problem,
    community_file_schema,
    parse_community_file,
)
from services.intake.community_file.problems import PROBLEMS_MAX
from services.intake.community_file.schema import SCHEMA_PATH
from services.intake.community_file.yaml_tree import TEXT_BYTES_MAX

ROOT = Path(__file__).parents[2]
SMALL = """\
community: {id: small, name: 小社区, county: 某县, province: 山西省}
compounds:
  - {id: east, name: 东院, households: 10, residents: 30}
  - {id: west, name: 西院, households: 20, residents: 50}
units:
  - {id: roads, name: 修路队, duties: [修路], capacity: 2}
partners:
  - id: hair
    name: 理发店
    trade: 理发
    duties: [理发]
    capacity: 1
    hours: [{days: [mon, tue], opens: 08:00, closes: 18:00}]
contracts:
  - {id: first, unit: roads, compounds: [east], starts_on: 2026-01-01, ends_on: 2026-12-31}
"""


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CommunityFileInvalid) as refused:
        parse_community_file(text, "small.yaml")
    return refused.value.problems


def changed(*replacements: tuple[str, str]) -> str:
    text = SMALL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def only_problem_of(text: str) -> Problem:
    (problem,) = problems_of(text)
    return problem


def test_a_small_file_is_read() -> None:
    file = parse_community_file(SMALL, "small.yaml")
    assert [compound.name for compound in file.compounds] == ["东院", "西院"]
    assert file.partners[0].hours[0].closes.hour == 18


def test_json_is_read_like_yaml(jiwang: CommunityFile) -> None:
    assert parse_community_file(jiwang.model_dump_json(), "jiwang.json") == jiwang


def test_a_mistake_is_told_with_file_line_column_field_and_reason() -> None:
    problem = only_problem_of(changed(("capacity: 1\n", "capacity: -1\n")))
    assert problem == Problem("small.yaml", 12, 5, "partners[0].capacity", "不能小于 0")
    assert str(problem) == "small.yaml:12:5 partners[0].capacity：不能小于 0"


def test_mistakes_of_every_kind_are_told_at_once() -> None:
    text = changed(
        ("province: 山西省", "province: 山西省, provinse: 错"),
        ("residents: 30", "residents: 3"),
        ("id: west", "id: east"),
        ("capacity: 2", "capacity: 多"),
        ("    capacity: 1\n", "    capacity: 1\n    capacity: 2\n"),
        ("closes: 18:00", "closes: 07:00"),
        ("unit: roads", "unit: rails"),
        ("ends_on: 2026-12-31", "ends_on: 2025-12-31"),
    )
    assert [problem.field for problem in problems_of(text)] == [
        "community.provinse",
        "compounds[0].residents",
        "compounds[1].id",
        "units[0].capacity",
        "partners[0].capacity",
        "partners[0].hours[0].closes",
        "contracts[0].unit",
        "contracts[0].ends_on",
    ]


def test_the_refusal_carries_the_problems_as_plain_json() -> None:
    with pytest.raises(CommunityFileInvalid) as refused:
        parse_community_file(changed(("capacity: 2", "capacity: x")), "small.yaml")
    assert isinstance(refused.value, Invalid)
    assert refused.value.slug == "community_file_invalid"
    told = json.loads(json.dumps(refused.value.facts["problems"]))
    assert told[0]["field"] == "units[0].capacity"
    assert told[0]["line"] == 6


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("name: 东院, ", "", "compounds[0].name", "缺少必填的字段"),
        ("id: east", "id: East!", "compounds[0].id", "只能用小写字母"),
        ("households: 10", "households: 10.5", "compounds[0].households", "应当是整数"),
        ("name: 东院", "name: 2024", "compounds[0].name", "请加引号"),
        ("duties: [修路]", "duties: 修路", "units[0].duties", "应当是列表"),
        ("duties: [修路]", "duties: []", "units[0].duties", "至少要有 1 项"),
        ("[mon, tue]", "[mon, 周二]", "partners[0].hours[0].days[1]", "只能是 mon、tue"),
        ("[mon, tue]", "[mon, mon]", "partners[0].hours[0].days", "同一天写了两次"),
        ("opens: 08:00", "opens: 8点", "partners[0].hours[0].opens", "应当是时间"),
        ("2026-01-01", "2026-02-30", "contracts[0].starts_on", "应当是日期"),
        (
            "id: hair",
            "id: hair\n    people: [{subject: r1}, {subject: r1}]",
            "partners[0].people[1].subject",
            "写了两次",
        ),
        ("id: hair", "id: community", "partners[0].id", "留给社区自己"),
        ("id: hair", "id: budget", "partners[0].id", "留给积分预算账户"),
        ("id: hair", "id: roads", "partners[0].id", "重复，已用于 units[0]"),
        ("name: 西院", "name: 东院", "compounds[1].name", "与 compounds[0] 相同"),
        ("unit: roads", "unit: hair", "contracts[0].unit", "契约只与共建单位签订"),
        ("[east]", "[north]", "contracts[0].compounds[0]", "没有编号为 north 的小区或场所"),
        ("[east]", "[east, east]", "contracts[0].compounds[1]", "写了两次"),
        ("households: 10", "households: 0", "compounds[0].residents", "没有住户"),
        ("households: 10", "households: 31", "compounds[0].residents", "户数与人数矛盾"),
        ("residents: 30", "residents: 3000", "compounds[0].residents", "平均每户人数过多"),
        ("county: 某县", "county: 某县, timezone: 北京", "community.timezone", "不认识的时区"),
        ("units:", "unitz:", "unitz", "不认识的字段"),
    ],
)
def test_each_mistake_has_its_place_and_a_chinese_reason(old: str, new: str, field: str, reason: str) -> None:
    found = {problem.field: problem.reason for problem in problems_of(changed((old, new)))}
    assert reason in found[field]


@pytest.mark.parametrize(
    ("written", "field", "reason"),
    [
        ("hours: [{opens: 12:00, closes: 08:00}]", "deadlines.hours[0].closes", "08:00 不晚于 12:00"),
        (
            "hours: [{opens: 08:00, closes: 12:00}, {opens: 11:00, closes: 18:00}]",
            "deadlines.hours[1].opens",
            "早于前一段的结束",
        ),
        ("hours: []", "deadlines.hours", "至少要有 1 项"),
        ("holidays: [2026-03-03], workdays: [2026-03-03]", "deadlines.workdays[0]", "同时写在 holidays 里"),
        ("holidays: [2026-02-30]", "deadlines.holidays[0]", "应当是日期"),
        ("sign_hours: 0", "deadlines.sign_hours", "必须大于 0"),
        ("days: {enquiry: 0}", "deadlines.days.enquiry", "不能小于 1"),
        ("days: {gossip: 3}", "deadlines.days.gossip", "不认识的字段"),
        ("urgent: {sign_minutes: 0}", "deadlines.urgent.sign_minutes", "不能小于 1"),
    ],
)
def test_each_mistake_in_the_deadlines_has_its_place(written: str, field: str, reason: str) -> None:
    found = {problem.field: problem.reason for problem in problems_of(f"{SMALL}deadlines: {{{written}}}\n")}
    assert reason in found[field]


def test_deadlines_that_are_not_written_are_the_usual_ones() -> None:
    usual = parse_community_file(SMALL, "small.yaml").deadlines
    assert (usual.sign_hours, usual.days.enquiry, usual.days.help, usual.days.report) == (2, 1, 5, 10)
    own = parse_community_file(f"{SMALL}deadlines: {{days: {{help: 3}}}}\n", "small.yaml").deadlines
    assert (own.days.help, own.days.report, own.hours) == (3, 10, usual.hours)


def test_overlapping_contracts_of_the_same_pair_are_refused() -> None:
    again = "  - {id: again, unit: roads, compounds: [east], starts_on: 2026-06-01, ends_on: 2027-05-31}\n"
    assert "同期已有契约 first" in only_problem_of(SMALL + again).reason


def test_a_following_contract_of_the_same_pair_is_fine() -> None:
    after = "  - {id: after, unit: roads, compounds: [east], starts_on: 2027-01-01, ends_on: 2027-12-31}\n"
    assert len(parse_community_file(SMALL + after, "small.yaml").contracts) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "文件是空的"),
        ("# 只有注释\n", "文件是空的"),
        ("null", "文件是空的"),
        ("a: [1, 2", "YAML 语法错误"),
        ("a: b: c", "含冒号的文字请加引号"),
        ("a: 'b", "YAML 语法错误"),
        ("\ta: 1", "YAML 语法错误"),
        ("a: &anchor 1", "不允许使用锚点 &anchor"),
        ("a: *missing", "不允许使用引用 *missing"),
        ("a: !!python/object/apply:os.system [ls]", "不允许使用标签"),
        ("a: !mine 1", "不允许使用标签"),
        ("a: 1\n---\nb: 2", "一个文件只能写一个社区"),
        ("[" * 500 + "]" * 500, "嵌套超过"),
        ("a: \0", "不允许的字符 U+0000"),
        ("a: \ud800", "不是有效的 UTF-8"),
        ("a: " + "x" * TEXT_BYTES_MAX, "超过上限"),
        ("? [a, b]\n: 1", "字段名必须是一个词"),
        ("42", "这里应当是一组"),
    ],
)
def test_text_that_is_no_plain_yaml_is_refused(text: str, reason: str) -> None:
    assert any(reason in problem.reason for problem in problems_of(text))


def test_an_alias_bomb_is_refused_without_being_unfolded() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "锚点" in problems_of("\n".join(levels))[0].reason


def test_the_number_of_problems_told_is_bounded() -> None:
    many = "\n".join(f"x{n}: 1" for n in range(PROBLEMS_MAX * 2))
    assert len(problems_of(many)) == PROBLEMS_MAX


def test_words_and_clock_times_stay_what_was_written() -> None:
    text = changed(("name: 理发店", "name: no"), ("closes: 18:00", "closes: 20:30"))
    partner = parse_community_file(text, "small.yaml").partners[0]
    assert (partner.name, partner.hours[0].closes.isoformat()) == ("no", "20:30:00")


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    assert problems_of(text)


@given(st.integers(min_value=0, max_value=len(SMALL)), st.text(max_size=3))
def test_a_damaged_file_is_either_read_or_refused(at: int, noise: str) -> None:
    with contextlib.suppress(CommunityFileInvalid):
        parse_community_file(SMALL[:at] + noise + SMALL[at:], "small.yaml")


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / SCHEMA_PATH).read_text(encoding="utf-8"))
    assert published == community_file_schema()


def test_the_sample_communities_fit_the_published_schema(
    jiwang: CommunityFile, fenwan: CommunityFile
) -> None:
    validator = jsonschema.Draft202012Validator(community_file_schema())
    for file in (jiwang, fenwan):
        validator.validate(json.loads(file.model_dump_json()))


def test_every_field_of_the_format_is_documented() -> None:
    reference = (ROOT / "docs" / "community-file.md").read_text(encoding="utf-8")
    schema = community_file_schema()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for model in (schema, *definitions.values()):
        for field in model["properties"]:
            assert f"`{field}`" in reference, field


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory"])
def test_a_time_zone_that_depends_on_the_machine_is_refused(zone: str) -> None:
    problem = only_problem_of(changed(("province: 山西省", f"province: 山西省, timezone: {zone}")))
    assert problem.field == "community.timezone"
    assert problem.reason == f"时区 {zone} 随机器而变，请写固定的名称，如 Asia/Shanghai"


@pytest.mark.parametrize(
    "zone",
    ["/etc/localtime", "../../etc/localtime", "posix/Asia/Shanghai", "right/UTC", "asia/shanghai", '""'],
)
def test_a_time_zone_that_nobody_knows_is_refused(zone: str) -> None:
    problem = only_problem_of(changed(("province: 山西省", f"province: 山西省, timezone: {zone}")))
    assert (problem.field, "不认识的时区" in problem.reason) == ("community.timezone", True)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "UTC", "PRC"])
def test_a_name_of_iana_is_taken(zone: str) -> None:
    text = changed(("province: 山西省", f"province: 山西省, timezone: {zone}"))
    assert parse_community_file(text, "small.yaml").community.timezone == zone
