"""A model per community: its catalogue and ranker, compiled once per loaded file."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.chassis.documents import Versioned
from services.chassis.http.identity import Identity
from services.chassis.masking import public_numbers_of
from services.chassis.streams import digest_of
from services.chassis.work import UnitOfWork
from services.contracts.communities import read_file_on_record
from services.contracts.community_file import COMMUNITY_SELF
from services.contracts.literals import DemandKind
from services.contracts.values import replace
from services.contracts.words import Reading
from services.matching.domain.caution import Heard, Names, held_back, not_candidates
from services.matching.domain.circumstances import Circumstances
from services.matching.domain.deadlines import Limits
from services.matching.domain.matter import Candidate, Experience, Matter, Ranking
from services.matching.domain.parts import Basis, Choice, Reason, Who
from services.matching.domain.providers import Provider
from services.matching.domain.ranking import Ranker
from services.matching.domain.refusals import CannotReceive
from services.matching.domain.sight import Sight
from services.matching.domain.workload import Workload
from services.matching.routing import readings
from services.matching.routing.catalogue import catalogue_of
from services.matching.routing.deadlines import limits_of
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref

MODELS_MAX = 2_000
EXPERIENCE_BYTES_MAX = 48 * 1024 * 1024
"""Of all communities' experience together, one to three MB each; the rest is learnt again when it is used."""
COMMUNITY_CAPACITY = 1_000_000


@dataclass(frozen=True, slots=True)
class CommunityModel:
    """What matching knows of a community.

    Arguments:
        name, timezone: of the community.
        wanted_precision: share of right ones among what is dispatched without a person.
        ranker: over its catalogue.
        providers: by id, without the community itself.
        limits: its deadlines, on its working calendar.
        names: finds providers that a text speaks of.
        places_of: grid worker → their compounds and venues.
        confidential_readers, supervisor: as the community file names them.
        public_numbers: telephone numbers that are meant to be called, digits alone.
        place_names: compound or venue → its name.
        revision: of the catalogue.
        experience: what its lessons say; None before there are any.
        source: digest of the file that it was compiled from.
        stars: partner → its star, where one was reckoned.
    """

    name: str
    timezone: str
    wanted_precision: float
    ranker: Ranker
    providers: Mapping[str, Provider]
    limits: Limits
    names: Names
    places_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    confidential_readers: frozenset[str] = frozenset()
    supervisor: str = ""
    public_numbers: frozenset[str] = frozenset()
    place_names: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    experience: Experience | None = None
    source: str = ""
    stars: Mapping[str, int] = field(default_factory=dict)

    def with_stars(self, revision: int, record: CatalogueOnRecord) -> "CommunityModel | None":
        """Return the model with the stars of a catalogue on record; None where more than those is another."""
        if self.source != digest_of(record.text.encode()):
            return None
        return replace(self, revision=revision, stars=record.stars_by_partner)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone in which its days begin and end."""
        return ZoneInfo(self.timezone)

    def today(self, at: datetime) -> date:
        """Return the day in the community's time zone."""
        return at.astimezone(self.zone).date()

    def rank(
        self,
        matter: Matter,
        load: Workload,
        at: datetime,
        *,
        if_all_had_room: bool = False,
        excluded: frozenset[str] = frozenset(),
    ) -> Ranking:
        """Return who should do it, as things stand.

        Arguments:
            load: what is taken of everybody's capacity, and how each did so far.
            if_all_had_room: leave out of account that somebody is full.
            excluded: providers that are no candidates.
        """
        local = at.astimezone(self.zone)
        now = Circumstances(local.date(), load.taken, local, load.records, self.stars)
        return self.ranker.rank(
            matter,
            load.taken,
            now.on,
            circumstances=now,
            experience=self.experience,
            excluded=excluded,
            if_all_had_room=if_all_had_room,
        )

    def heard(self, matter: Matter, reading: Reading | None, about: DemandKind, *, urgent: bool) -> Heard:
        """Return what a demand's words say, with who of the community is accused.

        Arguments:
            reading: as intake read it; None from an earlier release, which knew what is urgent.
        """
        return readings.heard_in(self.names, matter, reading, about, urgent=urgent)

    def cautious(
        self, matter: Matter, load: Workload, heard: Heard, at: datetime, declined: Iterable[str] = ()
    ) -> tuple[Ranking, bool]:
        """Return the ranking without those who must not have it, and whether a person decides in any case.

        Arguments:
            declined: who did not want it, and is not asked again.
        """
        excluded = not_candidates(heard, self.providers).union(declined)
        ranking = self.rank(matter, load, at, excluded=excluded)
        return held_back(ranking, heard, self.providers)

    def place_name(self, place: str | None) -> str:
        """Return the name of a compound or venue; of none or an unknown one the community's."""
        return self.place_names.get(place or "", self.name)

    def sight(self, identity: Identity) -> Sight:
        """Return what of the community's orders somebody may see."""
        subject = identity.subject
        return Sight(
            subject,
            identity.role.value,
            self.places_of.get(subject, frozenset()),
            is_confidential=subject in self.confidential_readers,
            is_supervisor=subject == self.supervisor,
            has_supervisor=bool(self.supervisor),
        )

    def is_anybody_full(self, load: Workload) -> bool:
        """Return whether some provider has no place left."""
        taken = load.taken
        full = (self.providers.get(provider) for provider, count in taken.items() if count > 0)
        return any(known is not None and taken[known.id] >= known.capacity for known in full)

    def free_slots(self, load: Workload, at: datetime) -> dict[str, int]:
        """Return by provider how many more orders it can carry; none for those that take no orders."""
        taken = load.taken
        return {
            provider.id: max(0, provider.capacity - taken.get(provider.id, 0))
            for provider in self.providers.values()
            if self.takes_orders(provider, at)
        }

    def basis_of(self, ranking: Ranking) -> Basis:
        """Return what a ranking was made with."""
        return Basis(self.revision, ranking.lessons, ranking.sure_from, ranking.matters)

    def who(self, provider: str) -> Who:
        """Return a provider by its public name.

        Raises:
            CannotReceive: the community has none with this id.
        """
        if provider == COMMUNITY_SELF:
            return Who(COMMUNITY_SELF, self.name, "community")
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

    def seats_of(self, provider: Who | None) -> int | None:
        """Return how many places a provider has; None for nobody, and where they are not counted."""
        known = self.providers.get(provider.id) if provider else None
        return known.capacity if known else None

    def choices(self, ranking: Ranking) -> tuple[Choice, ...]:
        """Return the ranking's candidates as an order keeps them."""
        return tuple(self._choice(candidate) for candidate in ranking.candidates)

    def _choice(self, candidate: Candidate) -> Choice:
        parts = tuple(Reason(part.name, part.value, part.because) for part in candidate.parts)
        return Choice(self.who(candidate.provider), candidate.score, parts, candidate.confidence)


def compiled(revision: int, record: CatalogueOnRecord) -> CommunityModel:
    """Return the model of a catalogue on record, without experience."""
    file = read_file_on_record(record.text)
    catalogue = catalogue_of(file)
    about = file.community
    return CommunityModel(
        about.name,
        about.timezone,
        file.routing.wanted_precision,
        Ranker(catalogue),
        {provider.id: provider for provider in catalogue.providers},
        limits_of(file),
        Names(catalogue.providers),
        {worker.subject: frozenset(worker.compounds) for worker in file.grid_workers},
        frozenset(file.confidential_readers),
        file.supervisor or "",
        public_numbers_of(file),
        {place.id: place.name for place in catalogue.places},
        revision,
        source=digest_of(record.text.encode()),
        stars=record.stars_by_partner,
    )


class CommunityModels:
    """Keeps models by community and revision of the file, the least used ones making room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, CommunityModel]] = OrderedDict()
        self._let_go: dict[str, bool] = {}
        """Community whose experience made room for others' → whether its model has been used since."""

    def find(self, uow: UnitOfWork, community: str) -> CommunityModel | None:
        """Return the community's model as loaded in a unit of work; None before its file was loaded."""
        record: Versioned[CatalogueOnRecord] = uow.versioned(catalogue_ref(community))
        if record.value is None:
            return None
        return self.of(community, record.revision, record.value)

    def of(self, community: str, revision: int, record: CatalogueOnRecord) -> CommunityModel:
        """Return the model of a catalogue on record."""
        kept = self._kept.get(community)
        if kept is not None and kept[0] == revision:
            self._kept.move_to_end(community)
            if community in self._let_go:
                self._let_go[community] = True
            return kept[1]
        same = kept[1].with_stars(revision, record) if kept is not None else None
        return self._keep(community, revision, same or compiled(revision, record))

    async def prepare(self, records: Mapping[str, Versioned[CatalogueOnRecord]]) -> None:
        """Compile what is new of communities' catalogues apart from the loop: a large one takes a second.

        Arguments:
            records: community → its catalogue on record.
        """
        for community, record in records.items():
            kept = self._kept.get(community)
            if record.value is not None and (kept is None or kept[0] < record.revision):
                model = kept[1].with_stars(record.revision, record.value) if kept is not None else None
                if model is None:
                    model = await asyncio.to_thread(compiled, record.revision, record.value)
                self._keep(community, record.revision, model)

    def _keep(self, community: str, revision: int, model: CommunityModel) -> CommunityModel:
        self._kept[community] = (revision, model)
        self._kept.move_to_end(community)
        if len(self._kept) > MODELS_MAX:
            self._let_go.pop(self._kept.popitem(last=False)[0], None)
        return model

    def to_learn(self, most: int) -> tuple[str, ...]:
        """Return the communities used last, the last at the end, without those that made room and rest."""
        return tuple(name for name in self._kept if self._let_go.get(name, True))[-most:]

    def made_room(self, community: str) -> bool:
        """Return whether a community's experience was let go for others': to learn it again is not urgent."""
        return community in self._let_go

    def kept(self, community: str) -> CommunityModel | None:
        """Return a community's model if it is kept, as it was used last."""
        found = self._kept.get(community)
        return found[1] if found else None

    def learn(self, community: str, model: CommunityModel, experience: Experience) -> None:
        """Let a model have a community's experience, unless another catalogue came meanwhile."""
        found = self._kept.get(community)
        if found is None or found[1].ranker is not model.ranker:
            return
        self._kept[community] = (found[0], replace(found[1], experience=experience))
        self._let_go.pop(community, None)
        sizes = {name: its.experience.size for name, (_, its) in self._kept.items() if its.experience}
        size = sum(sizes.values())
        for name in list(sizes)[:-1]:
            if size <= EXPERIENCE_BYTES_MAX:
                return
            revision, its = self._kept[name]
            self._kept[name] = (revision, replace(its, experience=None))
            self._let_go[name] = False
            size -= sizes[name]
