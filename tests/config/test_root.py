"""The whole config: frozen, documented, with an identity and a schema."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError

from townlet.config import Section, TownletConfig, config_digest, config_schema, load_config
from townlet.config.root import canonical_json


def models(model: type[BaseModel] = TownletConfig) -> Iterator[type[BaseModel]]:
    """The model and all that its fields mention."""
    yield model
    for field in model.model_fields.values():
        stack: list[object] = [field.annotation]
        while stack:
            annotation = stack.pop()
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from models(annotation)
            stack += getattr(annotation, "__args__", ())


MODELS = sorted(set(models()), key=lambda model: model.__name__)


class TestName:
    @pytest.mark.parametrize(
        ("town_map", "name"),
        [
            ("riverside", "riverside"),
            ("hamlet", "hamlet"),
            ("generated", "generated"),
            ("maps/mill.town.yaml", "mill.town"),
            ("C:\\maps\\my town.yml", "my-town"),
            ("../.yaml", "town"),
            ("m" * 80, "m" * 60),
        ],
    )
    def test_a_town_without_one_is_called_after_its_map(self, town_map: str, name: str) -> None:
        assert load_config(None, [f"town.map={json.dumps(town_map)}"]).name == name

    def test_one_of_its_own_stays(self) -> None:
        assert load_config(None, ["town.map=hamlet", "name=riverside"]).name == "riverside"

    def test_a_config_that_was_kept_with_another_keeps_it_and_its_id(self) -> None:
        kept = load_config(None, ["town.map=hamlet", "name=riverside"])
        assert TownletConfig.model_validate_json(kept.model_dump_json()).config_id == kept.config_id
        nameless = load_config(None, ["town.map=hamlet"])
        assert TownletConfig.model_validate_json(nameless.model_dump_json()).config_id == nameless.config_id


class TestIdentity:
    def test_digest_is_that_of_the_canonical_text(self) -> None:
        config = TownletConfig()
        text = canonical_json(config)
        assert json.loads(text) == config.model_dump(mode="json")
        assert config_digest(config) == hashlib.sha256(text.encode()).hexdigest()

    def test_config_id_is_the_name_and_the_start_of_the_digest(self) -> None:
        config = TownletConfig(name="hamlet")
        assert config.config_id == f"hamlet-{config_digest(config)[:12]}"

    def test_every_value_counts(self) -> None:
        overrides = ("seed=1", "policy.options.a=1", "policy.options.a=1.5", "evaluation.days=3", "name=x")
        ids = {load_config(None, [override]).config_id for override in overrides}
        assert len(ids | {TownletConfig().config_id}) == 6

    def test_order_of_options_does_not_count(self) -> None:
        one = load_config(None, ["policy.options={a: 1, b: 2}"])
        other = load_config(None, ["policy.options={b: 2, a: 1}"])
        assert one.config_id == other.config_id

    def test_whole_number_for_a_number_is_the_same_value(self) -> None:
        whole, broken = (load_config(None, [f"evaluation.days={days}"]) for days in ("3", "3.0"))
        assert whole.config_id == broken.config_id

    def test_another_process_with_another_hash_seed_agrees(self) -> None:
        override = "policy.options={x: 1, y: 2, z: {b: 1, a: 2}}"
        code = f"from townlet.config import load_config; print(load_config(None, [{override!r}]).config_id)"
        environment = {**os.environ, "PYTHONHASHSEED": "77"}
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        assert found.stdout.strip() == load_config(None, [override]).config_id


class TestModels:
    def test_frozen(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            TownletConfig().seed = 3  # type: ignore[misc]

    def test_a_round_trip_through_json_changes_nothing(self) -> None:
        config = load_config(None, ["seed=3", "policy.options={a: [1, null]}"])
        assert TownletConfig.model_validate_json(config.model_dump_json()) == config

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
    def test_every_section_is_strict_about_its_keys_and_frozen(self, model: type[BaseModel]) -> None:
        assert model.model_config.get("extra") == "forbid"
        assert model.model_config.get("frozen") is True
        assert model.model_config.get("allow_inf_nan") is False
        assert model.__doc__

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
    def test_every_field_says_what_it_means(self, model: type[BaseModel]) -> None:
        silent = [name for name, field in model.model_fields.items() if not field.description]
        assert silent == []

    def test_sections_of_the_root_have_defaults(self) -> None:
        assert [name for name, field in TownletConfig.model_fields.items() if field.is_required()] == []

    def test_there_are_many(self) -> None:
        assert len(MODELS) > 10
        assert sum(issubclass(model, Section) for model in MODELS) > 10


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class TestSchema:
    def test_the_default_town_fits(self, validator: jsonschema.Draft202012Validator) -> None:
        validator.validate(TownletConfig().model_dump(mode="json"))

    def test_an_empty_file_fits(self, validator: jsonschema.Draft202012Validator) -> None:
        validator.validate({})

    @pytest.mark.parametrize(
        "document",
        [{"sead": 1}, {"seed": "1"}, {"seed": -1}, {"policy": {"on_missing": "x"}}, {"policy": None}, {"rewards": []}],
    )
    def test_what_the_loader_refuses_does_not_fit(
        self, validator: jsonschema.Draft202012Validator, document: dict[str, object]
    ) -> None:
        assert not validator.is_valid(document)

    def test_it_describes_fields(self) -> None:
        properties = config_schema()["properties"]
        assert all(entry.get("description") for entry in properties.values())
