"""The four services without broker and ports: works run over given documents, parcels travel by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar, cast

from services.chassis.batches import Batches, Documents
from services.chassis.clock import new_id
from services.chassis.documents import Ref, Versioned
from services.chassis.due import DueDocuments
from services.chassis.outbox import Parcel
from services.chassis.processor import Delivery, MessageProcessor, RetryPolicy
from services.chassis.work import Origin, Work
from services.contracts.catalogue import SUBSCRIPTIONS, partition_of
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.literals import DemandKind, Satisfaction, Solved
from services.contracts.values import replace
from services.contracts.words import Actor, Role
from services.intake.consumers import CONSUMES as INTAKE_HEARS
from services.intake.consumers import POSITIONS as INTAKE_POSITIONS
from services.intake.consumers.demands import DemandsHeard
from services.intake.domain.demands import Demand
from services.intake.handlers import communities, demands, ratings
from services.intake.likeness.indexes import LikenessIndexes
from services.intake.metrics import MEASURES
from services.intake.store.demands import demand_ref
from services.matching.consumers import POSITIONS as MATCHING_POSITIONS
from services.matching.consumers import consumes as matching_hears
from services.matching.domain.orders import NO_EFFORT, Order
from services.matching.domain.parts import Effort, Proof, Stage
from services.matching.domain.workload import Workload
from services.matching.handlers import answering, closing, working
from services.matching.handlers import placing as placing_handlers
from services.matching.handlers.context import Matching
from services.matching.handlers.working import Report
from services.matching.jobs.timers import RunTimers
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.routing.solver import solve
from services.matching.store.catalogues import CatalogueOnRecord
from services.matching.store.orders import ORDERS, TIMER, order_ref
from services.matching.store.workloads import Books, WorkloadView
from services.notify.consumers import POSITIONS as NOTIFY_POSITIONS
from services.notify.consumers import consumes as notify_hears
from services.notify.handlers.tellings import Notifier
from services.notify.jobs.tellings import TellMany
from services.points.consumers import CONSUMES as POINTS_HEARS
from services.points.consumers import POSITIONS as POINTS_POSITIONS
from services.points.domain.accounts import BUDGET, Account
from services.points.domain.transfers import Transfer, transfer_id
from services.points.handlers.awards import SETTLED
from services.points.store.accounts import account_ref, transfer_ref
from tests.support.deployment import jiwang
from tests.support.post import Parking, Post, Tiers

A = TypeVar("A")
T = TypeVar("T")

MONDAY_MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""10:00 in Jiwang, when everybody is open."""
PARTITIONS = 4
PHOTO = (Proof("photo", "p1.jpg"),)


class SharedModels(CommunityModels):
    """Compiles a catalogue once for all towns that have the same; only their names differ."""

    _compiled: ClassVar[dict[str, CommunityModel]] = {}

    def of(self, community: str, revision: int, record: CatalogueOnRecord) -> CommunityModel:
        """Return the guide of a catalogue on record."""
        text = record.text.replace(community, "*")
        if text not in self._compiled:
            self._compiled[text] = CommunityModels().of(community, revision, record)
        return replace(self._compiled[text], stars=record.stars_by_partner)


@dataclass
class Town:
    """One community and its services.

    Arguments:
        documents: service → where it keeps things.
        file: the community.
    """

    documents: Mapping[str, Documents]
    file: CommunityFile = field(default_factory=jiwang)
    now: datetime = MONDAY_MORNING
    post: Post = field(default_factory=Post)
    parking: Parking = field(default_factory=Parking)
    tiers: Tiers = field(default_factory=Tiers)

    def __post_init__(self) -> None:
        self.community = self.file.community.id
        self.matching = Matching(SharedModels(), solve)
        self.batches = {name: self.more_batches(name) for name in SUBSCRIPTIONS}
        indexes = LikenessIndexes(cast(Any, self.documents["intake"]))
        beside = {"intake": DemandsHeard(indexes), **dict.fromkeys(("matching", "points", "notify"))}
        positions = {
            "intake": INTAKE_POSITIONS,
            "matching": MATCHING_POSITIONS,
            "points": POINTS_POSITIONS,
            "notify": NOTIFY_POSITIONS,
        }
        effects = {
            "intake": INTAKE_HEARS,
            "matching": matching_hears(self.matching),
            "points": POINTS_HEARS,
            "notify": notify_hears(Notifier(console=False)),
        }
        self.rooms = {
            name: MessageProcessor(
                service=name,
                effects=effects[name],
                batches=self.batches[name],
                parking=self.parking,
                retries=self.tiers,
                retry=RetryPolicy((0.1,), 3),
                partitions=PARTITIONS,
                measures=MEASURES if name == "intake" else {},
                beside=beside[name],
                positions=positions[name],
            )
            for name in SUBSCRIPTIONS
        }

    def more_batches(self, service: str) -> Batches:
        """Return another writer over the same documents, as a second replica has."""
        documents = self.places() if service == "matching" else self.documents[service]
        return Batches(documents, self.post, PARTITIONS, self._clock)

    def places(self) -> WorkloadView:
        """Return somebody who knows how things stand, as each replica has one; it looks every time."""
        return WorkloadView(cast(Books, self.documents["matching"]), 0, 0)

    def _clock(self) -> datetime:
        return self.now

    # Who asks, and how it is done.

    def origin(self, subject: str, role: Role) -> Origin:
        """Return where a person's works come from."""
        return Origin(self.community, Actor(subject=subject, role=role), "story")

    async def do(self, service: str, work: Work[A]) -> A:
        """Do one work, and hear what follows from it everywhere."""
        (outcome,) = await self.batches[service].run([work])
        if isinstance(outcome, Exception):
            raise outcome
        await self.deliver()
        return outcome

    async def deliver(self) -> None:
        """Deliver until nobody has anything to say."""
        while self.post.waiting:
            await self.deliver_one(self.post.waiting.popleft())

    async def deliver_one(self, parcel: Parcel) -> None:
        """Deliver a parcel to every service that hears its kind."""
        kind = parcel.routing_key.split(".", 1)[1]
        partition = partition_of(parcel.community or self.community, PARTITIONS)
        for service, patterns in SUBSCRIPTIONS.items():
            if any(kind.startswith(pattern.rstrip("#*")) for pattern in patterns):
                queue = f"test.{service}.p{partition}"
                headers = {"community": parcel.community} if parcel.community else {}
                delivery = Delivery(queue, parcel.body, headers)
                await self.rooms[service].handle([delivery])

    # Time.

    def timekeeper(self, batches: Batches | None = None) -> RunTimers:
        """Return somebody who acts upon deadlines, as each replica of matching has one."""
        documents = cast(DueDocuments, self.documents["matching"])
        return RunTimers(documents, batches or self.batches["matching"], self.matching, self._clock)

    async def wait(self, until: datetime) -> list[tuple[datetime, int]]:
        """Let time pass, and every deadline with it; return when how much happened by itself."""
        keeper, happened = self.timekeeper(), []
        while due := await keeper.documents.due(ORDERS, TIMER, until, limit=1):
            self.now = max(self.now, due[0].at)
            happened.append((self.now, await keeper.look()))
            await self.deliver()
            assert len(happened) < 1_000, "the same thing is due for ever"
        self.now = until
        return happened

    def teller(self, batches: Batches | None = None) -> TellMany:
        """Return somebody who tells the many, as each replica of notify has one."""
        documents = cast(DueDocuments, self.documents["notify"])
        return TellMany(documents, batches or self.batches["notify"], self._clock)

    async def tell_all(self) -> int:
        """Let everybody be told who is still to be told; return in how many portions."""
        return await self.teller().look()

    async def find(self, service: str, ref: Ref[T]) -> T | None:
        """Return a value as it is kept."""
        return (await self.documents[service].load([ref]))[ref].value

    # The story, step by step.

    async def open(self) -> "Town":
        """Load the community."""
        work = communities.load_community(self.origin("ops", Role.OPERATOR), self.file, dry_run=False)
        await self.do("intake", work)
        return self

    async def submit(
        self,
        text: str,
        compound: str | None = None,
        *,
        by: str = "r1",
        about: DemandKind = "help",
        role: Role = Role.RESIDENT,
        again: bool = False,
    ) -> Demand:
        """Submit a demand and return it as matching left it.

        Arguments:
            again: as somebody who taps twice; otherwise the same words are meant as another matter.
        """
        submission = demands.Submission(
            DemandId(new_id()),
            text,
            None,
            compound,
            about,
            same_within=60 if again else 0,
            accuses=about == "report",
        )
        kept = await self.do("intake", demands.submit_demand(self.origin(by, role), submission))
        assert kept.value is not None
        return await self.demand(kept.value.id)

    async def demand(self, demand: str) -> Demand:
        """Return a demand as it is."""
        found = await self.find("intake", demand_ref(self.community, DemandId(demand)))
        assert found is not None
        return found

    async def order(self, demand: Demand | str) -> Order:
        """Return the order of a demand as it is."""
        of = demand if isinstance(demand, str) else demand.id
        found = await self.find("matching", order_ref(self.community, OrderId(f"{of}-1")))
        assert found is not None
        return found

    async def load(self) -> Workload:
        """Return what capacity is taken."""
        return await self.places().now(self.community)

    async def account(self, partner: str) -> Account:
        """Return an account of the points bank."""
        return await self.find("points", account_ref(self.community, partner)) or Account(partner)

    async def budget(self) -> Account:
        """Return the account that points are issued from."""
        return await self.account(BUDGET)

    async def transfer(self, demand: Demand) -> Transfer | None:
        """Return what a demand's order earned."""
        key = transfer_id(self.community, order_id(demand.id), SETTLED)
        return await self.find("points", transfer_ref(self.community, key))

    async def provider_does(self, demand: Demand, step: Callable[[Origin, str], Work[Any]]) -> Order:
        """Let whoever has the order take a step."""
        order = await self.order(demand)
        assert order.provider is not None
        await self.do("matching", step(self.provider(order.provider.id, order.provider.kind), order.id))
        return await self.order(demand)

    def provider(self, provider: str, kind: str) -> Origin:
        """Return where the works of a unit or partner come from; staff act for the community."""
        return self.staff() if provider == COMMUNITY_SELF else self.origin(provider, Role(kind))

    def staff(self) -> Origin:
        """Return where the works of staff come from."""
        return self.origin("s1", Role.STAFF)

    async def dispatch(self, demand: Demand, provider: str) -> Order:
        """Let staff choose."""
        work = placing_handlers.dispatch_order(self.matching, self.staff(), order_id(demand.id), provider)
        await self.do("matching", work)
        return await self.order(demand)

    async def accept(self, demand: Demand) -> Order:
        """Let the provider accept."""
        return await self.provider_does(
            demand, lambda who, order: answering.accept_order(self.matching, who, OrderId(order))
        )

    async def decline(self, demand: Demand, reason: str = "人手不够") -> Order:
        """Let the provider decline."""
        return await self.provider_does(
            demand, lambda who, order: answering.decline_order(self.matching, who, OrderId(order), reason)
        )

    async def offer(self, demand: Demand, receiver: str) -> Order:
        """Let the provider ask another to take over."""
        return await self.provider_does(
            demand,
            lambda who, order: answering.offer_handover(
                self.matching, who, OrderId(order), receiver, "不归我们管"
            ),
        )

    async def plan(self, demand: Demand, *titles: str) -> Order:
        """Let the provider plan milestones, numbered from one."""
        stages = tuple(Stage(f"m{n}", title) for n, title in enumerate(titles, 1))
        return await self.provider_does(
            demand, lambda who, order: working.plan_milestones(self.matching, who, OrderId(order), stages)
        )

    async def finish(self, demand: Demand, milestone: str) -> Order:
        """Let the provider report a milestone."""

        def done(at: datetime) -> Stage:
            return Stage(milestone, "", done_at=at, note="做好了", figures={"件": 3.0}, proof=PHOTO)

        return await self.provider_does(
            demand, lambda who, order: working.finish_milestone(self.matching, who, OrderId(order), done)
        )

    async def complete(
        self,
        demand: Demand,
        *,
        served_at: datetime | None = None,
        proof: tuple[Proof, ...] = PHOTO,
        effort: Effort = NO_EFFORT,
    ) -> Order:
        """Let the provider report that it is done."""
        report = Report("办好了", proof, served_at, effort)
        return await self.provider_does(
            demand, lambda who, order: working.complete_order(self.matching, who, OrderId(order), report)
        )

    async def verify(self, demand: Demand) -> Order:
        """Let staff find it done."""
        await self.do("matching", closing.verify_order(self.matching, self.staff(), order_id(demand.id)))
        return await self.order(demand)

    async def rate(
        self,
        demand: Demand,
        solved: Solved = "solved",
        satisfaction: Satisfaction = "satisfied",
        by: Origin | None = None,
    ) -> Demand:
        """Let the resident say how it went."""
        who = by or self.origin(demand.asked_by, Role.RESIDENT)
        await self.do(
            "intake", ratings.rate_demand(who, demand.id, ratings.Opinion(solved, satisfaction, ""))
        )
        return await self.demand(demand.id)

    async def done(
        self, demand: Demand, *, served_at: datetime | None = None, effort: Effort = NO_EFFORT
    ) -> None:
        """Take an order that somebody has been given to its end."""
        await self.accept(demand)
        self.now = max(self.now, (served_at or self.now) + timedelta(minutes=effort.minutes))
        await self.complete(demand, served_at=served_at, effort=effort)
        await self.rate(demand)
        await self.verify(demand)


def value_of(kept: Versioned[T]) -> T:
    """Return what is kept, which must be there."""
    assert kept.value is not None
    return kept.value
