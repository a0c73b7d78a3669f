"""Reads a community file, says everything that is wrong with it at once, and tells two of them apart."""

from services.intake.community_file.changes import Change, diff_community_files
from services.intake.community_file.parsing import parse_community_file, read_community_bytes
from services.intake.community_file.problems import CommunityFileInvalid, CommunityFileTooLarge, Problem
from services.intake.community_file.schema import community_file_schema

__all__ = [
    "Change",
    "CommunityFileInvalid",
    "CommunityFileTooLarge",
    "Problem",
    "community_file_schema",
    "diff_community_files",
    "parse_community_file",
    "read_community_bytes",
]
