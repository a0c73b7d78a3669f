"""Tables to take away: CSV that a spreadsheet opens with its Chinese intact, and without formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

MEDIA_CSV = "text/csv; charset=utf-8"
_BOM = "\N{BYTE ORDER MARK}"
"""By which Excel knows UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a cell of words may not begin with (OWASP, CSV injection); nor with the apostrophe itself."""


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as CSV (RFC 4180); what would be a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return (_BOM + out.getvalue()).encode()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
