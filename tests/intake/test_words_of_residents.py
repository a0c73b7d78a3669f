"""What residents write is taken as they mean it; what says nothing is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.words_of_residents import ControlCharacters, NoWords, checked


class TestWords:
    @pytest.mark.parametrize("text", ["路灯不亮", "WiFi 坏了", "3", "灯😀", "第一行\r\n第二行\t缩进"])
    def test_words_are_taken(self, text: str) -> None:
        assert checked(text)

    @pytest.mark.parametrize("text", ["", " ", "\n", "😀", "!?", "……", "\u200b", "❤️"])
    def test_what_says_nothing_is_not(self, text: str) -> None:
        with pytest.raises(NoWords):
            checked(text)

    @pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b"])
    def test_control_characters_are_not(self, sign: str) -> None:
        with pytest.raises(ControlCharacters):
            checked(f"路灯{sign}不亮")

    def test_line_ends_are_made_even_and_letters_composed(self) -> None:
        assert checked(" e\u0301\r\n二\r三 ") == "\u00e9\n二\n三"

    @given(st.text(max_size=60))
    def test_checking_twice_is_checking_once(self, text: str) -> None:
        try:
            once = checked(text)
        except (NoWords, ControlCharacters):
            return
        assert checked(once) == once
