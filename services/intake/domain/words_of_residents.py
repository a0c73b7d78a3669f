"""What may be said, and what of it others may read: phone and identity numbers are masked."""

import re
import unicodedata

from services.contracts.refusal import Invalid

TEXT_CHARS_MAX = 2_000

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{5})[0-9]{8}([0-9]{3}[0-9Xx])(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3}[- ]?)\d{3,4}(\d{4})(?!\d)")


class NoWords(Invalid):
    """There is nothing in it that could be understood: no letter, no character, no number."""

    slug = "no_words"
    title = "请用文字写明您的诉求"


class ControlCharacters(Invalid):
    """It holds characters that nobody types."""

    slug = "control_characters"
    title = "内容里有无法识别的控制字符"


def checked(text: str) -> str:
    """Return the text in one normal form (NFC), with its line ends evened out.

    Raises:
        ControlCharacters: it holds control characters other than line ends and tabs.
        NoWords: nothing in it is a letter, a character or a number.
    """
    even = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in even):
        raise ControlCharacters
    if not any(unicodedata.category(sign)[0] in "LN" for sign in even):
        raise NoWords
    return even


def masked(text: str) -> str:
    """Return the text with the middle of phone and identity numbers hidden."""
    hidden = _IDENTITY.sub(r"\1********\2", text)
    hidden = _MOBILE.sub(r"\1****\2", hidden)
    return _LANDLINE.sub(r"\1****\2", hidden)
