"""The format as JSON Schema, for editors that complete and check while somebody writes."""

from services.contracts.community_file import CommunityFile

SCHEMA_PATH = "deploy/communities/community.schema.json"


def community_file_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of a community file, generated from its model."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:sandan:community-file",
        **CommunityFile.model_json_schema(),
    }
