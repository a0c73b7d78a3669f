"""How every step of a demand is asked for over HTTP, and shown: only to those who may see the demand."""

from collections.abc import Iterable
from typing import Any, TypeVar

from services.chassis.documents import Versioned
from services.chassis.http.bodies import Command
from services.chassis.http.identity import Identity
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, WriteHandler, post, show
from services.chassis.mongo import Store
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import DemandId
from services.contracts.refusal import Forbidden, NotFound, Refused
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.contracts.words import Role
from services.intake.domain.demands import Demand
from services.intake.domain.sight import Viewer
from services.intake.domain.supporters import is_supported_by
from services.intake.handlers.supporters import one_of, stands_behind
from services.intake.store.communities import NO_PROFILE, CommunityProfile, profile_ref
from services.intake.store.demands import demand_ref, portion_refs
from services.intake.views.demands import DemandView, demand_view

A = TypeVar("A")
ONE = "/demands/{demand}"


def viewer_of(identity: Identity, profile: CommunityProfile) -> Viewer:
    """Return who asks, as far as it decides what they may see."""
    subject = identity.subject
    return Viewer(
        subject,
        identity.role.value,
        frozenset(profile.grid_workers.get(subject, ())),
        is_confidential=subject in profile.confidential_readers,
        is_supervisor=subject == profile.supervisor,
        has_supervisor=bool(profile.supervisor),
    )


async def visible(
    store: Store, request: ApiRequest[Any]
) -> tuple[Versioned[Demand], Viewer, CommunityProfile]:
    """Return the demand in the address, if it is there for the one who asks, with who that is and where."""
    ref, known = (
        demand_ref(request.community, DemandId(request.path["demand"])),
        profile_ref(request.community),
    )
    loaded = await store.load([ref, known])
    kept, profile = loaded[ref], loaded[known].value or NO_PROFILE
    viewer = viewer_of(request.identity, profile)
    if kept.value is None or not viewer.may_see(kept.value):
        raise NotFound
    return kept, await with_support(store, request.community, viewer, [kept.value]), profile


async def with_support(store: Store, community: str, viewer: Viewer, demands: Iterable[Demand]) -> Viewer:
    """Return a viewer who is known to support, or not, those of some demands that have many supporters."""
    places = {ref: one for one in demands for ref in portion_refs(community, one, viewer.subject)}
    loaded = await store.load(places)
    behind = (
        one.id for ref, one in places.items() if is_supported_by(one, loaded[ref].value, viewer.subject)
    )
    return replace(viewer, behind=frozenset(behind))


def asked(request: ApiRequest[Any]) -> tuple[Origin, DemandId]:
    """Return where a step of the demand in the address comes from, and which demand it is."""
    demand = DemandId(request.path["demand"])
    return request.origin(demand), demand


def spoken_for(request: ApiRequest[Any], on_behalf_of: str | None) -> str:
    """Return whose step it is: the one who asks, or whom they name.

    Raises:
        Forbidden: only the community may speak for somebody.
    """
    if on_behalf_of is None:
        return request.identity.subject
    if request.identity.role not in COMMUNITY:
        raise Forbidden
    return on_behalf_of


def only_if_seen(request: ApiRequest[Any], work: Work[A]) -> Work[A]:
    """Return the work of a step; a demand that the one who asks may not see is not there for them.

    Nor is anything done when it was changed after they had seen it, where they say what they saw (If-Match).
    """
    ref, known = (
        demand_ref(request.community, DemandId(request.path["demand"])),
        profile_ref(request.community),
    )

    def may_see(uow: UnitOfWork) -> None:
        viewer = viewer_of(request.identity, uow.find(known) or NO_PROFILE)
        if not viewer.may_see(uow.get(ref, NotFound())):
            raise NotFound
        uow.expect(ref, request.if_match)

    return work.only_if(may_see, ref, known)


def showing(request: ApiRequest[Any], work: Work[Versioned[Demand]], *, status: int = 200) -> Work[Reply]:
    """Return the work that answers with the demand as it is afterwards."""
    known = profile_ref(request.community)

    def shown(kept: Versioned[Demand], uow: UnitOfWork) -> Reply:
        profile = uow.find(known) or NO_PROFILE
        viewer = viewer_of(request.identity, profile)
        if stands_behind(uow, kept.present, viewer.subject):
            viewer = replace(viewer, behind=frozenset({kept.present.id}))
        view = demand_view(kept, viewer, profile)
        public = frozenset(profile.public_numbers)
        return show(view, status=status, revision=kept.revision, public=public)

    return work.then(shown, known)


def step(request: ApiRequest[Any], work: Work[Versioned[Demand]]) -> Work[Reply]:
    """Return the work of a step that answers with the demand; for those who may see it."""
    ref = demand_ref(request.community, DemandId(request.path["demand"]))
    whether_supported = one_of(ref, request.identity.subject)
    return showing(request, only_if_seen(request, work).reading(whether_supported))


def post_step(
    path: str,
    audience: frozenset[Role],
    handler: WriteHandler,
    summary: str,
    takes: type[Command],
    *refuses: type[Refused],
) -> Route:
    """Return the route of a step of one demand; it answers with the demand."""
    return post(ONE + path, audience, handler, summary, takes=takes, answers=DemandView, refuses=refuses)
