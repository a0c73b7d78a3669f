"""What was published holds: of a frozen kind nothing changes but optional fields that come."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from typer.testing import CliRunner

from services.cli import docs, freezing
from services.cli.freezing import FROZEN, example_of
from services.cli.main import app
from services.contracts.catalogue import KINDS
from services.contracts.envelope import Unreadable, read_envelope
from tests.support.compatibility import REMEDY, breaches
from tests.support.routes import BODIES, routes
from tests.support.running import envelope

PUBLISHED = {path.name.removesuffix(".json"): json.loads(path.read_text()) for path in FROZEN.glob("*.json")}
COMPLETED = PUBLISHED["order.completed.v1"]["schema"]


def test_every_kind_has_been_put_down_once() -> None:
    assert set(KINDS) - set(PUBLISHED) == set(), "new kinds: run `sandan docs freeze`"


def test_no_kind_that_was_published_is_gone() -> None:
    assert set(PUBLISHED) - set(KINDS) == set(), "somebody may still say it: keep its model and its reader"


@pytest.mark.parametrize("kind", sorted(set(PUBLISHED) & set(KINDS)))
def test_of_what_was_published_nothing_changed_but_optional_fields_that_came(kind: str) -> None:
    found = breaches(PUBLISHED[kind]["schema"], KINDS[kind].model_json_schema())
    assert not found, f"{kind} is not what was published: {'; '.join(found)}. Instead, {REMEDY}."


@pytest.mark.parametrize("kind", sorted(PUBLISHED))
def test_what_was_published_is_read_and_said_again_in_a_shape_that_was_published(kind: str) -> None:
    held = PUBLISHED[kind]
    read = read_envelope(envelope(kind, held["example"]))
    said = orjson.loads(read.body.model_dump_json())
    assert _holds(said, held["example"]), "a field changed its form"
    jsonschema.validate(said, held["schema"])


def _holds(said: Any, published: Any) -> bool:
    """Return whether all that was published is there as it was, whatever came to it."""
    if isinstance(published, dict):
        return isinstance(said, dict) and all(_holds(said.get(key), part) for key, part in published.items())
    if isinstance(published, list):
        return len(said) == len(published) and all(map(_holds, said, published))
    return bool(said == published)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_said_today_is_valid_by_what_was_published(kind: str) -> None:
    jsonschema.validate(example_of(KINDS[kind]), PUBLISHED[kind]["schema"])


def _everywhere_more(given: Any) -> Any:
    """Return a body as a newer release might say it: with something unknown wherever there are fields."""
    if isinstance(given, list):
        return [_everywhere_more(item) for item in given]
    if not isinstance(given, dict):
        return given
    more = {} if set(given) == {"figures"} or "points_by_category" in given else {"since_v9": {"of": ["x"]}}
    return {**{key: _more_below(key, part) for key, part in given.items()}, **more}


def _more_below(key: str, part: Any) -> Any:
    return part if key in {"figures", "points_by_category"} else _everywhere_more(part)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_a_newer_release_says_more_of_is_read_for_what_is_known(kind: str) -> None:
    said = envelope(kind, _everywhere_more(PUBLISHED[kind]["example"]), trace={"of": "a newer release"})
    read = read_envelope(said)
    known = read_envelope(envelope(kind, PUBLISHED[kind]["example"])).body
    for field in KINDS[kind].model_fields:
        if field != "file":  # it keeps what it does not know, so that it can be kept as it came
            assert getattr(read.body, field) == getattr(known, field)


def test_a_kind_nobody_knows_is_told_apart_from_a_body_that_is_wrong() -> None:
    with pytest.raises(Unreadable, match="unknown_kind"):
        read_envelope(envelope("order.sung.v1", {}))
    with pytest.raises(Unreadable, match="wrong_body"):
        read_envelope(envelope("order.settled.v1", {}))


def _planted(*path: str, **changes: Any) -> dict[str, Any]:
    """Return the published schema of a completed order with a part of it changed; None takes a word away."""
    schema: dict[str, Any] = copy.deepcopy(COMPLETED)
    part = schema
    for key in path:
        part = part[key]
    for word, value in changes.items():
        if value is None:
            del part[word]
        else:
            part[word] = value
    return schema


PLANTED = {
    "a field is gone": _planted("properties", summary=None),
    "a new field must be there": _planted(
        properties={**COMPLETED["properties"], "stars": {"type": "integer"}},
        required=[*COMPLETED["required"], "stars"],
    ),
    "an optional field must be there": _planted(required=[*COMPLETED["required"], "part"]),
    "a field may be missing": _planted(required=[n for n in COMPLETED["required"] if n != "summary"]),
    "a type is another": _planted("properties", "summary", type="integer"),
    "a field may be nothing": _planted(
        properties={**COMPLETED["properties"], "summary": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    ),
    "a text is bounded": _planted("properties", "summary", maxLength=10),
    "a bound is narrower": _planted("$defs", "Proof", "properties", "ref", maxLength=10),
    "a bound is wider": _planted("$defs", "Proof", "properties", "ref", maxLength=10_000),
    "a pattern is another": _planted("$defs", "Proof", "properties", "ref", pattern="^x$"),
    "a word is gone from a closed list": _planted("$defs", "Proof", "properties", "kind", enum=["photo"]),
    "a word came to a closed list": _planted(
        "$defs", "Proof", "properties", "kind", enum=["photo", "document", "signature", "other", "film"]
    ),
    "a list is one thing": _planted(
        properties={**COMPLETED["properties"], "proof": {"$ref": "#/$defs/Proof"}}
    ),
    "nothing more is allowed": _planted(additionalProperties=False),
}


@pytest.mark.parametrize("change", PLANTED)
def test_a_change_that_breaks_somebody_is_found(change: str) -> None:
    found = breaches(COMPLETED, PLANTED[change])
    assert found
    assert all(what.startswith("body") for what in found)


def test_a_field_that_may_be_missing_may_come_at_any_depth() -> None:
    grown = _planted(properties={**COMPLETED["properties"], "stars": {"type": "integer", "default": 0}})
    grown["$defs"]["Proof"]["properties"]["taken_at"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    grown["properties"]["summary"]["description"] = "said otherwise"
    assert breaches(COMPLETED, grown) == []


def test_what_a_file_may_hold_may_be_widened_for_its_readers_take_anything() -> None:
    text = json.dumps(PUBLISHED["community.loaded.v1"]["schema"])
    for bound in ("maximum", "minimum", "maxLength", "pattern", "maxItems", "enum", "exclusiveMinimum"):
        assert f'"{bound}"' not in text, bound


def test_the_documents_that_follow_the_code_do_not_write_what_was_published() -> None:
    assert not [name for name in docs.MADE if "frozen" in name]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for what is published."""
    monkeypatch.setattr(freezing, "FROZEN", tmp_path)
    return tmp_path


def test_a_kind_is_put_down_once_and_never_again(empty: Path) -> None:
    first = CliRunner().invoke(app, ["docs", "freeze", "order.verified.v1"])
    assert first.exit_code == 0, first.output
    (written,) = empty.iterdir()
    assert json.loads(written.read_text()) == PUBLISHED["order.verified.v1"]
    written.write_text("as it was published")
    again = CliRunner().invoke(app, ["docs", "freeze", "order.verified.v1"])
    assert again.exit_code == 2
    assert "published already" in again.output
    assert written.read_text() == "as it was published"


def test_freezing_without_a_name_puts_down_what_is_new_alone(empty: Path) -> None:
    (empty / "order.verified.v1.json").write_text("as it was published")
    assert CliRunner().invoke(app, ["docs", "freeze"]).exit_code == 0
    assert len(list(empty.iterdir())) == len(KINDS)
    assert (empty / "order.verified.v1.json").read_text() == "as it was published"


def test_a_kind_that_is_none_is_not_put_down(empty: Path) -> None:
    found = CliRunner().invoke(app, ["docs", "freeze", "order.sung.v1"])
    assert found.exit_code == 2
    assert "no such kind" in found.output
    assert not list(empty.iterdir())


def test_every_body_of_a_write_has_an_example() -> None:
    """The matrix of roles, the forged tokens and the marked fields are tried with it."""
    taken = {route.body.__name__ for _, route in routes() if route.body is not None}
    assert taken - set(BODIES) == set(), "add an example to tests/support/routes.py `BODIES`"
