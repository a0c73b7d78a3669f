"""What is wished for, where no word of the catalogue is said: sentences, model, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from services.cli.route import router_of
from services.contracts.community_file import CommunityFile
from services.language import wish_training
from services.language.grams import grams, key_of, normal
from services.language.model import (
    WISHES_LONGEST,
    Head,
    Model,
    own_model,
    own_wishes_model,
    read_model,
    written,
)
from services.language.reader import WISHES_MAX, Reader, own_reader
from services.language.rows import BrokenTable
from services.language.wishes import NOTHING_HERE, Wish, own_wishes, read_wished, read_wishes
from services.matching.commands.lines import DemandLine
from services.matching.domain.confidence import DISAGREEMENT_MAX, WISHED_MIN, two_witnesses
from services.matching.domain.lexicon import field_lexicon
from services.matching.domain.matter import Matter, Part, Ranking
from services.matching.domain.providers import Catalogue, Contract, Place, Provider, Resource
from services.matching.domain.ranking import Ranker

TODAY = date(2026, 11, 1)
LAMP = np.array([key_of("灯")])
LAMPS, HAIR, GLASSES = "公共照明/路灯", "理发美容/理发", "视力健康/眼镜"


class TestSentences:
    """What the model of wishes learns from."""

    def test_there_are_many_of_many_hands_for_every_wish(self) -> None:
        wished = read_wished()
        assert len(wished) >= 10_000
        assert len({one.hand for one in wished}) >= 10
        for name in own_wishes():
            assert len({one.hand for one in wished if one.wish == name}) >= 8, name

    def test_some_are_for_what_nobody_here_does(self) -> None:
        assert sum(one.wish == NOTHING_HERE for one in read_wished()) >= 300

    def test_nobody_wrote_what_another_wrote(self) -> None:
        texts = [normal(one.text) for one in read_wished()]
        assert len(texts) - len(set(texts)) < len(texts) / 200, "short ones may meet by chance"

    def test_every_wish_is_a_concept_of_the_lexicon_so_that_somebody_may_do_it(self) -> None:
        assert set(own_wishes()) <= {concept.path for concept in field_lexicon().concepts}

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            ("飞行/火箭\t火箭坏了\n", "h1.tsv:1: there is no wish '飞行/火箭'"),
            ("公共照明/路灯\n", "h1.tsv:1: 2 columns are wanted, not 1"),
            ("公共照明/路灯\t\n", "h1.tsv:1: an empty cell"),
        ],
    )
    def test_a_fault_in_a_hands_rows_is_told_with_its_line(
        self, tmp_path: Path, rows: str, says: str
    ) -> None:
        (tmp_path / "h1.tsv").write_text(rows, encoding="utf-8")
        with pytest.raises(BrokenTable, match=says):
            read_wished(tmp_path)

    def test_a_wish_that_stands_twice_is_refused(self, tmp_path: Path) -> None:
        table = tmp_path / "wishes.tsv"
        table.write_text("公共照明/路灯\t装灯\n公共照明/路灯\t修灯\n", encoding="utf-8")
        with pytest.raises(BrokenTable, match=r"wishes.tsv:2: .* stands twice"):
            read_wishes(table)


class TestModel:
    """One choice among all wishes."""

    def test_it_is_made_from_the_sentences_that_are_there(self) -> None:
        assert own_wishes_model().version == wish_training.digest_of(read_wished()), "run `make model`"

    def test_it_can_be_made_again_to_the_last_number(self) -> None:
        few = [one for one in read_wished() if one.wish in (LAMPS, HAIR, GLASSES)]
        assert wish_training.train(few) == wish_training.train(few)

    def test_shares_are_of_one_whole_likeliest_first(self) -> None:
        heads = (Head("a", 0, 0, 0), Head("b", 0, 0, 0), Head("c", -2, 0, 0))
        model = read_model(written("v", heads, {"灯": [10, 2, 1, 0], "头": [10, 0, 3, 0]}).splitlines())
        found = model.shares_of(LAMP, most=3, least=0)
        assert [name for name, _ in found] == ["a", "b", "c"]
        assert 998 <= sum(share for _, share in found) <= 1_002
        assert model.shares_of(LAMP, most=1, least=0) == found[:1]
        assert model.shares_of(LAMP, most=3, least=1_001) == found[:1]

    def test_of_a_text_of_which_nothing_is_known_every_wish_is_as_likely_as_before_it(self) -> None:
        heads = (Head("a", 1, 0, 0), Head("b", 1, 0, 0))
        model = read_model(written("v", heads, {"灯": [10, 2, 1]}).splitlines())
        assert model.shares_of(np.array([key_of("月")]), most=2, least=0) == (("a", 500), ("b", 500))

    def test_it_needs_no_more_than_two_signs_together(self) -> None:
        assert all(len(gram) <= WISHES_LONGEST for gram in wish_training.spoken_of("路灯不亮了"))
        assert wish_training.spoken_of("路灯不亮了") < grams(normal("路灯不亮了"))


def _all_for(wish: str) -> Model:
    heads = (Head(wish, 90, 0, 0), Head(LAMPS, -90, 0, 0))
    return read_model(written("v", heads, {"灯": [10, 1, 0]}).splitlines())


def wishes_of(text: str, title: str | None = None) -> Mapping[str, int]:
    return {wish.name: wish.likely for wish in own_reader().read(text, title).wishes}


class TestReading:
    """What may be wished for is read with all the rest, once."""

    @pytest.mark.parametrize(
        ("text", "wish"),
        [
            ("天一黑院里就伸手不见五指，接娃回来全靠手机照", LAMPS),
            ("俺爹躺了半年了，后头那撮毛都打卷了，谁会推一推", HAIR),
            ("看报纸胳膊都不够长了，字全是糊的", GLASSES),
            ("洗衣裳的那个一甩就满屋子跑，咣咣响", "家电维修/大家电"),
            ("碗端上来都是凉的，老两口懒得生火，附近哪儿有软和饭", "养老助餐/吃饭"),
            ("包工头躲着不见，干了一冬的钱一分没给", "法律服务/工伤讨薪"),
        ],
    )
    def test_it_is_understood_without_its_name(self, text: str, wish: str) -> None:
        assert next(iter(wishes_of(text))) == wish

    def test_few_are_told_none_of_them_nearly_impossible(self) -> None:
        for text in ("灯", "娃放学没人接，饭也没人做", "您好", "啊", "x" * 4_000, "巷子里黑" * 900):
            wishes = wishes_of(text)
            assert len(wishes) <= WISHES_MAX
            assert all(0 < share <= 1_000 for share in wishes.values())

    def test_what_nobody_here_does_is_told_and_keeps_words_from_making_sure(self) -> None:
        nothing = Reader(own_model(), _all_for(NOTHING_HERE)).read("双色球开奖，二胡下水道路灯")
        assert [(wish.name, wish.likely) for wish in nothing.wishes] == [(NOTHING_HERE, 1_000)]
        assert rank("下水道堵了", {}).decision == "dispatch"
        assert rank("下水道堵了", {NOTHING_HERE: 1_000}).decision == "review"

    def test_something_is_always_told_or_it_would_look_as_if_nothing_had_been_read(self) -> None:
        for text in ("啊", "¥%", "qqqq", "呃呃呃"):
            assert wishes_of(text)

    def test_a_title_is_read_with_the_text(self) -> None:
        assert next(iter(wishes_of("已经好几天了，麻烦看看", "院里的路灯不亮"))) == LAMPS


class TestHelpAtLaw:
    """Whoever is owed money wants it back, and accuses nobody whom the community knows."""

    @pytest.mark.parametrize(
        "text",
        [
            "老板欠我三个月工资不给，没钱请律师",
            "借给亲戚五万块，打了欠条，他现在不认账",
            "讨薪，干了一年活老板跑了",
        ],
    )
    def test_it_is_no_accusation_but_private(self, text: str) -> None:
        reading = own_reader().read(text)
        assert (reading.accusation, reading.private) == ("none", True)

    def test_a_wrong_that_is_told_plainly_is_one_all_the_same(self) -> None:
        text = "举报环卫队长扣我们扫街的工资，一人一月一百二说是管理费，不给就别干"
        assert own_reader().read(text).accusation == "wrongdoing"


class TestWitnesses:
    """Words and wish together make sure, or neither does."""

    def test_either_may_make_sure(self) -> None:
        assert two_witnesses(0.99, WISHED_MIN, 0.0, spoken_against=False) == 0.99
        assert two_witnesses(0.0, 1.0, 0.0, spoken_against=False) > 0.97

    def test_words_of_which_the_wish_knows_little_do_not(self) -> None:
        assert two_witnesses(0.99, WISHED_MIN - 0.01, 0.0, spoken_against=False) == DISAGREEMENT_MAX

    def test_a_wish_that_the_words_speak_against_does_not(self) -> None:
        assert two_witnesses(0.0, 1.0, 0.0, spoken_against=True) == DISAGREEMENT_MAX

    def test_a_wish_that_somebody_else_does_as_well_does_not(self) -> None:
        assert 0 < two_witnesses(0.0, 1.0, 1.0, spoken_against=False) < 0.1

    def test_where_neither_speaks_nothing_is_sure(self) -> None:
        assert two_witnesses(0.0, 0.0, 0.0, spoken_against=False) == 0.0

    def test_the_likelier_a_wish_the_surer(self) -> None:
        sure = [two_witnesses(0.0, wish / 10, 0.0, spoken_against=False) for wish in range(11)]
        assert sure == sorted(sure)


def provider(own: str, *duties: str, capacity: int = 5, resources: tuple[Resource, ...] = ()) -> Provider:
    return Provider(own, f"{own}单位", "unit", duties, capacity, resources=resources)


BARBER = provider("barber", "为老年人理发")
LIGHTER = provider("lighter", "安装太阳能路灯，维修路灯")
PLUMBER = provider("plumber", "疏通下水道")


def told(wishes: Mapping[str, int]) -> tuple[Wish, ...]:
    return tuple(Wish(name, likely) for name, likely in wishes.items())


def rank(text: str, wishes: Mapping[str, int], *providers: Provider) -> Ranking:
    known = Catalogue((Place("east", "东院"),), providers or (BARBER, LIGHTER, PLUMBER), (), 0.98)
    return Ranker(known).rank(Matter(text, wishes=told(wishes)), {}, TODAY)


def reasons(ranking: Ranking) -> Mapping[str, Part]:
    return {part.name: part for part in ranking.candidates[0].parts}


class TestRanking:
    """Whoever does what may be wished for is a candidate, with the reason in whole words."""

    def test_a_sure_wish_is_dispatched_to_whoever_does_it(self) -> None:
        ranking = rank("后头那撮毛都打卷了", {HAIR: 990})
        assert (ranking.decision, ranking.candidates[0].provider) == ("dispatch", "barber")
        assert ranking.category == "理发美容"
        assert reasons(ranking)["意思"].because == "诉求像是要“理发”，其职责有“为老年人理发”"

    def test_it_is_about_what_is_wished_for_where_only_the_countys_words_are_said(self) -> None:
        assert rank("看报纸胳膊都不够长了，字全是糊的", {GLASSES: 990}).category == "视力健康"

    def test_a_doubtful_wish_is_proposed_to_staff(self) -> None:
        ranking = rank("后头那撮毛都打卷了", {HAIR: 600, LAMPS: 200})
        assert (ranking.decision, ranking.candidates[0].provider) == ("review", "barber")
        assert [one.provider for one in ranking.candidates[:2]] == ["barber", "lighter"]

    def test_a_wish_may_be_done_with_a_resource(self) -> None:
        shop = provider("shop", "开店", resources=(Resource("太阳能路灯", 3, "盏"),))
        because = reasons(rank("黑得很", {LAMPS: 990}, shop, PLUMBER))["意思"].because
        assert because == "诉求像是要“装路灯修路灯”，其资源清单上有太阳能路灯"

    def test_where_words_and_wish_speak_for_two_a_person_decides(self) -> None:
        assert rank("下水道堵了，老头发愁", {HAIR: 990}).decision == "review"

    def test_where_the_words_alone_speak_a_person_decides_as_well(self) -> None:
        assert rank("下水道堵了", {}).decision == "dispatch"
        assert rank("下水道堵了", {"快递物流/取件": 900}).decision == "review"

    def test_of_two_that_do_the_same_the_one_with_more_free_hands_is_no_less_sure(self) -> None:
        known = Catalogue((), (LIGHTER, replace(LIGHTER, id="lights")), (), 0.98)
        matter = Matter("晚上太黑想装路灯", wishes=told({LAMPS: 990}))
        for taken in ({}, {"lighter": 1}, {"lights": 4}):
            assert Ranker(known).rank(matter, taken, TODAY).decision == "dispatch"

    @pytest.mark.parametrize("taken", [{}, {"barber": 4}, {"barber": 1, "lighter": 0}])
    def test_that_others_have_more_free_hands_speaks_against_nobody(self, taken: Mapping[str, int]) -> None:
        known = Catalogue((), (BARBER, LIGHTER, PLUMBER), (), 0.98)
        matter = Matter("后头那撮毛都打卷了", wishes=told({HAIR: 990}))
        assert Ranker(known).rank(matter, taken, TODAY).decision == "dispatch"

    def test_nor_does_a_contract_of_somebody_else_with_the_place(self) -> None:
        pairing = Contract("c", "lighter", ("east",), (), TODAY, TODAY)
        known = Catalogue((Place("east", "东院"),), (BARBER, LIGHTER, PLUMBER), (pairing,), 0.98)
        matter = Matter("后头那撮毛都打卷了", compound="east", wishes=told({HAIR: 990}))
        ranking = Ranker(known).rank(matter, {}, TODAY)
        assert (ranking.decision, ranking.candidates[0].provider) == ("dispatch", "barber")

    def test_a_wish_that_nobody_here_does_makes_nobody_a_candidate_for_it(self) -> None:
        ranking = rank("驿站又关门了", {"快递物流/取件": 990})
        assert ranking.decision == "review"
        assert all(part.name != "意思" for one in ranking.candidates for part in one.parts)

    def test_a_wish_of_another_release_that_the_lexicon_does_not_know_says_nothing(self) -> None:
        assert rank("后头那撮毛都打卷了", {"飞行/火箭": 1_000}).confidence == 0

    def test_whoever_is_full_is_granted_nothing(self) -> None:
        known = Catalogue((), (BARBER, LIGHTER), (), 0.98)
        ranking = Ranker(known).rank(Matter("打卷了", wishes=told({HAIR: 990})), {"barber": 5}, TODAY)
        assert all(one.provider != "barber" for one in ranking.candidates)

    def test_what_an_earlier_release_took_in_is_ranked_by_its_words_as_before(self) -> None:
        assert rank("晚上太黑想装路灯", {}).candidates[0].provider == "lighter"


def test_in_the_sample_community_oblique_words_find_who_can_help(jiwang: CommunityFile) -> None:
    router = router_of(jiwang)
    found = {
        text: router.route(DemandLine(id="1", text=text)).ranking.candidates[0].provider
        for text in (
            "院里那根杆子半个月没亮了，下夜班摸着墙回来",
            "看报纸胳膊都不够长了，字全是糊的",
            "洗衣裳的那个一甩就满屋子跑，咣咣响",
            "灶房地漏往上返水，一股子怪味",
        )
    }
    assert list(found.values()) == [
        "jishan-transport-centre",
        "yiming-optical",
        "mingliang-appliance",
        "shuntong-plumbing",
    ]
