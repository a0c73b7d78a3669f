"""Matching's doors: the review queue of staff, and the inbox of units and partners."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from services.chassis.clock import now
from services.chassis.desk import Desk, Work
from services.chassis.mongo import Store
from services.chassis.once import Reply
from services.chassis.web import Ask, Command, PageQuery, Route, listed, show
from services.contracts.refusal import NotFound, Refused
from services.contracts.words import TYPED, Note, Proof, Reason, Role, ThingId
from services.matching import spoken, views
from services.matching.domain import order as rules
from services.matching.domain import refusals
from services.matching.domain.order import OrderStatus, Stage
from services.matching.handlers import KeptOrder, Matching, Report
from services.matching.store import ORDERS, catalogue_ref, load_ref, order_ref

STAFF = frozenset({Role.STAFF})
DOERS = frozenset({Role.UNIT, Role.PARTNER, Role.STAFF})
"""Units and partners for themselves, staff where the community takes the lead."""
READERS = frozenset({Role.UNIT, Role.PARTNER, Role.STAFF, Role.GRID_WORKER})
COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TYPED)]
FigureName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=TYPED)]
Figures = Annotated[
    dict[FigureName, Annotated[float, Field(allow_inf_nan=False)]],
    Field(max_length=20),
]
SERVED_AT_MIN = datetime(2000, 1, 1, tzinfo=UTC)
Proofs = Annotated[tuple[Proof, ...], Field(max_length=20)]


class Nothing(Command):
    """A step that needs no words."""


class DispatchOrder(Command):
    """Staff choose; `community` means that the community itself takes the lead."""

    provider: ThingId


class GiveReason(Command):
    """A step that has to be explained."""

    reason: Reason


class OfferHandover(Command):
    """转办."""

    to: ThingId
    reason: Reason


class PlannedMilestone(Command):
    """One milestone ahead."""

    id: ThingId
    title: Title
    due_on: date | None = None


class PlanMilestones(Command):
    """Milestones ahead, in their order."""

    milestones: tuple[PlannedMilestone, ...] = Field(min_length=1, max_length=rules.MILESTONES_MAX)


class FinishMilestone(Command):
    """A milestone reached."""

    note: Note = ""
    figures: Figures = Field(default_factory=dict)
    proof: Proofs = ()


class CompleteOrder(Command):
    """办结, with at least one proof."""

    summary: Reason
    proof: Proofs = ()
    served_at: Annotated[AwareDatetime, Field(ge=SERVED_AT_MIN)] | None = Field(
        default=None, description="when the work took place, if not just now; decides on double points"
    )


class UrgeOrder(Command):
    """催办."""

    note: Note = ""


class OrderQuery(PageQuery):
    """Which orders."""

    status: OrderStatus | None = None
    provider: ThingId | None = None
    demand: ThingId | None = None


@dataclass(frozen=True, slots=True)
class MatchingRoutes:
    """Matching's routes over its store.

    Arguments:
        store: matching's database.
        matching: its use cases.
    """

    store: Store
    matching: Matching

    async def list_orders(self, ask: Ask[None]) -> Reply:
        query: OrderQuery = ask.query
        wanted = {"status": query.status, "provider.id": query.provider, "demand": query.demand}
        where: dict[str, object] = {name: value for name, value in wanted.items() if value is not None}
        where |= views.visible_where(ask.identity)
        found = await self.store.page(ORDERS, ask.community, where, after=query.after, limit=query.limit + 1)
        items, after = listed(found, query.limit, lambda kept: views.order_view(kept, ask.identity))
        return show(views.OrderPage(items=items, next=after))

    async def show_order(self, ask: Ask[None]) -> Reply:
        ref = order_ref(ask.community, ask.path["order"])
        kept = (await self.store.load([ref]))[ref]
        if kept.value is None or not views.may_see(kept.value, ask.identity):
            raise NotFound
        return show(views.order_view(kept, ask.identity), revision=kept.revision)

    async def list_providers(self, ask: Ask[None]) -> Reply:
        record_ref, taken_ref = catalogue_ref(ask.community), load_ref(ask.community)
        loaded = await self.store.load([record_ref, taken_ref])
        record, load = loaded[record_ref], loaded[taken_ref]
        if record.value is None:
            raise NotFound
        guide = self.matching.guides.of(ask.community, record.revision, record.value)
        taken = load.value.open if load.value else {}
        return show(views.provider_list(guide, taken, now()), revision=record.revision)

    def dispatch(self, ask: Ask[DispatchOrder]) -> Work[Reply]:
        return self._step(ask, self.matching.dispatch_order, ask.body.provider, ask.if_match)

    def accept(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, self.matching.accept_order, ask.if_match)

    def decline(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, self.matching.decline_order, ask.body.reason, ask.if_match)

    def offer_handover(self, ask: Ask[OfferHandover]) -> Work[Reply]:
        return self._step(ask, self.matching.offer_handover, ask.body.to, ask.body.reason, ask.if_match)

    def consent(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, self.matching.consent_to_handover, ask.if_match)

    def refuse(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, self.matching.refuse_handover, ask.body.reason, ask.if_match)

    def plan(self, ask: Ask[PlanMilestones]) -> Work[Reply]:
        stages = tuple(
            Stage(m.id, m.title, m.due_on.isoformat() if m.due_on else None) for m in ask.body.milestones
        )
        return self._step(ask, self.matching.plan_milestones, stages, ask.if_match)

    def finish_milestone(self, ask: Ask[FinishMilestone]) -> Work[Reply]:
        proof = tuple(spoken.evidence(given) for given in ask.body.proof)

        def done(at: Any) -> Stage:
            return Stage(
                ask.path["milestone"],
                "",
                done_at=at,
                note=ask.body.note,
                figures=ask.body.figures,
                proof=proof,
            )

        return self._step(ask, self.matching.finish_milestone, done, ask.if_match)

    def complete(self, ask: Ask[CompleteOrder]) -> Work[Reply]:
        proof = tuple(spoken.evidence(given) for given in ask.body.proof)
        report = Report(ask.body.summary, proof, ask.body.served_at)
        return self._step(ask, self.matching.complete_order, report, ask.if_match)

    def verify(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, self.matching.verify_order, ask.if_match)

    def send_back(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, self.matching.return_order, ask.body.reason, ask.if_match)

    def urge(self, ask: Ask[UrgeOrder]) -> Work[Reply]:
        return self._step(ask, self.matching.urge_order, ask.body.note)

    def cancel(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, self.matching.cancel_order, ask.body.reason, ask.if_match)

    def _step(self, ask: Ask[Any], step: Callable[..., Work[KeptOrder]], *words: object) -> Work[Reply]:
        """Return the work of a step; an order that the one who asks may not see is not there for them."""
        order = ask.path["order"]
        ref = order_ref(ask.community, order)
        demand = order.rsplit("-", 1)[0]
        work = step(ask.origin(demand), order, *words)

        def decide(desk: Desk) -> Reply:
            if not views.may_see(desk.get(ref, NotFound()), ask.identity):
                raise NotFound
            kept = work.decide(desk)
            return show(views.order_view(kept, ask.identity), revision=kept.revision)

        return Work(work.origin, work.reads, decide)

    def table(self) -> tuple[Route, ...]:
        """Return every route of matching."""
        step, full = refusals.StepNotAllowed, refusals.ProviderFull
        return (
            Route(
                "GET", "/orders", READERS, self.list_orders, "List orders", views.OrderPage, query=OrderQuery
            ),
            Route("GET", "/orders/{order}", READERS, self.show_order, "Show an order", views.OrderView),
            Route("GET", "/providers", COMMUNITY, self.list_providers, "List providers", views.ProviderList),
            _deed(
                "/dispatch",
                STAFF,
                self.dispatch,
                "Choose a provider (下单)",
                DispatchOrder,
                step,
                full,
                refusals.CannotReceive,
            ),
            _deed("/accept", DOERS, self.accept, "Accept an order (接单)", Nothing, step),
            _deed("/decline", DOERS, self.decline, "Decline an order (退单)", GiveReason, step),
            _deed(
                "/handover",
                DOERS,
                self.offer_handover,
                "Ask another to take over (转办)",
                OfferHandover,
                step,
                full,
                refusals.HandoverPending,
                refusals.CannotReceive,
            ),
            _deed(
                "/handover/consent",
                DOERS,
                self.consent,
                "Consent to take over",
                Nothing,
                step,
                full,
                refusals.NoHandoverOffered,
                refusals.NotTheReceiver,
            ),
            _deed(
                "/handover/refuse",
                DOERS,
                self.refuse,
                "Refuse to take over",
                GiveReason,
                step,
                refusals.NoHandoverOffered,
                refusals.NotTheReceiver,
            ),
            _deed(
                "/milestones",
                DOERS,
                self.plan,
                "Plan milestones",
                PlanMilestones,
                step,
                refusals.TooManyMilestones,
                refusals.DuplicateMilestones,
            ),
            _deed(
                "/milestones/{milestone}/done",
                DOERS,
                self.finish_milestone,
                "Report a milestone",
                FinishMilestone,
                step,
                refusals.UnknownMilestone,
                refusals.MilestoneDone,
            ),
            _deed(
                "/complete",
                DOERS,
                self.complete,
                "Complete an order (办结)",
                CompleteOrder,
                step,
                refusals.ProofMissing,
                refusals.ServedAtImpossible,
                refusals.MilestonesOpen,
                refusals.HandoverPending,
            ),
            _deed("/verify", STAFF, self.verify, "Verify that it is done (核实)", Nothing, step),
            _deed("/return", STAFF, self.send_back, "Have it done again (发回重办)", GiveReason, step),
            _deed("/urge", COMMUNITY, self.urge, "Urge an order (催办)", UrgeOrder, step),
            _deed("/cancel", STAFF, self.cancel, "Cancel an order", GiveReason, step),
        )


def _deed(
    path: str,
    audience: frozenset[Role],
    handler: Callable[[Ask[Any]], Work[Reply]],
    summary: str,
    body: type[Command],
    *refusals: type[Refused],
) -> Route:
    return Route(
        "POST",
        "/orders/{order}" + path,
        audience,
        handler,
        summary,
        views.OrderView,
        body=body,
        refusals=refusals,
    )
