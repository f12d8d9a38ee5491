"""Where each value came from."""

from __future__ import annotations

from townlet.config import load_document
from townlet.config.document import Origin


def origins(document) -> dict[str, Origin]:
    return {key: origin for key, _, origin in document.values()}


class TestWhere:
    def test_written(self, write) -> None:
        document = load_document(write("seed: 1\npolicy:\n  backend: x\n"))
        assert document.where("policy.backend") == "town.yaml:3, policy.backend"

    def test_around_it(self, write) -> None:
        document = load_document(write("seed: 1\npolicy:\n  backend: x\n"))
        assert document.where("policy.options") == "town.yaml:2, policy.options"

    def test_nowhere_in_the_file(self, write) -> None:
        assert load_document(write("seed: 1\n")).where("policy.backend") == "town.yaml:1, policy.backend"

    def test_entry_of_a_list(self, write) -> None:
        document = load_document(write("training:\n  anneal:\n    stages:\n    - cycle: 0\n      mode: bc\n"))
        assert document.where("training.anneal.stages[0].mode") == "town.yaml:5, training.anneal.stages[0].mode"

    def test_override(self) -> None:
        document = load_document(None, ["policy.backend=x"])
        assert document.where("policy.backend") == "--set policy.backend=x, policy.backend"

    def test_default(self) -> None:
        assert load_document().where("policy.backend") == "policy.backend"


class TestOrigins:
    def test_every_value_of_the_default_town_is_a_default(self) -> None:
        found = origins(load_document())
        assert len(found) > 50
        assert set(found.values()) == {Origin("default", "default")}

    def test_file_override_and_default(self, write) -> None:
        found = origins(load_document(write("seed: 1\npolicy:\n  backend: x\n"), ["policy.backend=y", "name=z"]))
        assert found["seed"] == Origin("file", "town.yaml:1")
        assert found["policy.backend"] == Origin("override", "--set policy.backend=y")
        assert found["name"] == Origin("override", "--set name=z")
        assert found["policy.on_missing"] == Origin("default", "default")

    def test_a_section_that_is_opened_does_not_claim_its_defaults(self, write) -> None:
        found = origins(load_document(write("evaluation: {days: 1}\n")))
        assert found["evaluation.days"].kind == "file"
        assert found["evaluation.seeds"].kind == "default"

    def test_a_section_given_as_a_whole_by_an_override(self) -> None:
        found = origins(load_document(None, ["evaluation={days: 1}"]))
        assert found["evaluation.days"] == Origin("override", "--set evaluation={days: 1}")
        assert found["evaluation.seeds"] == Origin("default", "default")
