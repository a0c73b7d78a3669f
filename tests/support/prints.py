"""What a PDF says, read back by another program than the one that made it."""

import io
import re
from collections.abc import Iterator
from functools import cache
from subprocess import DEVNULL, run
from typing import Any

import pytest
from pypdf import PdfReader

from services.chassis.printing import NOTHING_TO_PRINT_WITH, PRESS


@cache
def can_print() -> bool:
    """Return whether this machine has what printing needs."""
    done = run(PRESS, stdin=DEVNULL, capture_output=True, check=False, timeout=60)
    return done.returncode != NOTHING_TO_PRINT_WITH


def skip_without_press() -> None:
    """Skip a test where nothing can be printed, as `sandan doctor` says."""
    if not can_print():
        pytest.skip("no Pango or no Chinese font")


def pages_of(raw: bytes) -> list[str]:
    """Return the words of each page, without any space: where one stands is a matter of layout."""
    return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(raw)).pages]


def fonts_of(raw: bytes) -> Iterator[tuple[str, bool]]:
    """Return the name of each font that a page uses, and whether it is in the file."""
    for page in PdfReader(io.BytesIO(raw)).pages:
        resources: Any = page["/Resources"]
        for entry in resources["/Font"].values():
            font = entry.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            described = inner["/FontDescriptor"].get_object()
            is_inside = any(f"/FontFile{kind}" in described for kind in ("", "2", "3"))
            yield str(described["/FontName"]), is_inside
