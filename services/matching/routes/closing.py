"""Matching's doors for what follows the work: verified, done again, urged."""

from dataclasses import dataclass

from services.chassis.http.bodies import Empty
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.work import Work
from services.contracts.roles import COMMUNITY, STAFF
from services.matching.domain import refusals
from services.matching.handlers import closing
from services.matching.handlers.context import Matching
from services.matching.routes import access
from services.matching.routes.bodies import (
    GiveReason,
    UrgeOrder,
)


@dataclass(frozen=True, slots=True)
class ClosingRoutes:
    """The routes over matching's use cases."""

    matching: Matching

    def verify(self, request: ApiRequest[Empty]) -> Work[Reply]:
        return access.step(
            self.matching, request, closing.verify_order(self.matching, *access.asked(request))
        )

    def send_back(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            closing.return_order(self.matching, *access.asked(request), request.body.reason),
        )

    def urge(self, request: ApiRequest[UrgeOrder]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            closing.urge_order(self.matching, *access.asked(request), request.body.note),
        )

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        step = refusals.StepNotAllowed
        return (
            access.post_step("/verify", STAFF, self.verify, "Verify that it is done (核实)", Empty, step),
            access.post_step(
                "/return", STAFF, self.send_back, "Have it done again (发回重办)", GiveReason, step
            ),
            access.post_step("/urge", COMMUNITY, self.urge, "Urge an order (催办)", UrgeOrder, step),
        )
