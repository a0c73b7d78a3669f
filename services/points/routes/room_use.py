"""The doors of a room's use: people come and go, and somebody says that it was so."""

from dataclasses import dataclass

from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.roles import RESIDENTS, STAFF
from services.points.domain.bookings import BookingOver, BookingStepNotPossible, CheckInTooEarly
from services.points.handlers.room_use import check_in, check_out, confirm_use, dispute_use, reject_use
from services.points.routes import access
from services.points.routes.room_bodies import ContradictUse, MarkUse
from services.points.views.bookings import BookingView

ONE = "/points/bookings/{booking}"


@dataclass(frozen=True, slots=True)
class RoomUseRoutes:
    """The routes of what is used."""

    store: Store

    def check_in(self, request: ApiRequest[MarkUse]) -> Work[Reply]:
        return access.step_of_booking(request, check_in(request.origin(), request.path["booking"]))

    def check_out(self, request: ApiRequest[MarkUse]) -> Work[Reply]:
        return access.step_of_booking(request, check_out(request.origin(), request.path["booking"]))

    def confirm(self, request: ApiRequest[MarkUse]) -> Work[Reply]:
        return access.step_of_booking(request, confirm_use(request.origin(), request.path["booking"]))

    def dispute(self, request: ApiRequest[ContradictUse]) -> Work[Reply]:
        work = dispute_use(request.origin(), request.path["booking"], request.body.reason)
        return access.step_of_booking(request, work)

    def reject(self, request: ApiRequest[ContradictUse]) -> Work[Reply]:
        work = reject_use(request.origin(), request.path["booking"], request.body.reason)
        return access.step_of_booking(request, work)

    def table(self) -> tuple[Route, ...]:
        """Return every route of what is used."""
        return (*self._marks(), *self._words())

    def _marks(self) -> tuple[Route, ...]:
        return (
            post(
                f"{ONE}/check-in",
                access.BOOKING_PARTS,
                self.check_in,
                "Note that people came",
                takes=MarkUse,
                answers=BookingView,
                refuses=(BookingStepNotPossible, CheckInTooEarly, BookingOver),
            ),
            post(
                f"{ONE}/check-out",
                access.BOOKING_PARTS,
                self.check_out,
                "Note that they went; the partner is paid, or somebody has to confirm it",
                takes=MarkUse,
                answers=BookingView,
                refuses=(BookingStepNotPossible, BookingOver),
            ),
        )

    def _words(self) -> tuple[Route, ...]:
        return (
            post(
                f"{ONE}/confirm",
                RESIDENTS,
                self.confirm,
                "Confirm that a room was used as noted; the partner is paid",
                takes=MarkUse,
                answers=BookingView,
                refuses=(BookingStepNotPossible,),
            ),
            post(
                f"{ONE}/dispute",
                RESIDENTS,
                self.dispute,
                "Say that it was not so; staff decide",
                takes=ContradictUse,
                answers=BookingView,
                refuses=(BookingStepNotPossible,),
            ),
            post(
                f"{ONE}/reject",
                STAFF,
                self.reject,
                "Decide that it was not so; nothing is paid",
                takes=ContradictUse,
                answers=BookingView,
                refuses=(BookingStepNotPossible,),
            ),
        )
