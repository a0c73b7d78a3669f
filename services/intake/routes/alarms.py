"""Intake's doors for what a text was read to say: answers, emergencies, corrections, and whom to call."""

from dataclasses import dataclass
from functools import partial

from services.chassis.documents import Versioned
from services.chassis.http.bodies import Empty
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.refusal import Forbidden, NotFound
from services.contracts.roles import COMMUNITY, READERS, RESIDENTS, STAFF
from services.intake.domain import demands as rules
from services.intake.domain.alarms import AlarmTaken, NoAlarm
from services.intake.domain.readings import Correction, NothingToAnswer
from services.intake.domain.sight import MustBeRecorded
from services.intake.handlers import alarms, contacts, readings
from services.intake.routes import access
from services.intake.routes.bodies import AnswerQuestion, CorrectReading
from services.intake.store.demands import Contact, contact_ref
from services.intake.store.vault import Vault
from services.intake.views.demands import ContactView


@dataclass(frozen=True, slots=True)
class AlarmRoutes:
    """The routes of dangers and readings over intake's store.

    Arguments:
        store: intake's database.
        vault: opens contacts; None keeps none.
    """

    store: Store
    vault: Vault | None

    async def show_contact(self, request: ApiRequest[None]) -> Reply:
        kept, viewer, _ = await access.visible(self.store, request)
        demand = kept.value
        if demand is None or not viewer.may_contact(demand):
            raise Forbidden
        if demand.accuses or demand.is_confidential:
            raise MustBeRecorded
        ref = contact_ref(request.community, demand.id)
        return self._contact(await self.store.find(ref), ref.key)

    def _contact(self, kept: Versioned[Contact], key: str) -> Reply:
        if kept.value is None or self.vault is None:
            raise NotFound
        return show(ContactView.model_validate(self.vault.open(kept.value.sealed, key)))

    def open_contact(self, request: ApiRequest[Empty]) -> Work[Reply]:
        origin, demand = access.asked(request)
        key = contact_ref(request.community, demand).key
        work = contacts.open_contact(origin, demand, partial(access.viewer_of, request.identity))
        return work.then(lambda kept, _: self._contact(kept, key))

    def answer(self, request: ApiRequest[AnswerQuestion]) -> Work[Reply]:
        body = request.body
        return access.step(
            request, readings.answer_question(*access.asked(request), body.about, yes=body.yes)
        )

    def take_alarm(self, request: ApiRequest[Empty]) -> Work[Reply]:
        return access.step(request, alarms.take_alarm(*access.asked(request)))

    def correct(self, request: ApiRequest[CorrectReading]) -> Work[Reply]:
        body = request.body
        change = Correction(body.danger, body.danger_kind, body.accusation, body.accused, body.private)
        return access.step(request, readings.correct_reading(*access.asked(request), change, body.reason))

    def table(self) -> tuple[Route, ...]:
        """Return every route about what was heard."""
        return (
            Route(
                "GET",
                access.ONE + "/contact",
                READERS,
                self.show_contact,
                "Show whom to call",
                ContactView,
                refusals=(MustBeRecorded,),
            ),
            Route(
                "POST",
                access.ONE + "/contact",
                READERS,
                self.open_contact,
                "Open whom to call, which is recorded",
                ContactView,
                body=Empty,
                conditional=False,
                remembered=False,
            ),
            access.post_step(
                "/answer",
                RESIDENTS,
                self.answer,
                "Answer what one is asked (现在有人有危险吗？)",
                AnswerQuestion,
                NothingToAnswer,
                rules.NotYourDemand,
            ),
            access.post_step(
                "/take",
                COMMUNITY,
                self.take_alarm,
                "Say that one has an emergency (我来处理)",
                Empty,
                NoAlarm,
                AlarmTaken,
            ),
            access.post_step(
                "/reading",
                STAFF,
                self.correct,
                "Correct what a demand was read to say (更正研判)",
                CorrectReading,
            ),
        )
