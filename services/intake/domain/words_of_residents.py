"""What may be said: something that can be seen, in one normal form."""

import unicodedata

from services.contracts.refusal import Invalid
from services.language.masks import is_seen

TEXT_CHARS_MAX = 4_000
TITLE_CHARS_MAX = 200


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
    if not any(is_seen(sign) for sign in even):
        raise NoWords
    return even
