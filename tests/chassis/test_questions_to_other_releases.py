"""What is said about what was said reaches releases, too, that know nothing of it: they drop it."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.chassis.bus import CONTROL, ServiceExchange
from services.chassis.processor import Delivery, MessageProcessor, RetryPolicy
from services.chassis.topology import AUDIT, HEARD, Names


class Publisher:
    """Remembers what it was given to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Mapping[str, Any]]] = []

    async def send(self, exchange: str, key: str, body: bytes, headers: Mapping[str, Any]) -> None:
        """Take it."""
        self.sent.append((body, headers))


class Parking:
    """Counts what is put aside."""

    def __init__(self) -> None:
        self.parked: list[object] = []

    async def park(self, messages: Sequence[object]) -> None:
        """Put aside."""
        self.parked.extend(messages)


@pytest.mark.parametrize("control", [AUDIT, HEARD])
async def test_a_reader_that_takes_a_question_for_a_message_puts_nothing_aside(control: str) -> None:
    publisher, parking = Publisher(), Parking()
    exchange = ServiceExchange("matching", cast(Any, publisher), Names("t"), lambda _: None)
    await exchange.say(control, 0, f"{control}.intake", b'{"by":"matching","parcels":[1,2]}')
    ((body, headers),) = publisher.sent
    assert headers[CONTROL] == control
    processor = MessageProcessor(
        service="intake",
        effects={},
        batches=cast(Any, SimpleNamespace()),
        parking=cast(Any, parking),
        retries=cast(Any, SimpleNamespace()),
        retry=RetryPolicy((1.0,), 4),
        partitions=1,
    )
    # The release before has no eye for the header, and the same rule for what is to be skipped.
    await processor.handle([Delivery("t.intake.p0", body, headers)])
    assert parking.parked == []
