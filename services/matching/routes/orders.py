"""Matching's doors: the review queue of staff, and the inbox of units and partners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.chassis.clock import now
from services.chassis.desk import Desk, Origin, Work
from services.chassis.http.once import Reply
from services.chassis.http.web import Ask, Command, Route, show
from services.chassis.mongo import Store, position_of
from services.chassis.shelf import Kept
from services.contracts.refusal import NotFound, Refused
from services.contracts.words import Role
from services.matching.domain import refusals
from services.matching.domain.parts import Stage
from services.matching.domain.sight import Sight
from services.matching.handlers import answering, calling, closing, timing, working
from services.matching.handlers import placing as placing_handlers
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import KeptOrder
from services.matching.handlers.working import Report
from services.matching.routes.bodies import (
    AskResident,
    CallProvider,
    CompleteOrder,
    DispatchOrder,
    FinishMilestone,
    GiveReason,
    Nothing,
    OfferHandover,
    PlanMilestones,
    RequestExtension,
    UrgeOrder,
)
from services.matching.routes.queries import OrderQuery, where_of
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref
from services.matching.store.orders import ORDERS, demand_of, order_ref
from services.matching.store.places import Places
from services.matching.views.messages import evidence
from services.matching.views.orders import OrderPage, OrderView, order_view
from services.matching.views.providers import ProviderList, provider_list

STAFF = frozenset({Role.STAFF})


DOERS = frozenset({Role.UNIT, Role.PARTNER, Role.STAFF})
"""Units and partners for themselves, staff where the community takes the lead."""


READERS = frozenset({Role.UNIT, Role.PARTNER, Role.STAFF, Role.GRID_WORKER})


COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})


def asked(ask: Ask[Any]) -> tuple[Origin, str]:
    """Return where a step of the order in the address comes from, and which order it is."""
    order = ask.path["order"]
    return ask.origin(demand_of(order)), order


@dataclass(frozen=True, slots=True)
class MatchingRoutes:
    """Matching's routes over its store.

    Arguments:
        store: matching's database.
        matching: its use cases.
        places: how things stand.
    """

    store: Store
    matching: Matching
    places: Places

    async def list_orders(self, ask: Ask[None]) -> Reply:
        query: OrderQuery = ask.query
        at = now()
        sight = await self._sight(ask)
        where = {
            "$and": [condition for condition in (where_of(query, at), sight.where()) if condition] or [{}]
        }
        by = "pressing" if query.sort == "urgent" else None
        found = await self.store.page(
            ORDERS, ask.community, where, after=query.after, limit=query.limit + 1, first=by
        )
        items = [order_view(kept, sight, at) for kept in found[: query.limit]]
        after = position_of(found[query.limit - 1], by) if len(found) > query.limit else None
        return show(OrderPage(items=items, next=after))

    async def _sight(self, ask: Ask[Any]) -> Sight:
        """Return what of the community's orders the one who asks may see."""
        ref = catalogue_ref(ask.community)
        record = (await self.store.load([ref]))[ref]
        return self._sight_by(ask, record)

    def _sight_by(self, ask: Ask[Any], record: Kept[CatalogueOnRecord]) -> Sight:
        if record.value is None:
            return Sight(ask.identity.subject, ask.identity.role.value)
        return self.matching.guides.of(ask.community, record.revision, record.value).sight(ask.identity)

    async def show_order(self, ask: Ask[None]) -> Reply:
        ref = order_ref(ask.community, ask.path["order"])
        kept = (await self.store.load([ref]))[ref]
        sight = await self._sight(ask)
        if kept.value is None or not sight.may_see(kept.value):
            raise NotFound
        return show(order_view(kept, sight, now()), revision=kept.revision)

    async def list_providers(self, ask: Ask[None]) -> Reply:
        ref = catalogue_ref(ask.community)
        record = (await self.store.load([ref]))[ref]
        if record.value is None:
            raise NotFound
        guide = self.matching.guides.of(ask.community, record.revision, record.value)
        taken = (await self.places.now(ask.community)).open
        return show(provider_list(guide, taken, now()), revision=record.revision)

    def dispatch(self, ask: Ask[DispatchOrder]) -> Work[Reply]:
        calls = tuple((call.provider, call.part) for call in ask.body.call)
        return self._step(
            ask, placing_handlers.dispatch_order(self.matching, *asked(ask), ask.body.provider, calls)
        )

    def call(self, ask: Ask[CallProvider]) -> Work[Reply]:
        return self._step(
            ask, calling.call_provider(self.matching, *asked(ask), ask.body.provider, ask.body.part)
        )

    def accept(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, answering.accept_order(self.matching, *asked(ask)))

    def decline(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, answering.decline_order(self.matching, *asked(ask), ask.body.reason))

    def offer_handover(self, ask: Ask[OfferHandover]) -> Work[Reply]:
        return self._step(
            ask, answering.offer_handover(self.matching, *asked(ask), ask.body.to, ask.body.reason)
        )

    def consent(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, answering.consent_to_handover(self.matching, *asked(ask)))

    def refuse(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, answering.refuse_handover(self.matching, *asked(ask), ask.body.reason))

    def plan(self, ask: Ask[PlanMilestones]) -> Work[Reply]:
        stages = tuple(
            Stage(m.id, m.title, m.due_on.isoformat() if m.due_on else None) for m in ask.body.milestones
        )
        return self._step(ask, working.plan_milestones(self.matching, *asked(ask), stages))

    def finish_milestone(self, ask: Ask[FinishMilestone]) -> Work[Reply]:
        proof = tuple(evidence(given) for given in ask.body.proof)

        def done(at: Any) -> Stage:
            return Stage(
                ask.path["milestone"],
                "",
                done_at=at,
                note=ask.body.note,
                figures=ask.body.figures,
                proof=proof,
            )

        return self._step(ask, working.finish_milestone(self.matching, *asked(ask), done))

    def complete(self, ask: Ask[CompleteOrder]) -> Work[Reply]:
        proof = tuple(evidence(given) for given in ask.body.proof)
        report = Report(ask.body.summary, proof, ask.body.served_at)
        return self._step(ask, working.complete_order(self.matching, *asked(ask), report))

    def verify(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, closing.verify_order(self.matching, *asked(ask)))

    def send_back(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, closing.return_order(self.matching, *asked(ask), ask.body.reason))

    def urge(self, ask: Ask[UrgeOrder]) -> Work[Reply]:
        return self._step(ask, closing.urge_order(self.matching, *asked(ask), ask.body.note))

    def cancel(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, closing.cancel_order(self.matching, *asked(ask), ask.body.reason))

    def ask_resident(self, ask: Ask[AskResident]) -> Work[Reply]:
        return self._step(ask, timing.ask_resident(self.matching, *asked(ask), ask.body.question))

    def request_extension(self, ask: Ask[RequestExtension]) -> Work[Reply]:
        return self._step(
            ask, timing.request_extension(self.matching, *asked(ask), ask.body.days, ask.body.reason)
        )

    def grant_extension(self, ask: Ask[Nothing]) -> Work[Reply]:
        return self._step(ask, timing.grant_extension(self.matching, *asked(ask)))

    def refuse_extension(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, timing.refuse_extension(self.matching, *asked(ask), ask.body.reason))

    def supervise(self, ask: Ask[GiveReason]) -> Work[Reply]:
        return self._step(ask, timing.supervise_order(self.matching, *asked(ask), ask.body.reason))

    def _step(self, ask: Ask[Any], work: Work[KeptOrder]) -> Work[Reply]:
        """Return the work of a step; an order that the one who asks may not see is not there for them.

        Nor is anything done when it was changed after they saw it, where they say what they saw (If-Match).
        """
        ref, catalogue = order_ref(ask.community, ask.path["order"]), catalogue_ref(ask.community)

        def may_see(desk: Desk) -> None:
            if not self._sight_by(ask, desk.kept(catalogue)).may_see(desk.get(ref, NotFound())):
                raise NotFound
            desk.expect(ref, ask.if_match)

        def shown(kept: KeptOrder, desk: Desk) -> Reply:
            sight = self._sight_by(ask, desk.kept(catalogue))
            return show(order_view(kept, sight, desk.at), revision=kept.revision)

        return work.only_if(may_see, ref, catalogue).then(shown, catalogue)

    def table(self) -> tuple[Route, ...]:
        """Return every route of matching."""
        step, full = refusals.StepNotAllowed, refusals.ProviderFull
        return (
            Route("GET", "/orders", READERS, self.list_orders, "List orders", OrderPage, query=OrderQuery),
            Route("GET", "/orders/{order}", READERS, self.show_order, "Show an order", OrderView),
            Route("GET", "/providers", COMMUNITY, self.list_providers, "List providers", ProviderList),
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
            _deed(
                "/call",
                DOERS,
                self.call,
                "Call another provider to a part of the matter (吹哨报到)",
                CallProvider,
                step,
                full,
                refusals.CannotReceive,
                refusals.TooManyCompanions,
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
            *self._of_time(),
        )

    def _of_time(self) -> tuple[Route, ...]:
        step, none = refusals.StepNotAllowed, refusals.NoExtensionAsked
        return (
            _deed(
                "/question",
                DOERS,
                self.ask_resident,
                "Ask the resident for more; the deadline stands still (待诉求人补充)",
                AskResident,
                step,
                refusals.AlreadyWaiting,
                refusals.LeadAsks,
                refusals.TooManyQuestions,
            ),
            _deed(
                "/extension",
                DOERS,
                self.request_extension,
                "Ask for working days more, before the deadline (申请延期)",
                RequestExtension,
                step,
                refusals.DeadlinePassed,
                refusals.ExtensionPending,
                refusals.ExtensionTooLong,
                refusals.TooManyExtensions,
            ),
            _deed("/extension/grant", STAFF, self.grant_extension, "Allow more time", Nothing, step, none),
            _deed(
                "/extension/refuse",
                STAFF,
                self.refuse_extension,
                "Allow no more time",
                GiveReason,
                step,
                none,
            ),
            _deed(
                "/supervise",
                STAFF,
                self.supervise,
                "Watch over an order (督办)",
                GiveReason,
                step,
                refusals.AlreadySupervised,
            ),
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
        OrderView,
        body=body,
        refusals=refusals,
    )
