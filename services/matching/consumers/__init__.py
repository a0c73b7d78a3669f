"""What matching hears, by kind of event."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from services.chassis.streams import EffectOf, Positions, Repeated, origin_of
from services.chassis.work import Work
from services.contracts.communities import CommunityLoaded
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId, order_id
from services.contracts.points import PointsStarSet
from services.matching.consumers.demands import DEMANDS_HEARD
from services.matching.handlers import communities
from services.matching.handlers.context import Matching
from services.matching.store.orders import order_ref

_IN_PART = frozenset({"points"})
POSITIONS = Positions(
    {"demand": lambda community, demand: order_ref(community, order_id(DemandId(demand)))},
    recognised=_IN_PART,
    in_part=_IN_PART,
)
"""What a demand does is done to its order; the first of them keeps the position where there are several.
Of the points bank stars alone are heard; each says for which month it is, and how often that was said."""


def _loaded(matching: Matching, envelope: Envelope) -> Work[None]:
    fact: CommunityLoaded = envelope.body
    return communities.keep_catalogue(matching, origin_of(envelope), fact.file)


def _star_set(_: Matching, envelope: Envelope) -> Work[Repeated | None]:
    return communities.keep_star(origin_of(envelope), envelope.body, envelope.version)


def consumes(matching: Matching) -> Mapping[str, EffectOf]:
    """Return kind of event → what matching does about it."""
    heard = {CommunityLoaded.kind: _loaded, PointsStarSet.kind: _star_set, **DEMANDS_HEARD}
    return MappingProxyType({kind: partial(effect, matching) for kind, effect in heard.items()})
