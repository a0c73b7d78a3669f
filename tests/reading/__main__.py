"""`python -m tests.reading [seen|unseen|all] [errors]`: what the blind sets say of reader and router.

The half that is called unseen is looked at when everything is done, and not before.
"""

import sys
from typing import cast

from tests.reading.figures import accusations, dangers, not_asked, ordinary, privacy
from tests.reading.sets import BLIND, Half

PARTS = {
    "now": dangers,
    "accuse": accusations,
    "private": privacy,
    "idle": not_asked,
    "ordinary": ordinary,
}


def main(half: Half, errors: int) -> None:
    """Print every figure, and so many sentences that speak against it."""
    for name, figures in PARTS.items():
        if not (BLIND / f"{name}.tsv").exists():
            continue
        for figure in figures(half):
            mark = " " if figure.holds else "!"
            sys.stdout.write(
                f"{mark} {figure.name:52} {figure.share:.3f} of {figure.count:4}  {figure.wanted}\n"
            )
            for wrong in figure.wrong[:errors]:
                sys.stdout.write(f"      {wrong}\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    half = cast(Half, words[0] if words else "seen")
    main(half, int(words[1]) if len(words) > 1 else 0)
