"""Numbers of people are masked among any words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.masks import masked


class TestNumbersInWords:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("打 13812345678 找我", "打 138****5678 找我"),
            ("138 1234 5678", "138****5678"),
            ("138-1234-5678", "138****5678"),
            ("电话13812345678，急", "电话138****5678，急"),
            ("两个：13812345678/15987654321", "两个：138****5678/159****4321"),
            ("身份证140824196001011234", "身份证140824********1234"),
            ("14082419600101123X", "140824********123X"),
            ("座机 0359-5521234", "座机 0359-****1234"),
            ("03595521234", "0359-****1234"),
        ],
    )
    def test_are_masked(self, text: str, shown: str) -> None:
        assert masked(text) == shown

    @pytest.mark.parametrize(
        "text", ["240 户，710 人", "订单号 202603020001234", "12345", "2024-03-01", "3 号楼 2 单元 501", ""]
    )
    def test_other_numbers_are_left_alone(self, text: str) -> None:
        assert masked(text) == text

    @given(st.text(max_size=30), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(max_size=30))
    def test_a_mobile_number_among_any_words_is_hidden(self, before: str, number: str, after: str) -> None:
        text = f"{before.rstrip('0123456789 -')}，{number}，{after}"
        assert number not in masked(text)

    @given(st.text(max_size=80))
    def test_masking_twice_is_masking_once(self, text: str) -> None:
        assert masked(masked(text)) == masked(text)
