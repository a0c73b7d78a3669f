"""Contradictions between entries that are each well-formed: ids, terms, hours, figures, pairings.

Each check sees the entries that fit the format, so that one misspelt field does not hide the rest.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from zoneinfo import available_timezones

from pydantic import ValidationError

from services.contracts.community_file import (
    COMMUNITY_SELF,
    POINTS_BUDGET,
    Community,
    Compound,
    Contract,
    Deadlines,
    Entry,
    GridWorker,
    Hours,
    Partner,
    PointsRule,
    Provider,
    Unit,
    Venue,
)
from services.intake.community_file.entries import LISTS, Entries
from services.intake.community_file.problems import FieldPath

HOUSEHOLD_RESIDENTS_MAX = 20
"""More people than this per household is a slip of the pen."""

Finding = tuple[FieldPath, str]
EntryT = TypeVar("EntryT", bound=Entry)
Numbered = tuple[tuple[int, EntryT], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The well-formed entries with their place in the file, and every id that the file writes."""

    community: Community | None
    compounds: Numbered[Compound]
    venues: Numbered[Venue]
    units: Numbered[Unit]
    partners: Numbered[Partner]
    contracts: Numbered[Contract]
    points: PointsRule | None
    deadlines: Deadlines | None
    grid_workers: Numbered[GridWorker]
    ids: Mapping[str, tuple[tuple[int, str], ...]]

    def providers(self) -> Iterator[tuple[str, int, Provider]]:
        yield from (("units", index, unit) for index, unit in self.units)
        yield from (("partners", index, partner) for index, partner in self.partners)


def contradictions(value: object, entries: Entries) -> Iterator[Finding]:
    """Every contradiction of the file, check by check.

    Arguments:
        value: the file as it was written.
        entries: those of its entries that fit the format.
    """
    sheet = _sheet(value, entries)
    for check in _CHECKS:
        yield from check(sheet)


def _sheet(value: object, entries: Entries) -> Sheet:
    root = value if isinstance(value, dict) else {}
    numbered = {section: entries.numbered.get(section, ()) for section in LISTS}
    return Sheet(
        community=_entry(Community, root.get("community")),
        **numbered,
        points=_entry(PointsRule, root.get("points")),
        deadlines=_entry(Deadlines, root.get("deadlines")),
        grid_workers=_grid_workers(root.get("grid_workers")),
        ids={section: _ids(root.get(section)) for section in LISTS},
    )


def _entry(model: type[EntryT], value: object) -> EntryT | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _grid_workers(values: object) -> Numbered[GridWorker]:
    items = enumerate(values if isinstance(values, list) else ())
    return tuple((i, worker) for i, item in items if (worker := _entry(GridWorker, item)) is not None)


def _ids(values: object) -> tuple[tuple[int, str], ...]:
    items = enumerate(values if isinstance(values, list) else ())
    return tuple((i, item["id"]) for i, item in items if isinstance(item, dict) and _has_id(item))


def _has_id(item: Mapping[str, object]) -> bool:
    return isinstance(item.get("id"), str)


_SHARED_NAMESPACES = (("compounds", "venues"), ("units", "partners"), ("contracts",))
"""Sections whose ids are used in the same place and so must differ from one another."""


def _timezone_is_known(sheet: Sheet) -> Iterator[Finding]:
    zone = sheet.community.timezone if sheet.community else ""
    if zone in _OF_THE_MACHINE:
        yield ("community", "timezone"), f"时区 {zone} 随机器而变，请写固定的名称，如 Asia/Shanghai"
    elif sheet.community and zone not in available_timezones():
        yield ("community", "timezone"), f"不认识的时区 {zone}，应写作 Asia/Shanghai 等"


_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Names that a machine's files hold beside IANA's: what they mean depends on the machine, or is nothing."""


def _ids_are_unique(sheet: Sheet) -> Iterator[Finding]:
    for sections in _SHARED_NAMESPACES:
        first: dict[str, str] = {}
        for section in sections:
            for index, written in sheet.ids[section]:
                place = f"{section}[{index}]"
                if written in first:
                    yield (section, index, "id"), f"编号 {written} 重复，已用于 {first[written]}"
                first.setdefault(written, place)


def _community_id_is_reserved(sheet: Sheet) -> Iterator[Finding]:
    for section in ("units", "partners"):
        for index, written in sheet.ids[section]:
            if written == COMMUNITY_SELF:
                yield (section, index, "id"), f"编号 {COMMUNITY_SELF} 留给社区自己"
            if written == POINTS_BUDGET and section == "partners":
                yield (section, index, "id"), f"编号 {POINTS_BUDGET} 留给积分预算账户"


def _names_are_unique(sheet: Sheet) -> Iterator[Finding]:
    places = [("compounds", i, c.name, c.aliases) for i, c in sheet.compounds]
    places += [("venues", i, v.name, v.aliases) for i, v in sheet.venues]
    yield from _clashes(places)
    yield from _clashes([(s, i, p.name, p.aliases) for s, i, p in sheet.providers()])


def _clashes(named: list[tuple[str, int, str, tuple[str, ...]]]) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for section, index, name, aliases in named:
        for word, place in [(name, ("name",)), *((a, ("aliases", n)) for n, a in enumerate(aliases))]:
            taken = owner.setdefault(word, f"{section}[{index}]")
            if taken != f"{section}[{index}]":
                yield (section, index, *place), f"名称“{word}”与 {taken} 相同，分不清是谁"


def _figures_agree(sheet: Sheet) -> Iterator[Finding]:
    for index, compound in sheet.compounds:
        households, residents = compound.households, compound.residents
        if households == 0 < residents:
            yield ("compounds", index, "residents"), f"没有住户（0 户）却有 {residents} 人"
        elif households > residents:
            yield ("compounds", index, "residents"), f"{residents} 人少于 {households} 户，户数与人数矛盾"
        elif residents > households * HOUSEHOLD_RESIDENTS_MAX:
            yield ("compounds", index, "residents"), f"{households} 户 {residents} 人，平均每户人数过多"


def _hours_close_after_they_open(sheet: Sheet) -> Iterator[Finding]:
    for section, index, provider in sheet.providers():
        for number, span in enumerate(provider.hours):
            place = (section, index, "hours", number)
            if span.closes <= span.opens:
                reason = f"{span.closes:%H:%M} 不晚于 {span.opens:%H:%M}；过夜请分两段写"
                yield (*place, "closes"), reason
            if len(set(span.days)) < len(span.days):
                yield (*place, "days"), "同一天写了两次"
        yield from _overlaps(section, index, provider.hours)


def _overlaps(section: str, index: int, hours: tuple[Hours, ...]) -> Iterator[Finding]:
    for number, span in enumerate(hours):
        for earlier in hours[:number]:
            shared = [day for day in span.days if day in earlier.days]
            if shared and span.opens < earlier.closes and earlier.opens < span.closes:
                yield (section, index, "hours", number), f"与前面的时段在 {shared[0]} 重叠"


def _resources_are_listed_once(sheet: Sheet) -> Iterator[Finding]:
    for section, index, provider in sheet.providers():
        seen: set[str] = set()
        for number, resource in enumerate(provider.resources):
            if resource.name in seen:
                yield (section, index, "resources", number, "name"), f"资源“{resource.name}”列了两次"
            seen.add(resource.name)


def _contracts_name_known_parties(sheet: Sheet) -> Iterator[Finding]:
    units = {written for _, written in sheet.ids["units"]}
    partners = {written for _, written in sheet.ids["partners"]}
    places = {written for section in ("compounds", "venues") for _, written in sheet.ids[section]}
    for index, contract in sheet.contracts:
        if contract.unit in partners:
            yield ("contracts", index, "unit"), f"{contract.unit} 是合伙人，契约只与共建单位签订"
        elif contract.unit not in units:
            yield ("contracts", index, "unit"), f"没有编号为 {contract.unit} 的共建单位"
        for number, compound in enumerate(contract.compounds):
            if compound not in places:
                yield ("contracts", index, "compounds", number), f"没有编号为 {compound} 的小区或场所"
            if compound in contract.compounds[:number]:
                yield ("contracts", index, "compounds", number), f"{compound} 写了两次"


def _people_are_listed_once(sheet: Sheet) -> Iterator[Finding]:
    for index, partner in sheet.partners:
        seen: set[str] = set()
        for number, person in enumerate(partner.people):
            if person.subject in seen:
                yield ("partners", index, "people", number, "subject"), f"{person.subject} 写了两次"
            seen.add(person.subject)


def _terms_end_after_they_start(sheet: Sheet) -> Iterator[Finding]:
    for index, contract in sheet.contracts:
        if contract.ends_on < contract.starts_on:
            yield ("contracts", index, "ends_on"), f"早于开始日期 {contract.starts_on}"


def _pairs_are_contracted_once_at_a_time(sheet: Sheet) -> Iterator[Finding]:
    terms: dict[tuple[str, str], list[tuple[date, date, str]]] = {}
    for index, contract in sheet.contracts:
        for compound in dict.fromkeys(contract.compounds):
            known = terms.setdefault((contract.unit, compound), [])
            for starts_on, ends_on, other in known:
                if contract.starts_on <= ends_on and starts_on <= contract.ends_on:
                    yield ("contracts", index), f"{contract.unit} 与 {compound} 同期已有契约 {other}"
            known.append((contract.starts_on, contract.ends_on, contract.id))


def _points_are_not_negative(sheet: Sheet) -> Iterator[Finding]:
    if sheet.points is None:
        return
    for category, points in sheet.points.points_by_category.items():
        if points < 0:
            yield ("points", "points_by_category", category), "积分不能小于 0"


def _working_spans_follow_each_other(sheet: Sheet) -> Iterator[Finding]:
    spans = sheet.deadlines.hours if sheet.deadlines else ()
    for number, span in enumerate(spans):
        place = ("deadlines", "hours", number)
        if span.closes <= span.opens:
            yield (*place, "closes"), f"{span.closes:%H:%M} 不晚于 {span.opens:%H:%M}"
        if number and span.opens < spans[number - 1].closes:
            yield (*place, "opens"), "早于前一段的结束；请按先后写，不要重叠"


def _days_are_worked_or_not(sheet: Sheet) -> Iterator[Finding]:
    free = set(sheet.deadlines.holidays) if sheet.deadlines else set()
    for number, day in enumerate(sheet.deadlines.workdays if sheet.deadlines else ()):
        if day in free:
            yield ("deadlines", "workdays", number), f"{day} 同时写在 holidays 里"


def _grid_workers_have_known_places(sheet: Sheet) -> Iterator[Finding]:
    known = {own for section in ("compounds", "venues") for _, own in sheet.ids[section]}
    seen: set[str] = set()
    for index, worker in sheet.grid_workers:
        if worker.subject in seen:
            yield ("grid_workers", index, "subject"), f"{worker.subject} 写了两次"
        seen.add(worker.subject)
        for number, place in enumerate(worker.compounds):
            if place not in known:
                yield ("grid_workers", index, "compounds", number), f"没有小区或场所 {place}"


_CHECKS: tuple[Callable[[Sheet], Iterator[Finding]], ...] = (
    _timezone_is_known,
    _ids_are_unique,
    _community_id_is_reserved,
    _names_are_unique,
    _figures_agree,
    _hours_close_after_they_open,
    _resources_are_listed_once,
    _contracts_name_known_parties,
    _people_are_listed_once,
    _terms_end_after_they_start,
    _pairs_are_contracted_once_at_a_time,
    _points_are_not_negative,
    _working_spans_follow_each_other,
    _days_are_worked_or_not,
    _grid_workers_have_known_places,
)
