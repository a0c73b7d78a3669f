"""What the machine is like while it is measured: how long one loop takes, and two of them at the same time.

Two processors may be two threads of one core: then a second of either is worth less while both are busy, and
so is every second of CPU in the figures beside it.
"""

import asyncio
import sys
from time import process_time

from tests.bench.systems import ROOT

TURNS = 300_000
KEYS = 5_000
TIMES = 5


def loop_seconds() -> float:
    """Return the seconds of CPU that a loop over a dictionary of strings takes, the best of a few."""
    best = 1e9
    for _ in range(TIMES):
        began = process_time()
        kept: dict[int, str] = {}
        for turn in range(TURNS):
            kept[turn % KEYS] = f"{turn}x"
        best = min(best, process_time() - began)
    return best


async def measure() -> dict[str, float]:
    """Return how long the loop takes alone, and how many times as long while another runs."""
    alone = await _at_once(1)
    return {"loop_seconds": alone, "loop_beside_another_ratio": await _at_once(2) / alone}


async def _at_once(count: int) -> float:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.machine", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(count)
    ]
    told = [await process.communicate() for process in processes]
    return sum(float(out) for out, _ in told) / count


if __name__ == "__main__":
    sys.stdout.write(f"{loop_seconds()}\n")
