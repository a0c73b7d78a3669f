"""What was taken back: by a reversal, or a claim that stands or was met by one."""

from collections.abc import Sequence

from services.points.commands.rows import Books, pages
from services.points.commands.witnesses import EPOCH
from services.points.domain.claims import Claim
from services.points.domain.transfers import Transfer, has_expired, id_of
from services.points.domain.verification import Wrong
from services.points.store.accounts import TRANSFERS
from services.points.store.services import CLAIMS, SERVICES


async def wrong_claims(points: Books, community: str, claims: Sequence[Claim]) -> list[Wrong]:
    """Return the services that were taken back and paid all the same, and claims that were met by nothing."""
    found: list[Wrong] = []
    is_open = {claim.id: claim.look_at is not None for claim in claims}
    for claim in claims:
        if claim.look_at is None and not await _reversed(points, community, claim.id):
            found.append(Wrong(0, claim.id, "is said to be taken back, and is not"))
    query = {"community": community, "taken_back_at": {"$gt": EPOCH}, "amount_points": {"$gt": 0}}
    async for row in pages(points.plain(SERVICES.name), query, "_id"):
        service = SERVICES.decode(row)
        paid = await _paid(points, community, service.id)
        if paid is None or is_open.get(paid.id) or await _reversed(points, community, paid.id):
            continue
        if await points.plain(CLAIMS.name).find({"_id": f"{community}/{paid.id}"}, limit=1):
            continue  # it was claimed since claims were read
        if service.taken_back_at is None or not has_expired(paid, service.taken_back_at):
            found.append(Wrong(paid.number, paid.credit, "was paid for what had to be done again"))
    return found


async def _paid(points: Books, community: str, award: str) -> Transfer | None:
    for transfer in (award, id_of(community, award, "late")):
        key = {"_id": f"{community}/{transfer}", "posted": True}
        for row in await points.plain(TRANSFERS.name).find(key, limit=1):
            return TRANSFERS.decode(row)
    return None


async def _reversed(points: Books, community: str, transfer: str) -> bool:
    key = {"_id": f"{community}/{id_of(community, transfer, 'reversal')}"}
    return bool(await points.plain(TRANSFERS.name).find(key, limit=1, fields=["_id"]))
