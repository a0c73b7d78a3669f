"""A text is read once: danger, accusation, private or public, what is asked, and where."""

from pathlib import Path

import pytest

from services.language.grams import EDGE, gram_of, grams, key_of, keys, normal, shorter_than
from services.language.model import BrokenModel, Head, own_model, own_wishes_model, read_model, written
from services.language.reader import Reader, Reading, own_reader
from services.language.sentences import BadSentence, read_sentences
from services.language.training import digest_of, lessons, train


def read(text: str, title: str | None = None) -> Reading:
    """Return how the project's own reader reads a text."""
    return own_reader().read(text, title)


class TestSentences:
    """What the reader learns from."""

    def test_there_are_many_of_many_hands(self) -> None:
        sentences = read_sentences()
        assert len(sentences) >= 6_000
        assert len({sentence.hand for sentence in sentences}) >= 10

    def test_nobody_wrote_what_another_wrote(self) -> None:
        texts = [normal(sentence.text) for sentence in read_sentences()]
        assert len(texts) - len(set(texts)) < len(texts) / 200, "short ones may meet by chance"

    @pytest.mark.parametrize(
        ("line", "wrong"),
        [
            ("路灯坏了\tnone\t-\tnone\tpublic\tdeed", "columns"),
            ("路灯坏了\tperhaps\t-\tnone\tpublic\tdeed\there", "danger"),
            ("路灯坏了\tnone\t-\tbad\tpublic\tdeed\there", "accusation"),
            ("路灯坏了\tnone\tfire\tnone\tpublic\tdeed\there", "a danger has a kind"),
            ("着火了\tnow\t-\tnone\tpublic\tdeed\there", "a danger has a kind"),
            (" \tnone\t-\tnone\tpublic\tdeed\there", "no text"),
        ],
    )
    def test_a_faulty_line_is_refused_with_file_and_line(self, tmp_path: Path, line: str, wrong: str) -> None:
        good = "灯不亮\tnone\t-\tnone\tpublic\tdeed\there\n"
        (tmp_path / "h99.tsv").write_text(good + line + "\n", encoding="utf-8")
        with pytest.raises(BadSentence, match=f"h99.tsv:2: .*{wrong}"):
            read_sentences(tmp_path)


class TestModel:
    """A table of whole numbers."""

    def test_it_is_made_from_the_sentences_that_are_there(self) -> None:
        assert own_model().version == digest_of(lessons()), "run `make model`"

    def test_it_can_be_made_again_to_the_last_number(self) -> None:
        few = [s for number, s in enumerate(read_sentences()) if number % 25 == 0]
        assert train(few) == train(few)

    def test_what_is_written_is_read(self) -> None:
        heads = (Head("now", -10, 300, 700), Head("idle", 5, 400, 600))
        table = written("v1", heads, {"火": [12, 30, 0], "灯": [9, -20, 4]})
        model = read_model(table.splitlines())
        assert (model.version, tuple(model.heads.values())) == ("v1", heads)
        assert model.chances("火")["now"] > 500 > model.chances("灯")["now"]
        assert model.speaking("着火", "now") == [("火", 30)]

    @pytest.mark.parametrize(
        ("table", "wrong"),
        [
            ("", "no version"),
            ("version\tv\nhead\tnow\t1\t2\n", "model.tsv:2"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t火\tmuch\t0:1\n", "model.tsv:3"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t火\t1\t7:1\n", "model.tsv:3"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t火\t1\t0:40000\n", "model.tsv:3: 40000"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t火\t40000\t0:1\n", "model.tsv:3: 40000"),
            ("version\tv\nhead\tnow\t1\t2\t3\nword\t火\n", "model.tsv:3: word"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t着火了吗\t1\t0:1\n", "model.tsv:3: 着火了吗"),
            ("version\tv\nhead\tnow\t1\t2\t3\ngram\t\t1\t0:1\n", "model.tsv:3"),
            ("version\tv\nhead\tnow\t1\t2\t3" + "\ngram\t火\t1\t0:1" * 2, "stands twice"),
        ],
    )
    def test_a_broken_table_is_refused_with_its_line(self, table: str, wrong: str) -> None:
        with pytest.raises(BrokenModel, match=wrong):
            read_model(table.splitlines())

    def test_a_text_of_which_nothing_is_known_has_the_chance_of_any(self) -> None:
        model = own_model()
        assert model.chances("ℵ" * 5) == model.chances("☃")


class TestNormalForm:
    """One form for what looks the same."""

    @pytest.mark.parametrize(
        ("written_as", "plain"),
        [
            ("Ａ座１２楼", "a座0楼"),
            ("着\u200b火\u200d了", "着火了"),
            ("啊啊啊啊啊", "啊啊"),
            (" 路灯 \n\n坏了 ", "路灯 坏了"),
        ],
    )
    def test_width_case_numbers_and_invisible_marks_make_no_difference(
        self, written_as: str, plain: str
    ) -> None:
        assert normal(written_as) == plain

    def test_the_edges_of_a_text_are_seen(self) -> None:
        assert grams("火") == {EDGE, "火", f"{EDGE}火", f"火{EDGE}", f"{EDGE}火{EDGE}"}

    @pytest.mark.parametrize("text", ["", "火", "着火了着火了，快来人！", "a\0b", "😀😀 𠀀 ^^", "\ud800"])
    def test_keys_are_those_of_the_n_grams_each_once_the_shorter_first(self, text: str) -> None:
        found = keys(text).tolist()
        assert found == sorted(set(found))
        assert {gram_of(key) for key in found} == grams(text)
        assert all(key_of(gram_of(key)) == key for key in found)
        lengths = [len(gram_of(key)) for key in found]
        assert lengths == sorted(lengths)
        assert [key < shorter_than(3) for key in found] == [length < 3 for length in lengths]


class TestReading:
    """What it comes to."""

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("家里一股煤气味，头晕", "gas"),
            ("楼道里全是黑烟，呛得睁不开眼", "fire"),
            ("我奶奶摔倒了起不来，喊她不应声", "medical"),
            ("电梯卡在六楼，里头有人喊", "lift"),
            ("孩子掉井里了", "pit"),
            ("对门的大爷好几天没露面，敲门没人应", "unseen"),
        ],
    )
    def test_a_danger_in_everyday_words_is_seen_or_asked_about(self, text: str, kind: str) -> None:
        reading = read(text)
        assert reading.is_alarming, reading.chances
        assert reading.kind == kind
        assert reading.said

    @pytest.mark.parametrize(
        "text", ["路灯坏了", "下水道堵了，想找人疏通", "想配一副老花镜", "广场舞声音太大"]
    )
    def test_an_ordinary_wish_alarms_nobody(self, text: str) -> None:
        reading = read(text)
        assert (reading.danger, reading.kind, reading.said) == ("none", "", ())

    def test_a_danger_in_the_last_of_four_thousand_signs_is_seen(self) -> None:
        talk = "我们小区的花坛今年种了月季，物业的小王每天浇水，大家路过都夸好看。"
        long = (talk * 200)[:3_950] + "对了，我妈刚才摔在卫生间，叫她不答应，头上全是血。"
        assert read(long).is_alarming
        assert not read((talk * 200)[:3_950]).is_alarming

    def test_a_danger_in_the_title_alone_is_seen(self) -> None:
        assert read("麻烦尽快来人，三号楼二单元。", "老人摔倒昏迷，叫不醒").is_alarming

    def test_the_same_text_is_read_the_same_and_nothing_breaks_it(self) -> None:
        for text in ("", " ", "。" * 5_000, "👍" * 300, "a" * 4_000, "火\u200b" * 2_000):
            assert read(text) == read(text)

    def test_a_reader_tells_which_model_it_has(self) -> None:
        assert own_reader().version == own_model().version
        assert Reader(own_model(), own_wishes_model()).read("路灯坏了") == read("路灯坏了")
        assert Reader(own_model()).read("路灯坏了").wishes == ()
