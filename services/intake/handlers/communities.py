"""A community file is loaded, as a whole."""

from dataclasses import dataclass

from services.chassis.masking import lines_of, public_numbers_of
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.contracts.community_file import CommunityFile, Compound, Provider, Venue
from services.intake.community_file import Change, diff_community_files
from services.intake.community_file.problems import WrongCommunity
from services.intake.domain.issues import Thresholds
from services.intake.domain.readings import Home
from services.intake.store.communities import CommunityProfile, FileOnRecord, file_ref, profile_ref
from services.language.places import home_of, sounds_like_elsewhere


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a file changed; `version` counts the files that changed something."""

    file: CommunityFile
    changes: tuple[Change, ...]
    version: int


def load_community(origin: Origin, file: CommunityFile, *, dry_run: bool) -> Work[Loaded]:
    """Replace a community's file as a whole; the same file again changes nothing."""
    record, profile = file_ref(origin.community), profile_ref(origin.community)
    if file.community.id != origin.community:
        raise WrongCommunity(expected=origin.community, found=file.community.id)

    def decide(uow: UnitOfWork) -> Loaded:
        before = uow.versioned(record)
        old = read_file_on_record(before.value.text) if before.value else None
        changes = diff_community_files(old, file)
        if changes and not dry_run:
            uow.put(record, FileOnRecord(file.model_dump_json(), uow.at, origin.actor.subject))
            uow.put(profile, profile_of(file))
            uow.announce(record, CommunityLoaded(file=file))
        elif not dry_run and uow.find(profile) != profile_of(file):
            # What an earlier release did not keep of the same file.
            uow.put(profile, profile_of(file))
        return Loaded(file, changes, uow.revision(record))

    return Work(origin, (record, profile), decide)


def profile_of(file: CommunityFile) -> CommunityProfile:
    """Return what of a community file is needed to take a demand."""
    return CommunityProfile(
        file.community.name,
        {compound.id: compound.name for compound in file.compounds},
        {venue.id: venue.name for venue in file.venues},
        Thresholds(
            file.voices.hot_demands,
            file.voices.hot_voices,
            file.voices.hot_compounds,
            file.voices.hot_days,
        ),
        file.community.timezone,
        home=_home(file),
        lines=lines_of(file),
        duty=file.duty,
        grid_workers={worker.subject: worker.compounds for worker in file.grid_workers},
        confidential_readers=file.confidential_readers,
        supervisor=file.supervisor or "",
        duty_minutes=file.deadlines.duty_minutes,
        rating_days=file.deadlines.rating_days,
        public_numbers=tuple(sorted(public_numbers_of(file))),
    )


def _home(file: CommunityFile) -> Home:
    named: list[Compound | Venue | Provider] = [*file.compounds, *file.venues, *file.units, *file.partners]
    names = {name for one in named for name in (one.name, *one.aliases)}
    codes = home_of(file.community.county, file.community.province)
    return Home(codes, tuple(sorted(name for name in names if sounds_like_elsewhere(name, codes))))
