"""Audiences: which roles may use which doors, once for all services."""

from services.contracts.words import Role

EVERYBODY = frozenset(Role)
STAFF = frozenset({Role.STAFF})
COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})
"""Who acts for the community, and for a resident who has no phone."""
RESIDENTS = COMMUNITY | {Role.RESIDENT}
PROVIDERS = frozenset({Role.UNIT, Role.PARTNER})
DOERS = PROVIDERS | {Role.STAFF}
"""Units and partners for themselves, staff where the community takes the lead."""
READERS = RESIDENTS | PROVIDERS
"""Who may read about demands, each what concerns them."""
READERS_OF_ORDERS = COMMUNITY | PROVIDERS
KEEPERS = frozenset({Role.STAFF, Role.OPERATOR})
"""Who loads a community's file."""
HOLDERS = frozenset({Role.STAFF, Role.PARTNER})
"""Who may look at passbooks."""
