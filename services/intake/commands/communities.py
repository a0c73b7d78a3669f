"""Community files on the command line: read, or told what is wrong with them."""

from pathlib import Path

import typer

from services.contracts.community_file import CommunityFile
from services.intake.community_file import CommunityFileInvalid, parse_community_file


def read_or_exit(path: Path) -> CommunityFile:
    """Read a community file; what is wrong with it is told with its line, and the command ends."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        typer.echo(f"{path}:1:1 文件不是 UTF-8 编码", err=True)
        raise typer.Exit(1) from error
    return parsed_or_exit(text, str(path))


def parsed_or_exit(text: str, name: str) -> CommunityFile:
    """Parse a community file; what is wrong with it is told with its line, and the command ends."""
    try:
        return parse_community_file(text, name)
    except CommunityFileInvalid as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from error
