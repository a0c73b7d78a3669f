"""Reads texts as intake does for the community of a file, without servers."""

from services.contracts.community_file import CommunityFile
from services.contracts.words import Reading
from services.intake.domain.readings import kind_of, read, understood
from services.intake.handlers.communities import profile_of
from services.intake.handlers.readings import reading_told


class FileReader:
    """Reads what would be submitted in a community.

    Arguments:
        file: the community.
    """

    def __init__(self, file: CommunityFile) -> None:
        self._profile = profile_of(file)

    def read(self, text: str, title: str | None) -> Reading:
        """Return what a text says; nobody has said whether it is private."""
        said = understood(read(text, title), self._profile.home)
        return reading_told(said, private=said.private or said.is_alarming)

    def kind_of(self, text: str, title: str | None) -> str:
        """Return what kind of demand it is, where its asker does not say."""
        return kind_of(text, title)

    def numbers_for(self, danger_kind: str) -> tuple[str, ...]:
        """Return whom to call in a kind of danger."""
        return self._profile.numbers_for(danger_kind)
