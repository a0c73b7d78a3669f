"""Fault at every seam: the n-th call to driver or broker fails, and after each the town comes to rest.

In the manner in which SQLite tests I/O errors (sqlite.org/testing.html, "I/O Error Testing"): an untouched
run counts every seam; then the first, second, third call at each fails in every way, in a run of its own.
`make test` plays a sample, `make chaos` all of it. A seam that is listed and then not reached is a failure.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from time import monotonic

import pytest

from tests.faults import test_kills
from tests.support.deployment import Deployments, Keys
from tests.support.seams import GIVEN_UP, KINDS, Fault
from tests.support.stage import Stage, stage

TRIES_MAX = 3
"""What one loop does or another, whoever comes first, may take some runs to be reached."""


WHOLE = os.environ.get("WHOLE") == "1"


SAMPLE = 10


NUMBERS = (1, 2, 3)


MINUTES_MAX = 50


def faults_of(counts: Counter[str], numbers: Sequence[int] = NUMBERS) -> list[Fault]:
    """Return every fault that can happen: each seam, its first few calls, each kind.

    What is only reached now and then, by the clock, is asked for its first call alone.
    """
    # A transaction that is given up is no rule: it is brought about wherever one is written.
    written = {
        seam.removesuffix("commit_transaction") for seam in counts if seam.endswith("commit_transaction")
    }
    reached = {seam for seam in counts if not seam.endswith(GIVEN_UP)} | {seam + GIVEN_UP for seam in written}
    return [
        Fault(seam, number, kind)
        for number in numbers
        for seam in sorted(reached)
        for kind in KINDS
        if number == 1 or counts[seam] >= 3 * number
    ]


@pytest.fixture
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_kills, "TRY_SECONDS", 0.03)


@pytest.mark.usefixtures("_quick_looks")
async def test_whichever_call_fails_however_the_town_comes_to_rest(
    deployments: Deployments, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stage(deployments, keys) as place:
        await place.run(None)  # what is only made once is made
        await place.run(None)
        counts = Counter(place.seams.counts)
        everything = faults_of(counts)
        with capsys.disabled():
            _print(counts, len(everything))
        chosen = everything if WHOLE else everything[7 :: max(1, len(everything) // SAMPLE)][:SAMPLE]
        end = monotonic() + 60 * MINUTES_MAX
        failed: list[str] = []
        for done, fault in enumerate(chosen):
            if monotonic() > end:
                failed.append(f"out of time after {done} of {len(chosen)}")
                break
            failed += await _tried(place, fault)
        assert not failed, f"{len(failed)} of {len(chosen)}:\n" + "\n".join(failed)


async def _tried(place: Stage, fault: Fault) -> list[str]:
    """Return what is wrong after a fault, if anything is."""
    for _ in range(TRIES_MAX):
        try:
            await place.run(fault)
        except (AssertionError, TimeoutError) as error:
            return [f"{fault}: {type(error).__name__} {error}"]
        if place.seams.struck:
            return []
    return [f"{fault}: never reached"]


def _print(counts: Counter[str], faults: int) -> None:
    lines = [f"  {counts[seam]:5}  {seam}" for seam in sorted(counts)]
    sys.stdout.write("\n".join((f"\n{len(counts)} seams, {faults} faults", *lines, "")))
