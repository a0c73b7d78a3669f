"""Tables of words: one entry a row, cells parted by tabs, `#` begins a remark; faults name file and line."""

from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parent / "data"


class BrokenTable(ValueError):
    """A row is not as it should be; says which file and line."""


def rows(file: Path, columns: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every row of a table with where it stands, as `dangers.tsv:7`.

    Arguments:
        columns: cells that each row must have, none of them empty.

    Raises:
        BrokenTable: a row has another number of cells, or an empty one.
    """
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{file.name}:{number}"
        cells = tuple(cell.strip() for cell in line.split("\t"))
        if len(cells) != columns:
            raise BrokenTable(f"{where}: {columns} columns are wanted, not {len(cells)}")
        if not all(cells):
            raise BrokenTable(f"{where}: an empty cell; write - for nothing")
        yield where, cells
