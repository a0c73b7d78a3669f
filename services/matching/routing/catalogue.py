"""From the community file, as loaded, to the catalogue that the router reads."""

from services.contracts import community_file as written
from services.matching.domain.providers import (
    Catalogue,
    Contract,
    Location,
    Place,
    Provider,
    Resource,
)
from services.worktime.hours import Opening


def catalogue_of(file: written.CommunityFile) -> Catalogue:
    """The catalogue of a whole community file."""
    return Catalogue(
        places=(*map(_place, file.compounds), *map(_place, file.venues)),
        providers=(*map(_unit, file.units), *map(_partner, file.partners)),
        contracts=tuple(map(_contract, file.contracts)),
        wanted_precision=file.routing.wanted_precision,
    )


def _place(place: written.Compound | written.Venue) -> Place:
    return Place(place.id, place.name, place.aliases, _location(place.location))


def _unit(unit: written.Unit) -> Provider:
    return Provider(
        id=unit.id,
        name=unit.name,
        kind="unit",
        duties=unit.duties,
        capacity=unit.capacity,
        aliases=unit.aliases,
        resources=_resources(unit),
        working=unit.working,
        hours=_hours(unit),
        location=_location(unit.location),
    )


def _partner(partner: written.Partner) -> Provider:
    return Provider(
        id=partner.id,
        name=partner.name,
        kind="partner",
        duties=partner.duties,
        capacity=partner.capacity,
        aliases=partner.aliases,
        resources=_resources(partner),
        working=partner.working,
        convention_signed_on=partner.convention_signed_on,
        hours=_hours(partner),
        stars=partner.stars,
        trade=partner.trade,
        location=_location(partner.location),
    )


def _hours(provider: written.Provider) -> tuple[Opening, ...]:
    return tuple(Opening(span.days, span.opens, span.closes) for span in provider.hours)


def _location(location: written.Location | None) -> Location | None:
    return Location(location.lat, location.lon) if location else None


def _resources(provider: written.Provider) -> tuple[Resource, ...]:
    return tuple(Resource(r.name, r.quantity, r.unit) for r in provider.resources)


def _contract(contract: written.Contract) -> Contract:
    return Contract(
        id=contract.id,
        unit=contract.unit,
        places=contract.compounds,
        scope=contract.scope,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
    )
