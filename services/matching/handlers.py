"""What matching does, in the order of an order's life."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.failures import NotYet
from services.chassis.shelf import Kept
from services.contracts import orders as facts
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.demands import DemandSubmitted
from services.contracts.words import Message, Role
from services.matching import spoken
from services.matching.domain.load import Load
from services.matching.domain.order import Choice, Evidence, Order, OrderStatus, Stage, Who
from services.matching.domain.ranking import Matter, Ranking
from services.matching.domain.refusals import CannotReceive, NotTheReceiver, NotYourOrder
from services.matching.guides import Guide, Guides
from services.matching.store import CatalogueOnRecord, catalogue_ref, load_ref, order_id, order_ref

KeptOrder = Kept[Order]
ROUTER = "router"
STAFF = "staff"
_PROVIDER_ROLES = {Role.UNIT: "unit", Role.PARTNER: "partner"}


@dataclass(frozen=True, slots=True)
class Matching:
    """The use cases of matching.

    Arguments:
        guides: catalogues and rankers of the communities.
    """

    guides: Guides

    # A community is loaded.

    def keep_catalogue(self, origin: Origin, file: CommunityFile) -> Work[None]:
        """Keep the catalogue; providers that are gone get no new orders and keep the ones they have."""
        ref = catalogue_ref(origin.community)

        def decide(desk: Desk) -> None:
            desk.put(ref, CatalogueOnRecord(file.model_dump_json()))
            # Compiled now, so that the first demand after a load does not wait for it.
            self.guides.find(desk, origin.community)

        return Work(origin, (ref,), decide)

    # A demand comes in.

    def place_order(self, origin: Origin, demand: DemandSubmitted) -> Work[None]:
        """Make the order of a demand: dispatched when the router is sure, proposed to staff when not."""
        ref = order_ref(origin.community, order_id(demand.demand))
        reads = (catalogue_ref(origin.community), load_ref(origin.community))

        def decide(desk: Desk) -> None:
            guide = self._guide(desk)
            load = _load(desk)
            matter = Matter(demand.text, demand.title, demand.compound)
            ranking = guide.rank(matter, load.open, desk.at)
            order = _new_order(ref.id, demand, guide, ranking, desk.at)
            desk.put(ref, order)
            if ranking.decision == "dispatch":
                self._dispatch(desk, order, order.candidates[0].provider, ROUTER, ranking.because)
            else:
                desk.announce(ref, _proposal(order))

        return Work(origin, reads, decide)

    # Staff choose.

    def dispatch_order(
        self, origin: Origin, order: str, provider: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Send a proposed order to whom staff choose; the community itself may take the lead."""

        def decide(desk: Desk, before: Order) -> None:
            guide = self._guide(desk)
            _load(desk).must_have_room(provider, guide.capacity_of(provider, desk.at))
            self._dispatch(desk, before, guide.who(provider), STAFF, "社区工作人员研判后确定")

        return self._step(origin, order, expected, decide)

    def _dispatch(self, desk: Desk, before: Order, to: Who, chosen_by: str, because: str) -> None:
        after = before.dispatched_to(to, chosen_by, desk.at)
        self._keep(
            desk,
            before,
            after,
            facts.OrderDispatched(
                **_about(after),
                provider=spoken.provider_ref(to),
                category=after.category,
                confidence=after.confidence,
                chosen_by=chosen_by,
                because=because,
            ),
        )

    # The provider answers.

    def accept_order(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Take the order (接单)."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            after = before.accepted(desk.at)
            self._keep(desk, before, after, facts.OrderAccepted(**_of_provider(after)))

        return self._step(origin, order, expected, decide)

    def decline_order(self, origin: Origin, order: str, reason: str, expected: int | None) -> Work[KeptOrder]:
        """Decline it (退单): it goes to the next candidate, and back to staff when there is none."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            after = before.refused()
            self._keep(desk, before, after, facts.OrderDeclined(**_of_provider(before), reason=reason))
            choice = self._guide(desk).next_after_decline(after, _load(desk).open, desk.at)
            if choice is not None:
                because = f"上一家退单，改派下一个合适的：{_first_reason(choice)}"
                self._dispatch(desk, after, choice.provider, ROUTER, because)
            else:
                desk.announce(order_ref(origin.community, order), _proposal(after, "没有其他合适的单位"))

        return self._step(origin, order, expected, decide)

    def offer_handover(
        self, origin: Origin, order: str, receiver: str, reason: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Ask another provider to take over (转办); until it consents nothing changes hands."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            guide = self._guide(desk)
            _load(desk).must_have_room(receiver, guide.capacity_of(receiver, desk.at))
            after = before.offered(guide.who(receiver), reason, desk.at)
            to = spoken.provider_ref(guide.who(receiver))
            fact = facts.OrderHandoverOffered(**_of_provider(before), receiver=to, reason=reason)
            self._keep(desk, before, after, fact)

        return self._step(origin, order, expected, decide)

    def consent_to_handover(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Take over: from now on the receiver is answerable."""

        def decide(desk: Desk, before: Order) -> None:
            receiver = _must_be_receiver(origin, before)
            after = before.taken_over()
            guide = self._guide(desk)
            _load(desk).must_have_room(receiver.id, guide.capacity_of(receiver.id, desk.at))
            giver = spoken.provider_ref(_provider(before))
            self._keep(desk, before, after, facts.OrderHandedOver(**_of_provider(after), giver=giver))

        return self._step(origin, order, expected, decide)

    def refuse_handover(
        self, origin: Origin, order: str, reason: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Do not take over; the one who asked stays answerable and may ask somebody else."""

        def decide(desk: Desk, before: Order) -> None:
            receiver = _must_be_receiver(origin, before)
            fact = facts.OrderHandoverRefused(
                **_of_provider(before), receiver=spoken.provider_ref(receiver), reason=reason
            )
            self._keep(desk, before, before.not_taken_over(), fact)

        return self._step(origin, order, expected, decide)

    # The work.

    def plan_milestones(
        self, origin: Origin, order: str, stages: tuple[Stage, ...], expected: int | None
    ) -> Work[KeptOrder]:
        """Plan milestones ahead; the order is a project from then on."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            after = before.planned(stages)
            milestones = tuple(spoken.milestone(stage) for stage in stages)
            self._keep(desk, before, after, facts.OrderPlanned(**_of_provider(after), milestones=milestones))

        return self._step(origin, order, expected, decide)

    def finish_milestone(
        self, origin: Origin, order: str, done: Callable[[datetime], Stage], expected: int | None
    ) -> Work[KeptOrder]:
        """Report a milestone as done, with note, figures and proof."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            stage = done(desk.at)
            after = before.stage_done(stage)
            kept = next(other for other in after.stages if other.id == stage.id)
            fact = facts.OrderMilestoneDone(**_of_provider(after), milestone=spoken.milestone(kept))
            self._keep(desk, before, after, fact)

        return self._step(origin, order, expected, decide)

    def complete_order(
        self,
        origin: Origin,
        order: str,
        report: "Report",
        expected: int | None,
    ) -> Work[KeptOrder]:
        """Report the work as done (办结), with proof."""

        def decide(desk: Desk, before: Order) -> None:
            _must_be_theirs(origin, before)
            served_at = report.served_at or desk.at
            after = before.completed(report.summary, report.proof, served_at, desk.at)
            proof = tuple(spoken.proof(evidence) for evidence in report.proof)
            fact = facts.OrderCompleted(**_of_provider(after), summary=report.summary, proof=proof)
            self._keep(desk, before, after, fact)

        return self._step(origin, order, expected, decide)

    # The community looks, the resident says.

    def verify_order(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Find it done; with a good rating there already, it is settled."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.verified()
            self._keep(desk, before, after, facts.OrderVerified(**_of_provider(after)))
            self._settle_if_due(desk, after)

        return self._step(origin, order, expected, decide)

    def return_order(self, origin: Origin, order: str, reason: str, expected: int | None) -> Work[KeptOrder]:
        """Have it done again by the same provider (发回重办)."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.sent_back()
            fact = facts.OrderReturned(**_of_provider(after), reason=reason, times=after.returned)
            self._keep(desk, before, after, fact)

        return self._step(origin, order, expected, decide)

    def note_good_rating(self, origin: Origin, demand: str) -> Work[KeptOrder]:
        """Note that the resident is content; a verified order is settled."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.rated_well()
            desk.put(order_ref(origin.community, before.id), after)
            self._settle_if_due(desk, after)

        return self._step(origin, order_id(demand), None, decide)

    def _settle_if_due(self, desk: Desk, order: Order) -> None:
        if not order.can_settle:
            return
        after = order.settled()
        served_at = after.served_at or desk.at
        fact = facts.OrderSettled(**_of_provider(after), category=after.category, served_at=served_at)
        self._keep(desk, order, after, fact)

    def urge_order(self, origin: Origin, order: str, note: str) -> Work[KeptOrder]:
        """Remind whoever has it (催办)."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.urged_again()
            provider = spoken.provider_ref(after.provider) if after.provider else None
            fact = facts.OrderUrged(**_about(after), provider=provider, note=note, times=after.urged)
            self._keep(desk, before, after, fact)

        return self._step(origin, order, None, decide)

    def cancel_order(
        self, origin: Origin, order: str, reason: str, expected: int | None, *, by_demand: bool = False
    ) -> Work[KeptOrder]:
        """Give it up: nobody has to do it any more. `by_demand`: the demand itself ended it."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.cancelled(reason)
            provider = spoken.provider_ref(before.provider) if before.provider else None
            fact = facts.OrderCancelled(
                **_about(after), provider=provider, reason=reason, by_demand=by_demand
            )
            self._keep(desk, before, after, fact)

        return self._step(origin, order, expected, decide)

    # How each of them is done.

    def _step(
        self, origin: Origin, order: str, expected: int | None, step: Callable[[Desk, Order], None]
    ) -> Work[KeptOrder]:
        ref = order_ref(origin.community, order)
        reads = (ref, load_ref(origin.community), catalogue_ref(origin.community))

        def decide(desk: Desk) -> KeptOrder:
            before = desk.get(ref, NotYourOrder())
            desk.expect(ref, expected)
            step(desk, before)
            return desk.kept(ref)

        return Work(origin, reads, decide)

    def _keep(self, desk: Desk, before: Order, after: Order, fact: Message) -> None:
        """Keep the order and what it takes of its provider's capacity, and announce what happened."""
        ref = order_ref(desk.origin.community, after.id)
        desk.put(ref, after)
        load = _load(desk)
        moved = load.moved(before, after)
        if moved is not load:
            desk.put(load_ref(desk.origin.community), moved)
        desk.announce(ref, fact)

    def _guide(self, desk: Desk) -> Guide:
        guide = self.guides.find(desk, desk.origin.community)
        if guide is None:
            raise NotYet(f"no file of community {desk.origin.community} has been loaded")
        return guide


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider reports when it is done; `served_at` is when the work itself took place."""

    summary: str
    proof: tuple[Evidence, ...]
    served_at: datetime | None


def _new_order(order: str, demand: DemandSubmitted, guide: Guide, ranking: Ranking, at: datetime) -> Order:
    return Order(
        id=order,
        demand=demand.demand,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        asked_by=demand.asked_by,
        category=ranking.category,
        confidence=ranking.confidence,
        because=ranking.because,
        candidates=guide.choices(ranking),
        status=OrderStatus.PROPOSED,
        created_at=at,
    )


def _proposal(order: Order, because: str | None = None) -> facts.OrderProposed:
    return facts.OrderProposed(
        **_about(order),
        category=order.category,
        confidence=order.confidence,
        candidates=tuple(spoken.candidate_ref(choice) for choice in order.next_choices()),
        because=because or order.because,
    )


def _about(order: Order) -> dict[str, Any]:
    return {"order": order.id, "demand": order.demand, "asked_by": order.asked_by}


def _of_provider(order: Order) -> dict[str, Any]:
    return {**_about(order), "provider": spoken.provider_ref(_provider(order))}


def _provider(order: Order) -> Who:
    if order.provider is None:
        raise CannotReceive
    return order.provider


def _first_reason(choice: Choice) -> str:
    return choice.parts[0].because


def _load(desk: Desk) -> Load:
    return desk.find(load_ref(desk.origin.community)) or Load()


def acts_for(origin: Origin, who: Who | None) -> bool:
    """Return whether the one who asks speaks for a provider: itself, or staff for the community."""
    if who is None:
        return False
    if who.id == COMMUNITY_SELF:
        return origin.actor.role is Role.STAFF
    return _PROVIDER_ROLES.get(origin.actor.role) == who.kind and origin.actor.subject == who.id


def _must_be_theirs(origin: Origin, order: Order) -> None:
    if not acts_for(origin, order.provider):
        raise NotYourOrder


def _must_be_receiver(origin: Origin, order: Order) -> Who:
    receiver = order.handover.receiver if order.handover else None
    if receiver is not None and acts_for(origin, receiver):
        return receiver
    if acts_for(origin, order.provider):
        raise NotTheReceiver
    raise NotYourOrder
