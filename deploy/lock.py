"""Writes the hashes of every pinned package into the requirements files: `make lock`, after a pin changed.

The index that pip itself would ask says which files each version has. Those for Linux on the machines and
Pythons that we run on are listed, and what runs everywhere; pip takes nothing else. The pins stay.
"""

import json
import os
import re
import sys
import urllib.request
from pathlib import Path

from pip._internal.models.index import PyPI  # which index pip asks where nothing else is set

ROOT = Path(__file__).resolve().parents[1]
INDEX = os.environ.get("PIP_INDEX_URL", PyPI.simple_url).rstrip("/")
PYTHONS = ("cp311", "cp312", "cp313", "cp314")
MACHINES = ("x86_64", "aarch64")
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([0-9][0-9A-Za-z.]*)")
SIMPLE = "application/vnd.pypi.simple.v1+json"


def runs_here(name: str) -> bool:
    """Return whether a file is a source, runs everywhere, or is made for Linux and one of our Pythons."""
    if not name.endswith(".whl"):
        return True
    python, abi, platform = name.removesuffix(".whl").rsplit("-", 3)[1:]
    if platform == "any":
        return True
    tags = python.split(".")
    is_ours = abi == "abi3" or any(tag in PYTHONS or tag.startswith("py3") for tag in tags)
    is_free_threaded = abi.endswith("t")
    return is_ours and not is_free_threaded and "linux" in platform and platform.endswith(MACHINES)


def hashes_of(name: str, version: str) -> list[str]:
    """Return the SHA-256 of each file of a version that we may run, sorted."""
    request = urllib.request.Request(f"{INDEX}/{name}/", headers={"Accept": SIMPLE})  # noqa: S310 - as below
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the index that pip uses
        files = json.load(answer)["files"]
    canonical = re.sub(r"[-_.]+", "[-_.]", re.escape(name).replace(r"\-", "-").replace(r"\.", "."))
    own = re.compile(rf"{canonical}-{re.escape(version)}(-|\.tar|\.zip)", re.IGNORECASE)
    found = {f["hashes"]["sha256"] for f in files if own.match(f["filename"]) and runs_here(f["filename"])}
    if not found:
        sys.exit(f"{name}=={version}: the index has no file for us")
    return sorted(found)


def locked(text: str) -> str:
    """Return a requirements file with the hashes of what it pins."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("    --hash="):
            continue
        pin = PIN.match(line)
        if pin is None:
            lines.append(line)
            continue
        hashes = hashes_of(*pin.groups())
        lines += [f"{pin.group()} \\", *(f"    --hash=sha256:{one} \\" for one in hashes[:-1])]
        lines.append(f"    --hash=sha256:{hashes[-1]}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Lock every requirements file."""
    for file in sorted(ROOT.glob("requirements*.txt")):
        file.write_text(locked(file.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"{file.name}: locked\n")


if __name__ == "__main__":
    main()
