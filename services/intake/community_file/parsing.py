"""Text to CommunityFile, or the mistakes in it at once: syntax, duplicate fields, format, contradictions."""

from services.contracts.community_file import CommunityFile
from services.intake.community_file.cross_checks import contradictions
from services.intake.community_file.entries import read_entries
from services.intake.community_file.problems import CommunityFileInvalid, EnoughProblems, Problem
from services.intake.community_file.yaml_tree import Tree, read_tree


def parse_community_file(text: str, name: str) -> CommunityFile:
    """The community that the text (YAML, or JSON as its subset) describes.

    Arguments:
        text: the whole file; at most TEXT_BYTES_MAX bytes as UTF-8.
        name: what to call the file in problems.

    Raises:
        CommunityFileInvalid: with the problems found; after PROBLEMS_MAX nothing more is looked for.
        CommunityFileTooLarge: it has more in it than any community.
    """
    tree = Tree(name)
    file, more = None, False
    try:
        file = _read(tree, text)
    except EnoughProblems:
        more = True
    if file is None or tree.problems:
        raise CommunityFileInvalid(tree.problems, more=more)
    return file


def read_community_bytes(raw: bytes, name: str) -> CommunityFile:
    """The community that a file describes, as it comes over the network.

    Raises:
        CommunityFileInvalid: as above, and when it is not UTF-8.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommunityFileInvalid([Problem(name, 1, 1, "", "文件不是 UTF-8 编码")]) from error
    return parse_community_file(text, name)


def _read(tree: Tree, text: str) -> CommunityFile | None:
    read_tree(tree, text)
    if tree.value is None:
        return None
    entries = read_entries(tree)
    for location, reason in contradictions(tree.value, entries):
        tree.report(location, reason)
    return None if tree.problems else CommunityFile.model_validate({**entries.others, **entries.lists()})
