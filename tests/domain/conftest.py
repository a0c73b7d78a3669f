"""The two sample communities, read once for all tests of the domain."""

from pathlib import Path

import pytest

from services.contracts.community_file import CommunityFile
from services.intake.community_file import parse_community_file

COMMUNITIES = Path(__file__).parents[2] / "deploy" / "communities"


def _read(name: str) -> CommunityFile:
    return parse_community_file((COMMUNITIES / name).read_text(encoding="utf-8"), name)


@pytest.fixture(scope="session")
def jiwang() -> CommunityFile:
    return _read("jiwang.yaml")


@pytest.fixture(scope="session")
def fenwan() -> CommunityFile:
    return _read("fenwan.yaml")


@pytest.fixture(scope="session")
def jiwang_text() -> str:
    return (COMMUNITIES / "jiwang.yaml").read_text(encoding="utf-8")
