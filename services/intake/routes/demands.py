"""Intake's doors: communities and demands over HTTP."""

from dataclasses import dataclass

from services.chassis.clock import new_id
from services.chassis.desk import Desk, Work
from services.chassis.http.once import Reply
from services.chassis.http.web import Ask, Route, show
from services.chassis.mongo import Store, position_of
from services.contracts.communities import read_file_on_record
from services.contracts.community_file import CommunityFile
from services.contracts.refusal import Forbidden, Invalid, NotFound
from services.contracts.words import (
    Role,
)
from services.intake.community_file import (
    Change,
    CommunityFileInvalid,
    CommunityFileTooLarge,
    read_community_bytes,
)
from services.intake.domain import demand as rules
from services.intake.domain import joining
from services.intake.domain import words_of_residents as words
from services.intake.domain.alarm import NOW
from services.intake.domain.understanding import kind_of
from services.intake.handlers import communities, demands, ratings
from services.intake.routes import access as steps
from services.intake.routes.bodies import (
    DemandQuery,
    EndorseDemand,
    LoadQuery,
    RateDemand,
    SubmitDemand,
    SupplementDemand,
    UrgeDemand,
    WithdrawDemand,
)
from services.intake.store.communities import file_ref, places_ref
from services.intake.store.demands import DEMANDS, contact_ref
from services.intake.store.vault import Vault
from services.intake.views.communities import ChangeView, CommunityView, FileView, LoadedView
from services.intake.views.demands import DemandPage, DemandView, demand_view

EVERYBODY = frozenset(Role)


RESIDENTS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF})


COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})


STAFF = frozenset({Role.STAFF})


KEEPERS = frozenset({Role.STAFF, Role.OPERATOR})


READERS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.UNIT, Role.PARTNER})


FILE_BYTES_MAX = 2 * 1024 * 1024


class NoVault(Invalid):
    """This deployment keeps no contacts, because it has no key to seal them with."""

    slug = "contacts_not_kept"
    title = "本系统未启用联系方式保存"


@dataclass(frozen=True, slots=True)
class IntakeRoutes:
    """Intake's routes over its store.

    Arguments:
        store: intake's database.
        vault: seals contacts; None keeps none.
        same_within: seconds in which the same words by the same person are the same demand.
    """

    store: Store
    vault: Vault | None
    same_within: int = demands.SAME_SECONDS

    def load_community(self, ask: Ask[CommunityFile]) -> Work[Reply]:
        work = communities.load_community(ask.origin(), ask.body, dry_run=ask.query.dry_run)

        def shown(loaded: communities.Loaded, _: Desk) -> Reply:
            return show(_loaded_view(loaded, dry_run=ask.query.dry_run), revision=loaded.version)

        return work.if_unchanged(file_ref(ask.community), ask.if_match).then(shown)

    async def show_community(self, ask: Ask[None]) -> Reply:
        places = (await self.store.load([places_ref(ask.community)]))[places_ref(ask.community)]
        if places.value is None:
            raise NotFound
        known = places.value
        view = CommunityView(
            id=ask.community, name=known.name, compounds=known.compounds, venues=known.venues
        )
        return show(view, revision=places.revision)

    async def show_file(self, ask: Ask[None]) -> Reply:
        kept = (await self.store.load([file_ref(ask.community)]))[file_ref(ask.community)]
        if kept.value is None:
            raise NotFound
        file = read_file_on_record(kept.value.text).model_dump(mode="json")
        view = FileView(version=kept.revision, loaded_at=kept.value.loaded_at, file=file)
        return show(view, revision=kept.revision)

    def submit(self, ask: Ask[SubmitDemand]) -> Work[Reply]:
        demand = new_id()
        submission = demands.Submission(
            demand=demand,
            text=ask.body.text,
            title=ask.body.title,
            compound=ask.body.compound,
            about=ask.body.about or kind_of(ask.body.text, ask.body.title),
            sealed_contact=self._sealed(ask, demand),
            private=ask.body.private,
            contact=ask.body.contact.model_dump_json() if ask.body.contact else "",
            accuses=ask.body.about == "report",
            same_within=self.same_within,
        )
        return steps.showing(ask, demands.submit_demand(ask.origin(demand), submission), status=201)

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
        items = [demand_view(kept, viewer, places) for kept in found[: query.limit]]
        after = position_of(found[query.limit - 1], by) if len(found) > query.limit else None
        return show(DemandPage(items=items, next=after), public=frozenset(places.public_numbers))

    async def show_demand(self, ask: Ask[None]) -> Reply:
        kept, viewer, places = await steps.visible(self.store, ask)
        view = demand_view(kept, viewer, places)
        return show(view, revision=kept.revision, public=frozenset(places.public_numbers))

    def endorse(self, ask: Ask[EndorseDemand]) -> Work[Reply]:
        subject = ask.identity.subject
        if ask.body.on_behalf_of is not None:
            if ask.identity.role not in COMMUNITY:
                raise Forbidden
            subject = ask.body.on_behalf_of
        return steps.step(ask, demands.endorse_demand(*steps.asked(ask), subject))

    def urge(self, ask: Ask[UrgeDemand]) -> Work[Reply]:
        return steps.step(ask, demands.urge_demand(*steps.asked(ask), ask.body.note))

    def supplement(self, ask: Ask[SupplementDemand]) -> Work[Reply]:
        return steps.step(ask, demands.supplement_demand(*steps.asked(ask), ask.body.text))

    def withdraw(self, ask: Ask[WithdrawDemand]) -> Work[Reply]:
        return steps.step(
            ask,
            demands.withdraw_demand(*steps.asked(ask), ask.body.reason),
        )

    def rate(self, ask: Ask[RateDemand]) -> Work[Reply]:
        opinion = ratings.Opinion(ask.body.solved, ask.body.satisfaction, ask.body.comment)
        return steps.step(ask, ratings.rate_demand(*steps.asked(ask), opinion))

    def table(self) -> tuple[Route, ...]:
        """Return every route of intake."""
        one = "/demands/{demand}"
        seen, step = DemandView, rules.StepNotAllowed
        return (
            Route(
                "PUT",
                "",
                KEEPERS,
                self.load_community,
                "Load a community file, YAML or JSON, as a whole",
                LoadedView,
                query=LoadQuery,
                body_media="application/yaml",
                body_bytes_max=FILE_BYTES_MAX,
                refusals=(CommunityFileInvalid, CommunityFileTooLarge, communities.WrongCommunity),
                reads=read_community_bytes,
            ),
            Route("GET", "", EVERYBODY, self.show_community, "Show a community's places", CommunityView),
            Route("GET", "/file", KEEPERS, self.show_file, "Show the community file", FileView),
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
                refusals=(words.NoWords, words.ControlCharacters, demands.UnknownCompound, NoVault),
            ),
            Route(
                "GET",
                "/demands",
                READERS,
                self.list_demands,
                "List demands",
                DemandPage,
                query=DemandQuery,
            ),
            Route("GET", one, READERS, self.show_demand, "Show a demand with its timeline", seen),
            Route(
                "POST",
                one + "/endorse",
                RESIDENTS,
                self.endorse,
                "Endorse a demand (附议)",
                seen,
                body=EndorseDemand,
                refusals=(step, rules.OwnDemand, rules.TooManySupporters, joining.PrivateMatter),
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


def _loaded_view(loaded: communities.Loaded, *, dry_run: bool) -> LoadedView:
    return LoadedView(
        community=loaded.file.community.id,
        version=loaded.version,
        changed=bool(loaded.changes),
        dry_run=dry_run,
        changes=[_change_view(change) for change in loaded.changes],
    )


def _change_view(change: Change) -> ChangeView:
    return ChangeView(section=change.section, id=change.id, field=change.field, text=str(change))
