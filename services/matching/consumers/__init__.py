"""What matching hears, by kind of event."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from services.chassis.streams import EffectOf, Positions, origin_of
from services.chassis.work import Work
from services.contracts.communities import CommunityLoaded
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId, order_id
from services.matching.consumers.demands import DEMANDS_HEARD
from services.matching.handlers import communities
from services.matching.handlers.context import Matching
from services.matching.store.orders import order_ref

POSITIONS = Positions({"demand": lambda community, demand: order_ref(community, order_id(DemandId(demand)))})
"""What a demand does is done to its order; the first of them keeps the position where there are several."""


def _loaded(matching: Matching, envelope: Envelope) -> Work[None]:
    fact: CommunityLoaded = envelope.body
    return communities.keep_catalogue(matching, origin_of(envelope), fact.file)


def consumes(matching: Matching) -> Mapping[str, EffectOf]:
    """Return kind of event → what matching does about it."""
    heard = {CommunityLoaded.kind: _loaded, **DEMANDS_HEARD}
    return MappingProxyType({kind: partial(effect, matching) for kind, effect in heard.items()})
