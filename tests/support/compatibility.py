"""What has changed between a published JSON Schema and today's, and whether anybody can live with it."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

REMEDY = "make a new version of the kind (.v2) and say both until nobody hears the old one"
_WORDS_ABOUT = frozenset({"title", "description", "default", "examples", "$defs"})
"""Parts of a schema that say nothing about what is valid."""
_OF_OBJECTS = frozenset({"properties", "required"})


def breaches(published: Schema, today: Schema) -> list[str]:
    """Return what of today's schema those who know the published one cannot live with; none for additions.

    A field may be added if it may be missing. Whatever else differs is a breach in one direction or the
    other: narrower refuses what was published, wider is refused by those who read by the published one.
    """
    return list(_breaches(_Place(published, published), _Place(today, today), "body"))


class _Place:
    """A part of a schema, with the names it may refer to."""

    def __init__(self, part: Any, whole: Schema) -> None:
        self.part: Schema = part
        self.whole = whole
        while "$ref" in self.part:
            self.part = whole["$defs"][self.part["$ref"].rsplit("/", 1)[1]]

    def under(self, *keys: str | int) -> "_Place":
        """Return a part of this part."""
        part: Any = self.part
        for key in keys:
            part = part[key]
        return _Place(part, self.whole)

    @property
    def words(self) -> set[str]:
        """Return the keywords that say what is valid."""
        return set(self.part) - _WORDS_ABOUT


def _breaches(old: _Place, new: _Place, at: str) -> Iterator[str]:
    for word in sorted((old.words | new.words) - _OF_OBJECTS):
        if word not in old.part or word not in new.part:
            before, after = old.part.get(word, "nothing"), new.part.get(word, "nothing")
            yield f"{at}: {word} was {before}, is {after}"
        elif word == "items" or (word == "additionalProperties" and isinstance(old.part[word], Mapping)):
            yield from _breaches(old.under(word), new.under(word), f"{at}[]")
        elif word == "anyOf":
            yield from _of_choices(old, new, at)
        elif old.part[word] != new.part[word]:
            yield f"{at}: {word} was {old.part[word]}, is {new.part[word]}"
    yield from _of_fields(old, new, at)


def _of_choices(old: _Place, new: _Place, at: str) -> Iterator[str]:
    if len(old.part["anyOf"]) != len(new.part["anyOf"]):
        yield f"{at}: had {len(old.part['anyOf'])} types, has {len(new.part['anyOf'])}"
        return
    for number in range(len(old.part["anyOf"])):
        yield from _breaches(old.under("anyOf", number), new.under("anyOf", number), at)


def _of_fields(old: _Place, new: _Place, at: str) -> Iterator[str]:
    before, after = old.part.get("properties", {}), new.part.get("properties", {})
    must_before, must_after = set(old.part.get("required", ())), set(new.part.get("required", ()))
    for name in before:
        if name not in after:
            yield f"{at}.{name}: is gone"
            continue
        yield from _breaches(old.under("properties", name), new.under("properties", name), f"{at}.{name}")
    for name in sorted(must_after - must_before):
        yield f"{at}.{name}: must be there now; what was published does not have it"
    for name in sorted((must_before - must_after) & set(after)):
        yield f"{at}.{name}: may be missing now; those who read by what was published need it"
