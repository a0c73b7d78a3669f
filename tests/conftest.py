"""The servers, a deployment per test, and a house that runs."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest

from services.chassis.logs import set_up_logs
from services.composition import Settings
from services.contracts.community_file import CommunityFile
from services.devserver import Servers, servers_from
from services.intake.community_file import parse_community_file
from tests.support.deployment import Deployments, Keys
from tests.support.running import Running, running_house

# Where nobody can look at a seed, every run tries the same examples; at a desk each run tries others.
hypothesis.settings.register_profile("same-every-time", derandomize=True, deadline=None)
hypothesis.settings.register_profile("other-every-time", deadline=None)
hypothesis.settings.load_profile("same-every-time" if os.environ.get("CI") else "other-every-time")

DATA = Path(__file__).parents[1] / ".sandan" / "tests"


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    set_up_logs("ERROR")


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """Broker and database: those that the environment names, or our own."""
    given = Settings()
    async with servers_from(given.amqp_url, given.mongo_url, DATA, keep=False) as servers:
        yield servers


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Keys whose tokens every deployment under test believes."""
    return Keys()


@pytest.fixture
async def deployments(servers: Servers, keys: Keys) -> AsyncIterator[Deployments]:
    """A maker of deployments, which are removed after the test."""
    made = Deployments(servers, keys)
    yield made
    await made.remove()


@pytest.fixture
def settings(deployments: Deployments) -> Settings:
    """A deployment of the test's own."""
    return deployments.new()


@pytest.fixture(scope="module")
async def running(servers: Servers, keys: Keys) -> AsyncIterator[Running]:
    """A house that the tests of a module share; each brings its own demands."""
    deployments = Deployments(servers, keys)
    async with running_house(deployments.new(), keys) as running:
        yield running
    await deployments.remove()


@pytest.fixture
async def own_house(settings: Settings, keys: Keys) -> AsyncIterator[Running]:
    """A house of the test's own."""
    async with running_house(settings, keys) as running:
        yield running


COMMUNITIES = Path(__file__).parents[1] / "deploy" / "communities"


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
