"""Intake's doors for demands: submitted, listed, shown, and every step of those who ask."""

from dataclasses import dataclass

from services.chassis.clock import new_id
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.pages import position_of
from services.chassis.work import Work
from services.contracts.ids import DemandId
from services.contracts.refusal import Invalid
from services.contracts.roles import READERS, RESIDENTS
from services.intake.domain import demands as rules
from services.intake.domain import merging as joining
from services.intake.domain import words_of_residents as words
from services.intake.domain.alarms import NOW
from services.intake.domain.crowds import BY_NAME_MAX
from services.intake.domain.demands import UnknownCompound
from services.intake.domain.readings import kind_of
from services.intake.handlers import demands, ratings
from services.intake.routes import access
from services.intake.routes.bodies import (
    DemandQuery,
    EndorseDemand,
    RateDemand,
    SubmitDemand,
    SupplementDemand,
    UrgeDemand,
    WithdrawDemand,
)
from services.intake.store.communities import NO_PROFILE, profile_ref
from services.intake.store.demands import DEMANDS, NOT_IN_LISTS, contact_ref
from services.intake.store.vault import Vault
from services.intake.views.demands import DemandPage, DemandView, demand_row, demand_view


class NoVault(Invalid):
    """This deployment keeps no contacts, because it has no key to seal them with."""

    slug = "contacts_not_kept"
    title = "本系统未启用联系方式保存"


@dataclass(frozen=True, slots=True)
class DemandRoutes:
    """The routes of demands over intake's store.

    Arguments:
        store: intake's database.
        vault: seals contacts; None keeps none.
        same_within: seconds in which the same words by the same person are the same demand.
        by_name_max: beyond so many supporters stand beside their demand.
    """

    store: Store
    vault: Vault | None
    same_within: int = demands.SAME_SECONDS
    by_name_max: int = BY_NAME_MAX

    def submit(self, request: ApiRequest[SubmitDemand]) -> Work[Reply]:
        demand = DemandId(new_id())
        submission = demands.Submission(
            demand=demand,
            text=request.body.text,
            title=request.body.title,
            compound=request.body.compound,
            about=request.body.about or kind_of(request.body.text, request.body.title),
            sealed_contact=self._sealed(request, demand),
            private=request.body.private,
            contact=request.body.contact.model_dump_json() if request.body.contact else "",
            accuses=request.body.about == "report",
            same_within=self.same_within,
        )
        return access.showing(request, demands.submit_demand(request.origin(demand), submission), status=201)

    def _sealed(self, request: ApiRequest[SubmitDemand], demand: DemandId) -> bytes | None:
        if request.body.contact is None:
            return None
        if self.vault is None:
            raise NoVault
        return self.vault.seal(request.body.contact.model_dump(), contact_ref(request.community, demand).key)

    async def list_demands(self, request: ApiRequest[None]) -> Reply:
        query: DemandQuery = request.query
        known = profile_ref(request.community)
        profile = (await self.store.find(known)).value or NO_PROFILE
        viewer = access.viewer_of(request.identity, profile)
        conditions = [*_conditions(query, request.identity.subject), viewer.where()]
        where = {"$and": [condition for condition in conditions if condition] or [{}]}
        by = "pressing" if query.sort == "urgent" else None
        found = await self.store.page(
            DEMANDS,
            request.community,
            where,
            after=query.after,
            limit=query.limit + 1,
            first=by,
            without=NOT_IN_LISTS,
        )
        shown = found[: query.limit]
        viewer = await access.with_support(
            self.store, request.community, viewer, [kept.present for kept in shown]
        )
        items = [demand_row(kept, viewer, profile) for kept in shown]
        after = position_of(found[query.limit - 1], by) if len(found) > query.limit else None
        return show(DemandPage(items=items, next=after), public=frozenset(profile.public_numbers))

    async def show_demand(self, request: ApiRequest[None]) -> Reply:
        kept, viewer, profile = await access.visible(self.store, request)
        view = demand_view(kept, viewer, profile)
        return show(view, revision=kept.revision, public=frozenset(profile.public_numbers))

    def endorse(self, request: ApiRequest[EndorseDemand]) -> Work[Reply]:
        subject = access.spoken_for(request, request.body.on_behalf_of)
        return access.step(request, demands.endorse_demand(*access.asked(request), subject, self.by_name_max))

    def urge(self, request: ApiRequest[UrgeDemand]) -> Work[Reply]:
        return access.step(request, demands.urge_demand(*access.asked(request), request.body.note))

    def supplement(self, request: ApiRequest[SupplementDemand]) -> Work[Reply]:
        return access.step(request, demands.supplement_demand(*access.asked(request), request.body.text))

    def withdraw(self, request: ApiRequest[WithdrawDemand]) -> Work[Reply]:
        return access.step(
            request,
            demands.withdraw_demand(*access.asked(request), request.body.reason, self.by_name_max),
        )

    def rate(self, request: ApiRequest[RateDemand]) -> Work[Reply]:
        opinion = ratings.Opinion(request.body.solved, request.body.satisfaction, request.body.comment)
        return access.step(request, ratings.rate_demand(*access.asked(request), opinion))

    def table(self) -> tuple[Route, ...]:
        """Return every route of demands."""
        return (*self._of_all(), *self._of_one())

    def _of_all(self) -> tuple[Route, ...]:
        refusals = (words.NoWords, words.ControlCharacters, UnknownCompound, NoVault)
        return (
            Route(
                "POST",
                "/demands",
                RESIDENTS,
                self.submit,
                "Submit a demand (点单)",
                DemandView,
                body=SubmitDemand,
                status=201,
                conditional=False,
                refusals=refusals,
            ),
            Route(
                "GET", "/demands", READERS, self.list_demands, "List demands", DemandPage, query=DemandQuery
            ),
            Route(
                "GET", access.ONE, READERS, self.show_demand, "Show a demand with its timeline", DemandView
            ),
        )

    def _of_one(self) -> tuple[Route, ...]:
        step, theirs = rules.StepNotAllowed, rules.NotYourDemand
        may_not = (step, rules.OwnDemand, rules.TooManySupporters, joining.PrivateMatter)
        no_answer = (step, theirs, rules.NothingAsked, words.NoWords, words.ControlCharacters)
        return (
            access.post_step(
                "/endorse", RESIDENTS, self.endorse, "Endorse a demand (附议)", EndorseDemand, *may_not
            ),
            access.post_step("/urge", RESIDENTS, self.urge, "Urge a demand (催办)", UrgeDemand, step, theirs),
            access.post_step(
                "/supplement",
                RESIDENTS,
                self.supplement,
                "Answer what the provider asked (补充)",
                SupplementDemand,
                *no_answer,
            ),
            access.post_step(
                "/withdraw",
                RESIDENTS,
                self.withdraw,
                "Withdraw a demand (撤回)",
                WithdrawDemand,
                step,
                theirs,
            ),
            access.post_step(
                "/rate", RESIDENTS, self.rate, "Rate the result (评单)", RateDemand, step, theirs
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
