"""A guide per community: its catalogue and ranker, compiled once per loaded file."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.chassis.desk import Desk
from services.chassis.shelf import Kept
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.matching.calendar import limits_of
from services.matching.catalogue import catalogue_of
from services.matching.domain.deadlines import Limits
from services.matching.domain.order import Choice, Order, Reason, Who
from services.matching.domain.providers import Provider
from services.matching.domain.ranking import Candidate, Matter, Ranker, Ranking
from services.matching.domain.refusals import CannotReceive
from services.matching.domain.succession import next_after_decline
from services.matching.store import CatalogueOnRecord, catalogue_ref

GUIDES_MAX = 2_000
COMMUNITY_CAPACITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Guide:
    """What matching knows of a community.

    Arguments:
        file: as it was loaded.
        ranker: over its catalogue.
        providers: by id, without the community itself.
        limits: its deadlines, on its working calendar.
    """

    file: CommunityFile
    ranker: Ranker
    providers: Mapping[str, Provider]
    limits: Limits

    def today(self, at: datetime) -> date:
        """Return the day in the community's time zone."""
        return at.astimezone(ZoneInfo(self.file.community.timezone)).date()

    def rank(self, matter: Matter, taken: Mapping[str, int], at: datetime) -> Ranking:
        """Return who should do it, with what is taken of everybody's capacity."""
        return self.ranker.rank(matter, taken, self.today(at))

    def who(self, provider: str) -> Who:
        """Return a provider by its public name.

        Raises:
            CannotReceive: the community has none with this id.
        """
        if provider == COMMUNITY_SELF:
            return Who(COMMUNITY_SELF, self.file.community.name, "community")
        known = self.providers.get(provider)
        if known is None:
            raise CannotReceive(provider=provider)
        return Who(known.id, known.name, known.kind)

    def takes_orders(self, provider: Provider, at: datetime) -> bool:
        """Return whether a provider may be given an order on that day."""
        return provider.takes_orders_since <= self.today(at)

    def capacity_of(self, provider: str, at: datetime) -> int:
        """Return how many orders a provider carries; the community itself carries what nobody else can.

        Raises:
            CannotReceive: unknown, not working, or a partner without a signed convention.
        """
        if provider == COMMUNITY_SELF:
            return COMMUNITY_CAPACITY
        known = self.providers.get(provider)
        if known is None or not self.takes_orders(known, at):
            raise CannotReceive(provider=provider)
        return known.capacity

    def choices(self, ranking: Ranking) -> tuple[Choice, ...]:
        """Return the ranking's candidates as an order keeps them."""
        return tuple(self._choice(candidate) for candidate in ranking.candidates)

    def _choice(self, candidate: Candidate) -> Choice:
        parts = tuple(Reason(part.name, part.value, part.because) for part in candidate.parts)
        return Choice(self.who(candidate.provider), candidate.score, parts)

    def next_after_decline(self, order: Order, taken: Mapping[str, int], at: datetime) -> Choice | None:
        """Return who is asked next, if anybody."""
        return next_after_decline(order, self.providers, taken, self.today(at))


class Guides:
    """Keeps guides by community and revision of the file, the least used ones making room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Guide]] = OrderedDict()

    def find(self, desk: Desk, community: str) -> Guide | None:
        """Return the community's guide as of what lies on the desk; None before its file was loaded."""
        record: Kept[CatalogueOnRecord] = desk.kept(catalogue_ref(community))
        if record.value is None:
            return None
        return self.of(community, record.revision, record.value)

    def of(self, community: str, revision: int, record: CatalogueOnRecord) -> Guide:
        """Return the guide of a catalogue on record."""
        kept = self._kept.get(community)
        if kept is not None and kept[0] == revision:
            self._kept.move_to_end(community)
            return kept[1]
        file = CommunityFile.model_validate_json(record.text)
        catalogue = catalogue_of(file)
        providers = {provider.id: provider for provider in catalogue.providers}
        guide = Guide(file, Ranker(catalogue), providers, limits_of(file))
        self._kept[community] = (revision, guide)
        if len(self._kept) > GUIDES_MAX:
            self._kept.popitem(last=False)
        return guide
