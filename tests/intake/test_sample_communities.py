"""The sample communities hold the facts they are meant to hold."""

from datetime import date

from services.contracts.community_file import CommunityFile, Compound, Contract, Partner, Unit, Venue
from services.matching.domain.lexicon import field_lexicon

TODAY = date(2026, 11, 1)
NAMED_COMPOUNDS = {"毓秀苑小区", "锦都小区", "露天巷", "滨河家园小区", "信合大厦", "吉祥苑小区"}
NAMED_UNITS = {
    "稷山县人大常委会",
    "稷山县住房和城乡建设局",
    "稷山县交通运输事业发展中心",
    "稷山县供销合作社",
    "稷山县现代农业发展中心",
}


def test_jiwang_has_the_households_and_residents_it_reports(jiwang: CommunityFile) -> None:
    assert len(jiwang.compounds) == 30
    assert sum(compound.households for compound in jiwang.compounds) == 2_250
    assert sum(compound.residents for compound in jiwang.compounds) == 7_188


def test_seventy_percent_of_jiwangs_compounds_have_a_council_corner(jiwang: CommunityFile) -> None:
    assert sum(compound.council_corner for compound in jiwang.compounds) == 21


def test_jiwang_has_eight_units_and_fifteen_partners(jiwang: CommunityFile) -> None:
    assert (len(jiwang.units), len(jiwang.partners)) == (8, 15)


def test_everything_the_source_does_not_name_is_marked_as_sample(jiwang: CommunityFile) -> None:
    assert {c.name for c in jiwang.compounds if not c.sample} == NAMED_COMPOUNDS
    assert {u.name for u in jiwang.units if not u.sample} == NAMED_UNITS
    assert {p.name for p in jiwang.partners if not p.sample} == {"医明眼镜店"}
    assert {c.id for c in jiwang.contracts if not c.sample} == {"npc-yuxiuyuan", "housing-lutianxiang"}


def test_figures_of_named_entries_are_marked_as_completed(jiwang: CommunityFile) -> None:
    entries: list[Compound | Unit | Partner] = [*jiwang.compounds, *jiwang.units, *jiwang.partners]
    assert all(entry.sample_details for entry in entries if not entry.sample)


def test_jindu_is_in_nobodys_contract_and_has_more_than_240_households(jiwang: CommunityFile) -> None:
    jindu = next(compound for compound in jiwang.compounds if compound.id == "jindu")
    assert jindu.households > 240
    assert jindu.residents > 710
    assert all("jindu" not in contract.compounds for contract in jiwang.contracts)


def test_nobody_in_jiwang_offers_anything_for_charging_e_bikes(jiwang: CommunityFile) -> None:
    lexicon = field_lexicon()
    for provider in (*jiwang.units, *jiwang.partners):
        for text in (*provider.duties, *(resource.name for resource in provider.resources)):
            named = {lexicon.concepts[number].category for number in lexicon.concepts_in(text)}
            assert not named & {"电动车充电", "消防安全", "供电用电"}, (provider.name, text)


def test_jiwang_has_an_unsigned_a_resting_and_an_expired_party(jiwang: CommunityFile) -> None:
    assert sum(partner.convention_signed_on is None for partner in jiwang.partners) == 1
    assert sum(not partner.working for partner in jiwang.partners) == 1
    assert sum(contract.ends_on < TODAY for contract in jiwang.contracts) == 1


def test_two_counties_share_exactly_one_unit(jiwang: CommunityFile, fenwan: CommunityFile) -> None:
    shared = {unit.id for unit in jiwang.units} & {unit.id for unit in fenwan.units}
    assert shared == {"yuncheng-legal-aid-centre"}
    assert jiwang.community.county != fenwan.community.county


def test_the_invented_community_is_sample_throughout(fenwan: CommunityFile) -> None:
    assert fenwan.community.sample
    places: list[Compound | Venue] = [*fenwan.compounds, *fenwan.venues]
    parties: list[Unit | Partner | Contract] = [*fenwan.units, *fenwan.partners, *fenwan.contracts]
    assert all(place.sample for place in places)
    assert all(party.sample for party in parties)


def test_points_name_categories_that_the_router_knows(jiwang: CommunityFile, fenwan: CommunityFile) -> None:
    for file in (jiwang, fenwan):
        assert file.points is not None
        assert set(file.points.points_by_category) <= set(field_lexicon().categories)
