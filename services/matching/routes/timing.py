"""Matching's doors for time: questions to the resident, more time, supervision."""

from dataclasses import dataclass

from services.chassis.http.bodies import Empty
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.work import Work
from services.contracts.roles import DOERS, STAFF
from services.matching.domain import refusals
from services.matching.handlers import timing
from services.matching.handlers.context import Matching
from services.matching.routes import access
from services.matching.routes.bodies import (
    AskResident,
    GiveReason,
    RequestExtension,
)


@dataclass(frozen=True, slots=True)
class TimingRoutes:
    """The routes over matching's use cases."""

    matching: Matching

    def ask_resident(self, request: ApiRequest[AskResident]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            timing.ask_resident(self.matching, *access.asked(request), request.body.question),
        )

    def request_extension(self, request: ApiRequest[RequestExtension]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            timing.request_extension(
                self.matching, *access.asked(request), request.body.days, request.body.reason
            ),
        )

    def grant_extension(self, request: ApiRequest[Empty]) -> Work[Reply]:
        return access.step(
            self.matching, request, timing.grant_extension(self.matching, *access.asked(request))
        )

    def refuse_extension(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            timing.refuse_extension(self.matching, *access.asked(request), request.body.reason),
        )

    def supervise(self, request: ApiRequest[GiveReason]) -> Work[Reply]:
        return access.step(
            self.matching,
            request,
            timing.supervise_order(self.matching, *access.asked(request), request.body.reason),
        )

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        step, none = refusals.StepNotAllowed, refusals.NoExtensionAsked
        return (
            access.post_step(
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
            access.post_step(
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
            access.post_step(
                "/extension/grant", STAFF, self.grant_extension, "Allow more time", Empty, step, none
            ),
            access.post_step(
                "/extension/refuse",
                STAFF,
                self.refuse_extension,
                "Allow no more time",
                GiveReason,
                step,
                none,
            ),
            access.post_step(
                "/supervise",
                STAFF,
                self.supervise,
                "Watch over an order (督办)",
                GiveReason,
                step,
                refusals.AlreadySupervised,
            ),
        )
