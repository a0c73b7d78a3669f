"""What is measured of a decision is measured once, however often the decision was tried."""

from services.intake import metrics
from tests.support.towns import Towns


def dispatches() -> tuple[float, float]:
    """Return how many waits were measured, and their sum in seconds."""
    samples = [sample for family in metrics.DISPATCH_SECONDS.collect() for sample in family.samples]
    named = {sample.name.rsplit("_", 1)[1]: sample.value for sample in samples if not sample.labels}
    return named["count"], named["sum"]


async def test_the_wait_for_a_dispatch_counts_once_though_every_batch_is_tried_twice() -> None:
    town = await Towns(None).found()
    before, _ = dispatches()
    demand = await town.submit("家里水龙头坏了一直滴水，想找人修")
    assert demand.dispatched_at is not None
    assert dispatches()[0] == before + 1


async def test_the_second_provider_of_a_demand_ends_no_wait() -> None:
    town = await Towns(None).found()
    demand = await town.submit("家里水龙头坏了一直滴水，想找人修")
    before = dispatches()
    await town.decline(demand)
    assert dispatches() == before


async def test_a_message_that_is_repeated_is_not_measured_again() -> None:
    town = await Towns(None).found()
    await town.submit("家里水龙头坏了一直滴水，想找人修")
    before = dispatches()
    for parcel in list(town.post.sent):
        await town.deliver_one(parcel)
    assert dispatches() == before
