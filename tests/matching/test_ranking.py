"""The rules of ranking, whatever the catalogue and the matter."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.providers import Catalogue, Contract, Place, Provider, Resource
from services.matching.domain.ranking import Ranker

TODAY = date(2026, 11, 1)
DUTIES = (
    "道路维修和路面硬化",
    "安装太阳能路灯",
    "疏通下水道和水管维修",
    "为老年人理发",
    "儿童视力筛查",
    "法律咨询和代写诉状",
    "捐建乒乓球台和健身器材",
    "皮影戏教学",
)
TEXTS = (
    "巷子坑坑洼洼",
    "晚上太黑想装路灯",
    "下水道堵了",
    "老人想理发",
    "孩子近视查视力",
    "想打官司",
    "院里放张乒乓球台",
    "想学皮影戏",
    "孩子上学",
    "",
)


def provider(number: int, *duties: str, **changes: object) -> Provider:
    given_ = Provider(f"p{number:02}", f"第{number}号单位", "unit", duties or (DUTIES[0],), capacity=3)
    return replace(given_, **changes)  # type: ignore[arg-type]  # each test names real fields


def contract(unit: str, *scope: str, starts: date = TODAY, ends: date = TODAY) -> Contract:
    return Contract(f"c-{unit}", unit, ("east",), scope, starts, ends)


def catalogue(*providers: Provider, contracts: tuple[Contract, ...] = (), sure: float = 0.6) -> Catalogue:
    return Catalogue((Place("east", "东院"), Place("west", "西院")), providers, contracts, sure)


def rank(
    known: Catalogue, text: str, open_orders: Mapping[str, int] | None = None, place: str | None = "east"
) -> Ranking:
    return Ranker(known).rank(Matter(text, compound=place), open_orders or {}, TODAY)


def ids(ranking: Ranking) -> list[str]:
    return [candidate.provider for candidate in ranking.candidates]


def test_of_two_who_can_do_it_the_contracted_one_goes_first() -> None:
    plain = provider(1, DUTIES[0], resources=(Resource("道路维修队", 5),), capacity=100)
    paired = provider(2, DUTIES[0], capacity=1)
    ranking = rank(catalogue(plain, paired, contracts=(contract("p02"),)), TEXTS[0])
    assert ids(ranking) == ["p02", "p01"]
    assert ranking.decision == "dispatch"


@pytest.mark.parametrize("text", ["孩子上学", "你好", "", "东院"])
def test_a_contract_alone_is_not_enough(text: str) -> None:
    ranking = rank(catalogue(provider(1), contracts=(contract("p01"),), sure=0.0), text)
    assert ranking.decision == "review"
    assert ranking.confidence == 0


def test_a_contract_outside_its_term_counts_for_nothing() -> None:
    day = timedelta(days=1)
    for term in ((TODAY - 9 * day, TODAY - day), (TODAY + day, TODAY + 9 * day)):
        old = contract("p02", starts=term[0], ends=term[1])
        ranking = rank(catalogue(provider(1), provider(2), contracts=(old,)), TEXTS[0])
        assert ids(ranking)[0] == "p01"
        assert all(part.name != "契约" for candidate in ranking.candidates for part in candidate.parts)


def test_both_ends_of_a_term_count() -> None:
    for term in ((TODAY, TODAY + timedelta(days=9)), (TODAY - timedelta(days=9), TODAY)):
        known = catalogue(
            provider(1), provider(2), contracts=(contract("p02", starts=term[0], ends=term[1]),)
        )
        assert ids(rank(known, TEXTS[0]))[0] == "p02"


def test_a_contract_with_another_place_counts_for_nothing() -> None:
    known = catalogue(provider(1), provider(2), contracts=(contract("p02"),))
    assert ids(rank(known, TEXTS[0], place="west"))[0] == "p01"


def test_the_scope_of_a_contract_is_evidence_of_its_own() -> None:
    silent = provider(2, "服务群众")
    known = catalogue(provider(1, DUTIES[3]), silent, contracts=(contract("p02", "路灯照明"),))
    assert rank(known, TEXTS[1]).decision == "dispatch"
    assert ids(rank(known, TEXTS[1]))[0] == "p02"


def test_no_orders_without_free_hands_a_signed_convention_and_an_open_shop() -> None:
    partner = provider(3, kind="partner")
    known = catalogue(
        provider(1, capacity=0),
        provider(2, working=False),
        partner,
        replace(partner, id="p04", convention_signed_on=TODAY + timedelta(days=1)),
        replace(partner, id="p05", convention_signed_on=TODAY),
        provider(6),
    )
    assert ids(rank(known, TEXTS[0], {"p06": 3})) == ["p05"]


def test_nobody_left_means_review() -> None:
    ranking = rank(catalogue(provider(1)), TEXTS[0], {"p01": 9})
    assert (ranking.decision, ranking.candidates, ranking.confidence) == ("review", (), 0.0)


def test_a_resource_that_is_given_away_is_no_evidence() -> None:
    table = Resource("乒乓球台", 1, "张")
    has, had = provider(1, "服务群众", resources=(table,)), provider(2, "服务群众")
    had = replace(had, resources=(replace(table, quantity=0),))
    ranking = rank(catalogue(had, has), TEXTS[6])
    assert ids(ranking)[0] == "p01"
    assert [part.name for part in ranking.candidates[1].parts] == ["余力"]


def test_what_lies_outside_the_scope_of_a_contract_is_not_favoured() -> None:
    plain, paired = provider(1), provider(2, DUTIES[0], DUTIES[1])
    known = catalogue(plain, paired, contracts=(contract("p02", "路灯照明"),))
    by_name = {part.name: part.value for part in rank(known, TEXTS[0]).candidates[0].parts}
    assert by_name.get("契约", 0.0) <= 0.05
    assert ids(rank(known, TEXTS[1]))[0] == "p02"


def test_words_that_the_field_does_not_know_still_find_who_writes_them() -> None:
    known = catalogue(provider(1, "蚕茧收烘指导"), provider(2, DUTIES[3]), provider(3, DUTIES[4]))
    assert ids(rank(known, "谁懂蚕茧收烘"))[0] == "p01"


def test_a_provider_named_after_a_trade_gets_nothing_for_its_name() -> None:
    known = catalogue(
        provider(1, DUTIES[3], name="大路灯理发店", aliases=("大路灯",)), provider(2, DUTIES[4])
    )
    assert rank(known, "大路灯理发店").confidence == 0


def test_the_title_is_read_as_well() -> None:
    matter = Matter("请帮帮我们", title="下水道堵了", compound="west")
    ranking = Ranker(catalogue(provider(1, DUTIES[2]))).rank(matter, {}, TODAY)
    assert ranking.category == "管道疏通"
    assert ranking.decision == "dispatch"


def test_a_stricter_community_dispatches_less() -> None:
    assert rank(catalogue(provider(1), sure=0.5), TEXTS[0]).decision == "dispatch"
    assert rank(catalogue(provider(1), sure=0.99), TEXTS[0]).decision == "review"


providers = st.lists(
    st.builds(
        provider,
        number=st.integers(0, 30),
        capacity=st.integers(0, 4),
        working=st.booleans(),
        kind=st.sampled_from(["unit", "partner"]),
        convention_signed_on=st.sampled_from([None, TODAY, TODAY + timedelta(days=1)]),
        duties=st.lists(st.sampled_from(DUTIES), min_size=1, max_size=3).map(tuple),
        resources=st.lists(
            st.builds(Resource, st.sampled_from(["乒乓球台", "路灯", "法律讲座"]), st.integers(0, 2)),
            max_size=2,
        ).map(tuple),
    ),
    max_size=9,
    unique_by=lambda each: each.id,
)
texts = st.lists(st.sampled_from(TEXTS) | st.text(max_size=12), min_size=1, max_size=3).map("，".join)
orders = st.dictionaries(st.integers(0, 30).map(lambda n: f"p{n:02}"), st.integers(0, 5), max_size=9)
places = st.sampled_from(["east", "west", None])


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    known = draw(providers)
    paired = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
    starts = draw(st.sampled_from([TODAY - timedelta(days=9), TODAY, TODAY + timedelta(days=1)]))
    terms = tuple(contract(each.id, starts=starts, ends=starts + timedelta(days=3)) for each in paired)
    return catalogue(*known, contracts=terms)


@settings(max_examples=60, deadline=None)
@given(catalogues(), texts, orders, places, st.data())
def test_the_order_of_the_file_changes_nothing(
    known: Catalogue, text: str, open_orders: dict[str, int], place: str | None, data: st.DataObject
) -> None:
    turned = replace(
        known,
        providers=tuple(data.draw(st.permutations(known.providers))),
        contracts=tuple(data.draw(st.permutations(known.contracts))),
    )
    assert rank(known, text, open_orders, place) == rank(turned, text, open_orders, place)


@settings(max_examples=60, deadline=None)
@given(catalogues(), texts, orders, places)
def test_ranking_is_lawful(
    known: Catalogue, text: str, open_orders: dict[str, int], place: str | None
) -> None:
    ranker = Ranker(known)
    matter = Matter(text, compound=place)
    ranking = ranker.rank(matter, open_orders, TODAY)
    assert ranking == ranker.rank(matter, open_orders, TODAY)
    assert 0.0 <= ranking.confidence <= 1.0
    for candidate in ranking.candidates:
        assert abs(candidate.score - sum(part.value for part in candidate.parts)) < 1e-9
        assert all(part.value > 0 and part.because for part in candidate.parts)
    assert list(ranking.candidates) == sorted(ranking.candidates, key=lambda c: (-c.score, c.provider))
    if ranking.decision == "dispatch":
        assert ranking.confidence >= ranking.sure_from


@settings(max_examples=60, deadline=None)
@given(catalogues(), texts, orders, places)
def test_only_those_who_may_take_an_order_are_candidates(
    known: Catalogue, text: str, open_orders: dict[str, int], place: str | None
) -> None:
    eligible = {
        each.id
        for each in known.providers
        if each.working
        and each.capacity > open_orders.get(each.id, 0)
        and (each.kind == "unit" or each.convention_signed_on == TODAY)
    }
    found = ids(rank(known, text, open_orders, place))
    assert set(found) <= eligible
    assert len(set(found)) == len(found) >= min(3, len(eligible))
