"""The press: prints one sheet as PDF, in a process of its own that ends with it.

What is printed comes in as JSON, the PDF goes out; `Printer` starts it. No service imports this module, since
what it needs weighs 40 MB and takes half a second to come in.
"""

import io
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined

from services.chassis.printing import NOTHING_TO_PRINT_WITH, SERVICES

CPU_SECONDS_MAX = 60
MEMORY_BYTES_MAX = 1_500_000_000
"""Of addresses, of which the tenth part is used."""
_NICE = 10


class Missing(Exception):
    """Something that printing needs is not on this machine; says what."""


def page_of(template: str, values: Mapping[str, Any]) -> str:
    """Return a sheet as HTML: whatever people wrote is text in it, and a value that is missing is a mistake.

    Arguments:
        template: below `services/`.
        values: plain values that the template names.
    """
    rules = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return rules.from_string((SERVICES / template).read_text(encoding="utf-8")).render(values)


def pdf_of(page: str) -> bytes:
    """Return HTML as PDF; nothing that it may refer to is fetched, from this machine or any other.

    Raises:
        Missing: Pango is not there.
    """
    try:
        import weasyprint  # noqa: PLC0415 - it brings the libraries of the system, which may be missing
    except (ImportError, OSError) as error:
        raise Missing(f"Pango: {error}") from error

    fetches_nothing = weasyprint.URLFetcher(allowed_protocols=())
    out = io.BytesIO()
    weasyprint.HTML(string=page, url_fetcher=fetches_nothing).write_pdf(out)
    return out.getvalue()


def look_for_font() -> None:
    """Look whether there is a Chinese font.

    Raises:
        Missing: there is none.
    """
    program = shutil.which("fc-list")
    if program is None:
        raise Missing("fontconfig")
    asked = [program, ":lang=zh-cn", "family"]
    found = subprocess.run(asked, capture_output=True, check=False)  # noqa: S603 - found in the path
    if not found.stdout.strip():
        raise Missing("a Chinese font")


def _be_modest() -> None:
    """Let everybody else on the machine go first, and end rather than take too much."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


def main(arguments: list[str]) -> int:
    """Print one sheet; without a template, find out whether that could be done."""
    _be_modest()
    try:
        look_for_font()
        values = orjson.loads(sys.stdin.buffer.read()) if arguments else {}
        sys.stdout.buffer.write(pdf_of(page_of(arguments[0], values) if arguments else "<p>好"))
    except Missing as missing:
        sys.stderr.write(f"missing: {missing}\n")
        return NOTHING_TO_PRINT_WITH
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
