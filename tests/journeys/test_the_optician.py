"""A year of the optician, over HTTP: screening, space shared, the fair, the gold place, more customers."""

from pathlib import Path

from services.chassis.clock import now
from services.cli.client import Client
from services.cli.optician import Calendar, OpticianStory
from services.points.commands.verifying import verify
from tests.support.deployment import Deployments, Keys
from tests.support.running import running_house


async def test_a_partner_s_year_as_it_happened(deployments: Deployments, keys: Keys, tmp_path: Path) -> None:
    ahead = tmp_path / "ahead"
    settings = deployments.new(development=True, clock_file=str(ahead))
    said: list[str] = []
    async with running_house(settings, keys) as running:
        client = Client(running.session, running.origin, "jiwang")
        story = OpticianStory(
            client,
            lambda subject, role: keys.token(subject, role, "jiwang"),
            Calendar(ahead),
            said.append,
        )
        figures = await story.play()
        await running.drained()
        verified = await verify(running.stores, "jiwang", now())
    assert figures["screened"] == 40, "twenty children, two points each"
    assert figures["shared"] == 35, "half an hour at ten points, an hour and a half at twenty"
    assert figures["promotion"]["state"] == "fulfilled"
    assert figures["effect"]["change_percent"] == 20
    assert figures["rechecked"] == 10, "five families, two points each"
    assert figures["given"] == 15
    assert figures["earned"] == 40 + 10 + 35 - 50 - 15
    assert figures["star"]["stars"] >= 4, figures["star"]["because"]
    assert figures["star"]["raters"] == 6
    assert figures["outstanding"]["partner"] == "yiming-optical"
    assert verified.wrong == []
    assert verified.orders == 6
    assert len(said) == 9
