"""Text to CommunityFile, or every mistake in it at once: syntax, duplicate fields, format, contradictions."""

from pydantic import ValidationError

from services.contracts.community_file import CommunityFile
from services.intake.community_file.cross_checks import contradictions
from services.intake.community_file.problems import CommunityFileInvalid, Location
from services.intake.community_file.reasons import reason_in_chinese
from services.intake.community_file.yaml_tree import Tree, read_tree


def parse_community_file(text: str, name: str) -> CommunityFile:
    """The community that the text (YAML, or JSON as its subset) describes.

    Arguments:
        text: the whole file; at most TEXT_BYTES_MAX bytes as UTF-8.
        name: what to call the file in problems.

    Raises:
        CommunityFileInvalid: with every problem found.
    """
    tree = read_tree(text, name)
    if tree.value is None:
        raise CommunityFileInvalid(tree.problems)
    file = _validated(tree)
    for location, reason in contradictions(tree.value):
        tree.report(location, reason)
    if file is None or tree.problems:
        raise CommunityFileInvalid(tree.problems)
    return file


def _validated(tree: Tree) -> CommunityFile | None:
    try:
        return CommunityFile.model_validate(tree.value)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            tree.report(_without_markers(error["loc"]), reason_in_chinese(error))
        return None


def _without_markers(location: Location) -> Location:
    """A wrong key of a mapping is reported under the mapping's key, without pydantic's `[key]`."""
    return location[:-1] if location and location[-1] == "[key]" else location
