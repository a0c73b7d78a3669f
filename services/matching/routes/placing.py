"""Matching's doors for who gets an order: staff choose, and others are called to it."""

from dataclasses import dataclass

from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.work import Work
from services.contracts.roles import DOERS, STAFF
from services.matching.domain import refusals
from services.matching.handlers import calling, closing, placing
from services.matching.handlers.context import Matching
from services.matching.routes import access
from services.matching.routes.bodies import (
    CallProvider,
    DispatchOrder,
    GiveReason,
)


@dataclass(frozen=True, slots=True)
class PlacingRoutes:
    """The routes over matching's use cases."""

    matching: Matching

    def dispatch(self, request: ApiRequest[DispatchOrder]) -> Work[Reply]:
        calls = tuple((call.provider, call.part) for call in request.body.call)
        return access.step(
            self.matching,
            request,
            placing.dispatch_order(self.matching, *access.asked(request), request.body.provider, calls),
        )

    def call(self, request: ApiRequest[CallProvider]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            calling.call_provider(
                self.matching, *access.asked(request), request.body.provider, request.body.part
            ),
        )

    def cancel(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            closing.cancel_order(self.matching, *access.asked(request), request.body.reason),
        )

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        step, full = refusals.StepNotAllowed, refusals.ProviderFull
        return (
            access.post_step(
                "/dispatch",
                STAFF,
                self.dispatch,
                "Choose a provider (下单)",
                DispatchOrder,
                step,
                full,
                refusals.CannotReceive,
            ),
            access.post_step(
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
            access.post_step("/cancel", STAFF, self.cancel, "Cancel an order", GiveReason, step),
        )
