"""Evaluation on the small town: deterministic, independent of batching, and no fallback."""

from __future__ import annotations

import pytest

from townlet.config import load_config
from townlet.errors import BackendError, ConfigError, UsageError
from townlet.evaluation import evaluate, evaluation_seeds

HAMLET = ["town.map=hamlet", "evaluation.seeds=3", "evaluation.days=0.05"]


def test_the_result_does_not_depend_on_how_many_towns_step_together() -> None:
    alone = evaluate(load_config(overrides=[*HAMLET, "evaluation.worlds=1"]), "scripted")
    together = evaluate(load_config(overrides=[*HAMLET, "evaluation.worlds=3"]), "scripted")
    assert alone.per_seed == together.per_seed
    assert alone.kpis == together.kpis


def test_the_same_seeds_give_the_same_and_others_give_others() -> None:
    config = load_config(overrides=HAMLET)
    first, again = evaluate(config, "scripted"), evaluate(config, "scripted")
    other = evaluate(config, "scripted", seeds=(7, 8, 9))
    assert first.per_seed == again.per_seed
    assert first.per_seed["reward"] != other.per_seed["reward"]


def test_policies_differ() -> None:
    config = load_config(overrides=[*HAMLET, "evaluation.days=0.6"])
    scripted, stub = evaluate(config, "scripted"), evaluate(config, "stub")
    assert scripted.kpis["mean_need"].mean > stub.kpis["mean_need"].mean
    assert stub.provenance["active"] == "stub"


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    evaluate(load_config(overrides=HAMLET), "stub", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (150, 150)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_cannot_be_evaluated_is_refused() -> None:
    config = load_config(overrides=HAMLET)
    with pytest.raises(UsageError, match="at least one seed"):
        evaluation_seeds(config, 0)
    with pytest.raises(UsageError, match="at least one seed"):
        evaluate(config, "stub", seeds=())
    with pytest.raises(UsageError, match="must be longer than 0 days"):
        evaluate(config, "stub", days=0)
    with pytest.raises((BackendError, ConfigError), match="no-such-mind"):
        evaluate(config, "no-such-mind")
