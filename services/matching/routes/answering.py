"""Matching's doors for a provider's answer: accept, decline, hand over."""

from dataclasses import dataclass

from services.chassis.http.bodies import Empty
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.work import Work
from services.contracts.roles import DOERS
from services.matching.domain import refusals
from services.matching.handlers import answering
from services.matching.handlers.context import Matching
from services.matching.routes import access
from services.matching.routes.bodies import (
    GiveReason,
    OfferHandover,
)


@dataclass(frozen=True, slots=True)
class AnsweringRoutes:
    """The routes over matching's use cases."""

    matching: Matching

    def accept(self, request: ApiRequest[Empty]) -> Work[Reply]:
        return access.step(
            self.matching, request, answering.accept_order(self.matching, *access.asked(request))
        )

    def decline(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            answering.decline_order(self.matching, *access.asked(request), request.body.reason),
        )

    def offer_handover(self, request: ApiRequest[OfferHandover]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            answering.offer_handover(
                self.matching, *access.asked(request), request.body.to, request.body.reason
            ),
        )

    def consent(self, request: ApiRequest[Empty]) -> Work[Reply]:
        return access.step(
            self.matching, request, answering.consent_to_handover(self.matching, *access.asked(request))
        )

    def refuse(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            answering.refuse_handover(self.matching, *access.asked(request), request.body.reason),
        )

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        step, full = refusals.StepNotAllowed, refusals.ProviderFull
        return (
            access.post_step("/accept", DOERS, self.accept, "Accept an order (接单)", Empty, step),
            access.post_step("/decline", DOERS, self.decline, "Decline an order (退单)", GiveReason, step),
            access.post_step(
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
            access.post_step(
                "/handover/consent",
                DOERS,
                self.consent,
                "Consent to take over",
                Empty,
                step,
                full,
                refusals.NoHandoverOffered,
                refusals.NotTheReceiver,
            ),
            access.post_step(
                "/handover/refuse",
                DOERS,
                self.refuse,
                "Refuse to take over",
                GiveReason,
                step,
                refusals.NoHandoverOffered,
                refusals.NotTheReceiver,
            ),
        )
