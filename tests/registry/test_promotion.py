"""Promotion: two passes in a row make a candidate; releases are verified; every decision is kept."""

from __future__ import annotations

import shutil

import pytest

from townlet.config import load_config
from townlet.errors import CheckpointError, RegistryError
from townlet.registry import PromotionManager, Registry, resolve_release


@pytest.fixture
def manager(registry):
    return PromotionManager(registry, required_passes=2)


def evaluate(manager, checkpoint, *outcomes, first_seed=0):
    status = None
    for number, passed in enumerate(outcomes):
        settings = {"seeds": [first_seed + number]}
        status = manager.record_evaluation(
            checkpoint.path, passed=passed, metrics={"reward": float(number)}, settings=settings, by="judge"
        )
    return status


class TestCandidates:
    @pytest.mark.parametrize(
        ("outcomes", "passes", "candidate"),
        [
            ([True], 1, False),
            ([True, True], 2, True),
            ([True, False], 0, False),
            ([True, False, True], 1, False),
            ([False, True, True], 2, True),
            ([True, True, True], 3, True),
            ([True, True, False], 0, False),
        ],
    )
    def test_passes_in_a_row(self, manager, save, outcomes, passes, candidate):
        status = evaluate(manager, save("a"), *outcomes)
        assert (status.passes, status.candidate) == (passes, candidate)

    def test_each_checkpoint_for_itself(self, manager, save):
        evaluate(manager, save("a"), True)
        assert evaluate(manager, save("b"), True).passes == 1

    def test_the_same_seeds_again_are_no_new_evidence(self, manager, save):
        checkpoint = save("a")
        evaluate(manager, checkpoint, True)
        assert evaluate(manager, checkpoint, True).passes == 1
        assert evaluate(manager, checkpoint, True, first_seed=5).passes == 2

    def test_towns_that_were_played_before_are_no_new_evidence(self, manager, save):
        checkpoint = save("a")
        for seeds, passes in (([0, 1, 2], 1), ([1], 1), ([2, 3], 1), ([4], 2)):
            status = manager.record_evaluation(checkpoint.path, passed=True, metrics={}, settings={"seeds": seeds})
            assert status.passes == passes, seeds

    def test_who_looks_again_and_again_must_pass_more_often(self, registry, save):
        once = PromotionManager(registry, required_passes=1)
        assert evaluate(once, save("a"), True).candidate
        status = evaluate(once, save("b"), False, True)
        assert (status.passes, status.required, status.judged, status.candidate) == (1, 2, 2, False)
        checkpoint = save("c")
        evaluate(once, checkpoint, False, False, True)
        with pytest.raises(RegistryError, match="it was judged 3 times, each a chance to pass by luck: it takes 2"):
            once.promote(checkpoint.path)

    def test_without_settings_each_counts(self, manager, save):
        checkpoint = save("a")
        for _ in range(2):
            status = manager.record_evaluation(checkpoint.path, passed=True, metrics={})
        assert status.candidate

    def test_listed(self, manager, save):
        evaluate(manager, save("a"), True)
        b = save("b")
        evaluate(manager, b, True, True)
        assert [status.checkpoint for status in manager.candidates()] == [b.digest]
        manager.promote(b.path)
        assert manager.candidates() == []

    def test_evaluations_without_a_gate_do_not_count(self, manager, registry, save):
        checkpoint = save("a")
        evaluate(manager, checkpoint, True)
        registry.add_evaluation("pytorch:a", metrics={}, checkpoint=checkpoint)
        assert evaluate(manager, checkpoint, True, first_seed=9).candidate


class TestPromote:
    def test_a_candidate(self, manager, save, runs):
        checkpoint = save("a")
        evaluate(manager, checkpoint, True, True)
        decision = manager.promote(checkpoint.path, reason="better", by="alice")
        assert (decision.action, decision.by, decision.reason) == ("promote", "alice", "better")
        assert (decision.checkpoint, decision.passes, decision.previous) == (checkpoint.digest, 2, None)
        assert decision.metrics == {"reward": 1.0}
        assert resolve_release(runs).resolve() == checkpoint.path.resolve()
        assert manager.status(checkpoint.digest).released

    def test_no_candidate(self, manager, save, runs):
        checkpoint = save("a")
        evaluate(manager, checkpoint, True)
        with pytest.raises(RegistryError, match="1 of 2 evaluations passed in a row"):
            manager.promote(checkpoint.path)
        with pytest.raises(RegistryError, match="there is no release"):
            resolve_release(runs)
        assert manager.history() == []

    def test_by_force_says_so(self, manager, save):
        assert manager.promote(save("a").path, force=True, reason="demo").reason == "forced: demo"

    def test_twice(self, manager, save):
        checkpoint = save("a")
        manager.promote(checkpoint.path, force=True, reason="demo")
        with pytest.raises(RegistryError, match="is already the release"):
            manager.promote(checkpoint.path, force=True, reason="demo")

    def test_a_damaged_one(self, manager, save):
        checkpoint = save("a")
        (checkpoint.path / "weights").write_text("b")
        with pytest.raises(CheckpointError, match="weights is damaged"):
            manager.promote(checkpoint.path, force=True, reason="demo")


class TestDemands:
    """Of the config of the checkpoint's own run: what else must be shown before it is a release."""

    @pytest.fixture
    def candidate(self, manager, save, runs):
        """A candidate in the folder of a run whose config demands a scenario and a suite."""
        checkpoint = save("run/checkpoints/update-1")
        wanted = ["evaluation.required_scenarios=[all]", "evaluation.strangers.suite=public"]
        (runs / "run" / "run.json").write_text("{}")
        (runs / "run" / "config.json").write_text(load_config(None, wanted).model_dump_json())
        evaluate(manager, checkpoint, True, True)
        return checkpoint

    def test_nobody_passes_them_by(self, manager, candidate):
        with pytest.raises(RegistryError, match=r"demands more of a release.*scenario all, suite public") as refused:
            manager.promote(candidate.path)
        assert "promote_checkpoint" in str(refused.value)
        assert manager.history() == []

    def test_whoever_checks_them_is_asked(self, registry, candidate):
        asked = []
        PromotionManager(registry, demands=asked.append).promote(candidate.path)
        assert asked == [candidate.path]

    def test_what_stands_against_it_does(self, registry, candidate):
        def refuse(path):
            raise RegistryError("too dull")

        with pytest.raises(RegistryError, match="too dull"):
            PromotionManager(registry, demands=refuse).promote(candidate.path)
        assert PromotionManager(registry).release() is None

    def test_they_are_asked_about_candidates_only(self, registry, save):
        with pytest.raises(RegistryError, match="0 of 2"):
            PromotionManager(registry, demands=lambda _: pytest.fail("it is not a candidate")).promote(save("a").path)

    def test_force_passes_them_by_and_says_so(self, manager, candidate):
        assert manager.promote(candidate.path, force=True, reason="demo").reason == "demo"


class TestHold:
    def test_a_held_candidate_must_pass_anew(self, manager, save):
        checkpoint = save("a")
        evaluate(manager, checkpoint, True, True)
        manager.hold(checkpoint.path, reason="rude to newcomers", by="bob")
        with pytest.raises(RegistryError, match="0 of 2"):
            manager.promote(checkpoint.path)
        evaluate(manager, checkpoint, True, True, first_seed=10)
        manager.promote(checkpoint.path)
        assert [d.action for d in manager.history()] == ["promote", "hold"]

    def test_a_release_stays_one(self, manager, save):
        checkpoint = save("a")
        manager.promote(checkpoint.path, force=True, reason="demo")
        manager.hold(checkpoint.path)
        assert manager.resolve_release() is not None


class TestRollback:
    def test_to_the_release_before(self, manager, save, runs):
        a, b, c = save("a"), save("b"), save("c")
        for checkpoint in (a, b, c):
            manager.promote(checkpoint.path, force=True, reason="demo")
        back = manager.rollback(reason="worse", by="carol")
        assert (back.action, back.checkpoint, back.previous) == ("rollback", b.digest, c.digest)
        assert manager.rollback().checkpoint == a.digest
        assert resolve_release(runs).name == "a"

    def test_after_a_rollback_the_next_promotion_stands_on_what_is_left(self, manager, save):
        a, b, c = save("a"), save("b"), save("c")
        for checkpoint in (a, b):
            manager.promote(checkpoint.path, force=True, reason="demo")
        manager.rollback()
        manager.promote(c.path, force=True, reason="demo")
        assert manager.rollback().checkpoint == a.digest

    def test_with_nothing_before(self, manager, save):
        with pytest.raises(RegistryError, match="there is no release"):
            manager.rollback()
        manager.promote(save("a").path, force=True, reason="demo")
        with pytest.raises(RegistryError, match="no release to go back to"):
            manager.rollback()

    def test_to_a_damaged_one_is_refused_and_changes_nothing(self, manager, save):
        a, b = save("a"), save("b")
        for checkpoint in (a, b):
            manager.promote(checkpoint.path, force=True, reason="demo")
        shutil.rmtree(a.path)
        with pytest.raises(CheckpointError, match="there is no checkpoint here"):
            manager.rollback()
        assert manager.resolve_release().name == "b"


class TestResolve:
    def test_no_registry(self, tmp_path):
        with pytest.raises(RegistryError, match="there is no registry here"):
            resolve_release(tmp_path)

    def test_a_release_that_was_damaged(self, manager, save, runs):
        checkpoint = save("a")
        manager.promote(checkpoint.path, force=True, reason="demo")
        (checkpoint.path / "weights").write_text("b")
        with pytest.raises(CheckpointError, match="weights is damaged"):
            resolve_release(runs)

    def test_another_checkpoint_in_its_place(self, manager, save, runs):
        a, b = save("a"), save("b")
        manager.promote(a.path, force=True, reason="demo")
        shutil.rmtree(a.path)
        b.path.rename(runs / "a")
        with pytest.raises(CheckpointError, match="the checkpoint of the release has changed"):
            resolve_release(runs)


def test_decisions_outlive_the_process(manager, registry, save, runs):
    manager.promote(save("a").path, force=True, reason="demo", by="alice")
    kept = manager.history()
    registry.close()
    with Registry(runs, create=False) as again:
        assert PromotionManager(again).history() == kept


class TestObjections:
    """Of the gates of the checkpoint's own training: evaluations do not outweigh them."""

    def test_they_block_whatever_passes(self, manager, registry, save):
        checkpoint = save("a")
        registry.add_checkpoint(checkpoint, objections=["stage 0 (bc): FAIL: too dull"])
        status = evaluate(manager, checkpoint, True, True)
        assert (status.passes, status.candidate) == (2, False)
        with pytest.raises(RegistryError, match="too dull"):
            manager.promote(checkpoint.path)

    def test_they_stay_when_it_is_entered_again(self, registry, save):
        checkpoint = save("a")
        registry.add_checkpoint(checkpoint, objections=["no"])
        assert registry.add_checkpoint(checkpoint).objections == ("no",)

    def test_force_needs_a_reason(self, manager, save):
        for reason in ("", "  "):
            with pytest.raises(RegistryError, match="needs a reason"):
                manager.promote(save(f"a{len(reason)}").path, force=True, reason=reason)
        assert manager.history() == []
