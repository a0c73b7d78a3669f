"""Intake's doors for communities and their files."""

from dataclasses import dataclass

from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.communities import read_file_on_record
from services.contracts.community_file import CommunityFile
from services.contracts.refusal import NotFound
from services.contracts.roles import EVERYBODY, KEEPERS
from services.intake.community_file import (
    Change,
    CommunityFileInvalid,
    CommunityFileTooLarge,
    read_community_bytes,
)
from services.intake.community_file.problems import WrongCommunity
from services.intake.handlers import communities
from services.intake.routes.bodies import LoadQuery
from services.intake.store.communities import file_ref, profile_ref
from services.intake.views.communities import ChangeView, CommunityView, FileView, LoadedView

FILE_BYTES_MAX = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CommunityRoutes:
    """The routes of communities over intake's store."""

    store: Store

    def load_community(self, request: ApiRequest[CommunityFile]) -> Work[Reply]:
        work = communities.load_community(request.origin(), request.body, dry_run=request.query.dry_run)

        def shown(loaded: communities.Loaded, _: UnitOfWork) -> Reply:
            return show(_loaded_view(loaded, dry_run=request.query.dry_run), revision=loaded.version)

        return work.if_unchanged(file_ref(request.community), request.if_match).then(shown)

    async def show_community(self, request: ApiRequest[None]) -> Reply:
        profile = await self.store.find(profile_ref(request.community))
        if profile.value is None:
            raise NotFound
        known = profile.value
        view = CommunityView(
            id=request.community, name=known.name, compounds=known.compounds, venues=known.venues
        )
        return show(view, revision=profile.revision)

    async def show_file(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(file_ref(request.community))
        if kept.value is None:
            raise NotFound
        file = read_file_on_record(kept.value.text).model_dump(mode="json")
        view = FileView(version=kept.revision, loaded_at=kept.value.loaded_at, file=file)
        return show(view, revision=kept.revision)

    def table(self) -> tuple[Route, ...]:
        """Return every route of communities."""
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
                refusals=(CommunityFileInvalid, CommunityFileTooLarge, WrongCommunity),
                reads=read_community_bytes,
            ),
            Route("GET", "", EVERYBODY, self.show_community, "Show a community's places", CommunityView),
            Route("GET", "/file", KEEPERS, self.show_file, "Show the community file", FileView),
        )


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
