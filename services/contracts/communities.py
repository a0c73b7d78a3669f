"""What intake says about communities: the file that was loaded."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator

from services.contracts.community_file import CommunityFile
from services.contracts.tolerant import tolerant
from services.contracts.words import Message


def _as_written(given: object) -> object:
    """A file that came through the door is told as it would be read; the rest is read as it is."""
    return given.model_dump(mode="json") if type(given) is CommunityFile else given


if TYPE_CHECKING:
    FileTold = CommunityFile
else:
    FileTold = Annotated[tolerant(CommunityFile), BeforeValidator(_as_written)]


class CommunityLoaded(Message):
    """A community file was loaded; it replaces the one before as a whole.

    Its readers take what they know: a section or field of a newer release stops nobody.
    """

    kind = "community.loaded.v1"
    in_full = True
    file: FileTold


def read_file_on_record(text: str | bytes) -> CommunityFile:
    """Return a community file as a service keeps it, whatever release wrote it.

    Arguments:
        text: JSON, as `model_dump_json` of a file wrote it.

    Raises:
        ValidationError: what every release needs is not there; a damaged record, not another release's.
    """
    file: CommunityFile = tolerant(CommunityFile).model_validate_json(text)
    return file
