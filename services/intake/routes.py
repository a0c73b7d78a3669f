"""Intake's doors: communities and demands over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.chassis.clock import new_id
from services.chassis.desk import Desk, Work
from services.chassis.mongo import Store, position_of
from services.chassis.once import Reply
from services.chassis.shelf import Kept
from services.chassis.web import Ask, Command, PageQuery, Route, show
from services.contracts.communities import read_file_on_record
from services.contracts.community_file import CommunityFile
from services.contracts.refusal import Forbidden, Invalid, NotFound
from services.contracts.words import (
    TYPED,
    AccusationKind,
    DangerLevel,
    DemandKind,
    Note,
    Reason,
    Role,
    Satisfaction,
    Solved,
    ThingId,
)
from services.intake import alarms, handlers, steps, views
from services.intake.community_file import (
    Change,
    CommunityFileInvalid,
    CommunityFileTooLarge,
    read_community_bytes,
)
from services.intake.domain import demand as rules
from services.intake.domain import words_of_residents as words
from services.intake.domain.alarm import NOW
from services.intake.domain.demand import Demand, DemandStatus
from services.intake.domain.understanding import kind_of
from services.intake.store import DEMANDS, Contact, contact_ref, demand_ref, file_ref, places_ref
from services.intake.vault import Vault
from services.language.words import DangerKind

EVERYBODY = frozenset(Role)
RESIDENTS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF})
COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})
STAFF = frozenset({Role.STAFF})
KEEPERS = frozenset({Role.STAFF, Role.OPERATOR})
READERS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.UNIT, Role.PARTNER})
FILE_BYTES_MAX = 2 * 1024 * 1024


class ContactGiven(Command):
    """How to reach the resident; kept sealed, shown only to the community and to who does the work."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=TYPED)]
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+ -]{5,20}$")]


class SubmitDemand(Command):
    """点单."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=words.TEXT_CHARS_MAX)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=words.TITLE_CHARS_MAX)] | None = None
    compound: ThingId | None = Field(default=None, description="id of a compound or venue of the community")
    about: DemandKind | None = Field(default=None, description="heard from the words if left out")
    private: bool | None = Field(
        default=None, description="true: not for the neighbours; left out, the words decide"
    )
    contact: ContactGiven | None = None


class UrgeDemand(Command):
    """催办."""

    note: Note = ""


class SupplementDemand(Command):
    """补充."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class AnswerQuestion(Command):
    """一键回答."""

    about: Literal["danger", "place"] = Field(description="`about` of what is asked (`asks`)")
    yes: bool = Field(description="danger: somebody is in danger now; place: it is here")


class TakeAlarm(Command):
    """我来处理."""


class OpenContact(Command):
    """查看联系方式（记录在案）."""


class CorrectReading(Command):
    """更正研判."""

    danger: Literal["now", "soon", "none"] | None = None
    danger_kind: DangerKind | None = None
    accusation: AccusationKind | None = None
    accused: Annotated[tuple[ThingId, ...], Field(max_length=20)] | None = Field(
        default=None, description="providers that are accused; an empty list: none of the community's"
    )
    private: bool | None = None
    reason: Reason


class WithdrawDemand(Command):
    """撤回."""

    reason: Note = ""


class RateDemand(Command):
    """评单."""

    solved: Solved
    satisfaction: Satisfaction
    comment: Note = ""


class EndorseDemand(Command):
    """附议. A grid worker may name the resident who said it aloud."""

    on_behalf_of: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None


class DemandQuery(PageQuery):
    """Which demands."""

    status: DemandStatus | None = None
    compound: ThingId | None = None
    mine: bool = False
    about: DemandKind | None = Field(default=None, description="kind of the demand")
    danger: DangerLevel | None = Field(default=None, description="now, perhaps, soon or none")
    danger_kind: DangerKind | None = None
    accusation: AccusationKind | None = None
    alarm: bool = Field(default=False, description="only emergencies that nobody has taken yet")
    call_back: bool = Field(default=False, description="only what is done, not rated, and to be asked after")
    since: AwareDatetime | None = Field(default=None, description="submitted then or later")
    until: AwareDatetime | None = Field(default=None, description="submitted before then")
    sort: Literal["urgent", "newest"] = Field(
        default="urgent",
        description="urgent: what nobody has taken in hand and is or may be dangerous stands first",
    )
    after: Annotated[str, StringConstraints(pattern=r"^(?:[0-9]\.)?[A-Za-z0-9._-]{1,64}$")] | None = Field(
        default=None, description="`next` of the page before"
    )


class LoadQuery(BaseModel):
    """Whether to change anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = False


class NoVault(Invalid):
    """This deployment keeps no contacts, because it has no key to seal them with."""

    slug = "contacts_not_kept"
    title = "本系统未启用联系方式保存"


class MustBeRecorded(Forbidden):
    """Whose word an accusation is, is opened by a step that is recorded, and not merely looked at."""

    slug = "must_be_recorded"
    title = "举报人的联系方式须用“查看并记录”打开"


@dataclass(frozen=True, slots=True)
class IntakeRoutes:
    """Intake's routes over its store.

    Arguments:
        store: intake's database.
        vault: seals contacts; None keeps none.
    """

    store: Store
    vault: Vault | None

    def load_community(self, ask: Ask[CommunityFile]) -> Work[Reply]:
        work = handlers.load_community(ask.origin(), ask.body, ask.if_match, dry_run=ask.query.dry_run)
        return _shown(work, lambda loaded: _loaded_view(loaded, dry_run=ask.query.dry_run))

    async def show_community(self, ask: Ask[None]) -> Reply:
        places = (await self.store.load([places_ref(ask.community)]))[places_ref(ask.community)]
        if places.value is None:
            raise NotFound
        known = places.value
        view = views.CommunityView(
            id=ask.community, name=known.name, compounds=known.compounds, venues=known.venues
        )
        return show(view, revision=places.revision)

    async def show_file(self, ask: Ask[None]) -> Reply:
        kept = (await self.store.load([file_ref(ask.community)]))[file_ref(ask.community)]
        if kept.value is None:
            raise NotFound
        file = read_file_on_record(kept.value.text).model_dump(mode="json")
        view = views.FileView(version=kept.revision, loaded_at=kept.value.loaded_at, file=file)
        return show(view, revision=kept.revision)

    def submit(self, ask: Ask[SubmitDemand]) -> Work[Reply]:
        demand = new_id()
        submission = handlers.Submission(
            demand=demand,
            text=ask.body.text,
            title=ask.body.title,
            compound=ask.body.compound,
            about=ask.body.about or kind_of(ask.body.text, ask.body.title),
            sealed_contact=self._sealed(ask, demand),
            private=ask.body.private,
            contact=ask.body.contact.model_dump_json() if ask.body.contact else "",
            accuses=ask.body.about == "report",
        )
        return steps.showing(ask, handlers.submit_demand(ask.origin(demand), submission), status=201)

    def _sealed(self, ask: Ask[SubmitDemand], demand: str) -> bytes | None:
        if ask.body.contact is None:
            return None
        if self.vault is None:
            raise NoVault
        return self.vault.seal(ask.body.contact.model_dump(), contact_ref(ask.community, demand).key)

    async def list_demands(self, ask: Ask[None]) -> Reply:
        query: DemandQuery = ask.query
        known = places_ref(ask.community)
        places = (await self.store.load([known]))[known].value or steps.NOWHERE
        viewer = steps.viewer_of(ask.identity, places)
        conditions = [*_conditions(query, ask.identity.subject), viewer.where()]
        where = {"$and": [condition for condition in conditions if condition] or [{}]}
        by = "pressing" if query.sort == "urgent" else None
        found = await self.store.page(
            DEMANDS, ask.community, where, after=query.after, limit=query.limit + 1, first=by
        )
        items = [views.demand_view(kept, viewer, places) for kept in found[: query.limit]]
        after = position_of(found[query.limit - 1], by) if len(found) > query.limit else None
        return show(views.DemandPage(items=items, next=after), public=frozenset(places.public_numbers))

    async def show_demand(self, ask: Ask[None]) -> Reply:
        kept, viewer, places = await steps.visible(self.store, ask)
        view = views.demand_view(kept, viewer, places)
        return show(view, revision=kept.revision, public=frozenset(places.public_numbers))

    async def show_contact(self, ask: Ask[None]) -> Reply:
        kept, viewer, _ = await steps.visible(self.store, ask)
        demand = kept.value
        if demand is None or not viewer.may_contact(demand):
            raise Forbidden
        if demand.accuses:
            raise MustBeRecorded
        ref = contact_ref(ask.community, demand.id)
        return self._contact((await self.store.load([ref]))[ref], ref.key)

    def _contact(self, kept: Kept[Contact], key: str) -> Reply:
        if kept.value is None or self.vault is None:
            raise NotFound
        return show(views.ContactView.model_validate(self.vault.open(kept.value.sealed, key)))

    def open_contact(self, ask: Ask[OpenContact]) -> Work[Reply]:
        demand = ask.path["demand"]
        ref, contact = demand_ref(ask.community, demand), contact_ref(ask.community, demand)
        known = places_ref(ask.community)
        origin = ask.origin(demand)

        def decide(desk: Desk) -> Reply:
            before = desk.get(ref, NotFound())
            viewer = steps.viewer_of(ask.identity, desk.find(known) or steps.NOWHERE)
            if not viewer.may_see(before):
                raise NotFound
            if not viewer.may_contact(before):
                raise Forbidden
            reply = self._contact(desk.kept(contact), contact.key)
            desk.put(ref, before.contact_opened(origin.actor.subject, origin.actor.role.value, desk.at))
            return reply

        return Work(origin, (ref, known, contact), decide)

    def answer(self, ask: Ask[AnswerQuestion]) -> Work[Reply]:
        body = ask.body
        return _step(
            ask, lambda origin, demand: alarms.answer_question(origin, demand, body.about, yes=body.yes)
        )

    def take_alarm(self, ask: Ask[TakeAlarm]) -> Work[Reply]:
        return _step(ask, alarms.take_alarm)

    def correct(self, ask: Ask[CorrectReading]) -> Work[Reply]:
        body = ask.body
        change = alarms.Correction(body.danger, body.danger_kind, body.accusation, body.accused, body.private)
        return _step(
            ask,
            lambda origin, demand: alarms.correct_reading(origin, demand, change, body.reason, ask.if_match),
        )

    def endorse(self, ask: Ask[EndorseDemand]) -> Work[Reply]:
        subject = ask.identity.subject
        if ask.body.on_behalf_of is not None:
            if ask.identity.role not in COMMUNITY:
                raise Forbidden
            subject = ask.body.on_behalf_of
        return _step(ask, lambda origin, demand: handlers.endorse_demand(origin, demand, subject))

    def urge(self, ask: Ask[UrgeDemand]) -> Work[Reply]:
        return _step(ask, lambda origin, demand: handlers.urge_demand(origin, demand, ask.body.note))

    def supplement(self, ask: Ask[SupplementDemand]) -> Work[Reply]:
        return _step(ask, lambda origin, demand: handlers.supplement_demand(origin, demand, ask.body.text))

    def withdraw(self, ask: Ask[WithdrawDemand]) -> Work[Reply]:
        return _step(
            ask,
            lambda origin, demand: handlers.withdraw_demand(origin, demand, ask.body.reason, ask.if_match),
        )

    def rate(self, ask: Ask[RateDemand]) -> Work[Reply]:
        opinion = handlers.Opinion(ask.body.solved, ask.body.satisfaction, ask.body.comment)
        return _step(ask, lambda origin, demand: handlers.rate_demand(origin, demand, opinion, ask.if_match))

    def table(self) -> tuple[Route, ...]:
        """Return every route of intake."""
        one = "/demands/{demand}"
        seen, step = views.DemandView, rules.StepNotAllowed
        return (
            Route(
                "PUT",
                "",
                KEEPERS,
                self.load_community,
                "Load a community file, YAML or JSON, as a whole",
                views.LoadedView,
                query=LoadQuery,
                body_media="application/yaml",
                body_bytes_max=FILE_BYTES_MAX,
                refusals=(CommunityFileInvalid, CommunityFileTooLarge, handlers.WrongCommunity),
                reads=read_community_bytes,
            ),
            Route(
                "GET", "", EVERYBODY, self.show_community, "Show a community's places", views.CommunityView
            ),
            Route("GET", "/file", KEEPERS, self.show_file, "Show the community file", views.FileView),
            Route(
                "POST",
                "/demands",
                RESIDENTS,
                self.submit,
                "Submit a demand (点单)",
                seen,
                body=SubmitDemand,
                status=201,
                conditional=False,
                refusals=(words.NoWords, words.ControlCharacters, handlers.UnknownCompound, NoVault),
            ),
            *self._about_what_was_heard(one),
            Route(
                "GET",
                "/demands",
                READERS,
                self.list_demands,
                "List demands",
                views.DemandPage,
                query=DemandQuery,
            ),
            Route("GET", one, READERS, self.show_demand, "Show a demand with its timeline", seen),
            Route(
                "GET",
                one + "/contact",
                READERS,
                self.show_contact,
                "Show whom to call",
                views.ContactView,
                refusals=(MustBeRecorded,),
            ),
            Route(
                "POST",
                one + "/contact",
                READERS,
                self.open_contact,
                "Open whom to call, which is recorded",
                views.ContactView,
                body=OpenContact,
                conditional=False,
                remembered=False,
            ),
            Route(
                "POST",
                one + "/endorse",
                RESIDENTS,
                self.endorse,
                "Endorse a demand (附议)",
                seen,
                body=EndorseDemand,
                refusals=(step, rules.OwnDemand, rules.TooManySupporters),
            ),
            Route(
                "POST",
                one + "/urge",
                RESIDENTS,
                self.urge,
                "Urge a demand (催办)",
                seen,
                body=UrgeDemand,
                refusals=(step, rules.NotYourDemand),
            ),
            Route(
                "POST",
                one + "/supplement",
                RESIDENTS,
                self.supplement,
                "Answer what the provider asked (补充)",
                seen,
                body=SupplementDemand,
                refusals=(
                    step,
                    rules.NotYourDemand,
                    rules.NothingAsked,
                    words.NoWords,
                    words.ControlCharacters,
                ),
            ),
            Route(
                "POST",
                one + "/withdraw",
                RESIDENTS,
                self.withdraw,
                "Withdraw a demand (撤回)",
                seen,
                body=WithdrawDemand,
                refusals=(step, rules.NotYourDemand),
            ),
            Route(
                "POST",
                one + "/rate",
                RESIDENTS,
                self.rate,
                "Rate the result (评单)",
                seen,
                body=RateDemand,
                refusals=(step, rules.NotYourDemand),
            ),
        )

    def _about_what_was_heard(self, one: str) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                one + "/answer",
                RESIDENTS,
                self.answer,
                "Answer what one is asked (现在有人有危险吗？)",
                views.DemandView,
                body=AnswerQuestion,
                refusals=(alarms.NothingToAnswer, rules.NotYourDemand),
            ),
            Route(
                "POST",
                one + "/take",
                COMMUNITY,
                self.take_alarm,
                "Say that one has an emergency (我来处理)",
                views.DemandView,
                body=TakeAlarm,
                refusals=(alarms.NoAlarm, alarms.AlarmTaken),
            ),
            Route(
                "POST",
                one + "/reading",
                STAFF,
                self.correct,
                "Correct what a demand was read to say (更正研判)",
                views.DemandView,
                body=CorrectReading,
            ),
        )


def _conditions(query: DemandQuery, subject: str) -> list[dict[str, object]]:
    """Return the conditions of a query, all of which hold."""
    wanted = {
        "status": query.status,
        "compound": query.compound,
        "about": query.about,
        "heard.danger": query.danger,
        "heard.kind": query.danger_kind,
        "heard.accusation": query.accusation,
        "asked_by": subject if query.mine else None,
        "pressing": NOW if query.alarm else None,
        "call_back": True if query.call_back else None,
    }
    found: list[dict[str, object]] = [{name: value} for name, value in wanted.items() if value is not None]
    if query.since is not None:
        found.append({"submitted_at": {"$gte": query.since}})
    if query.until is not None:
        found.append({"submitted_at": {"$lt": query.until}})
    return found


def _step(ask: Ask[Any], step: Callable[..., Work[Kept[Demand]]]) -> Work[Reply]:
    return steps.showing(ask, steps.only_if_seen(ask, step))


def _loaded_view(loaded: handlers.Loaded, *, dry_run: bool) -> tuple[views.LoadedView, int]:
    view = views.LoadedView(
        community=loaded.file.community.id,
        version=loaded.version,
        changed=bool(loaded.changes),
        dry_run=dry_run,
        changes=[_change_view(change) for change in loaded.changes],
    )
    return view, loaded.version


def _change_view(change: Change) -> views.ChangeView:
    return views.ChangeView(section=change.section, id=change.id, field=change.field, text=str(change))


def _shown(work: Work[Any], view: Callable[[Any], tuple[BaseModel, int]]) -> Work[Reply]:
    def decide(desk: Desk) -> Reply:
        body, revision = view(work.decide(desk))
        return show(body, revision=revision)

    return Work(work.origin, work.reads, decide, work.then_reads)
