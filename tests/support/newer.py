"""What a newer release may write: words and fields that nobody knows yet."""

from typing import Any


def everywhere_more(given: Any) -> Any:
    """Return a file with an unknown field in every entry at every depth."""
    if isinstance(given, list):
        return [everywhere_more(item) for item in given]
    if not isinstance(given, dict):
        return given
    below = {
        key: part if key == "points_by_category" else everywhere_more(part) for key, part in given.items()
    }
    return {**below, "since_v9": [{"of": "a newer release"}]}
