"""What intake says about communities: the file that was loaded."""

from services.contracts.community_file import CommunityFile
from services.contracts.words import Message


class CommunityLoaded(Message):
    """A community file was loaded; it replaces the one before as a whole."""

    kind = "community.loaded.v1"
    file: CommunityFile
