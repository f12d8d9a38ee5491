"""Level 5, second half: an update does what it is told, remembers what it must, and is the same twice."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from townlet.api import Feature, LearnerProtocol, PPOSettings, ReferenceLearner, RolloutBatch
from townlet.errors import CheckpointError
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.lessons import TeacherDemonstrations, bandit_rollout, practise
from townlet.testing.observations import draw_batch
from townlet.testing.subject import Subject

__all__ = ["CHECKS", "EARLY"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)
EARLY: list[Check] = []
early = collect(4, "determinism", EARLY)

_EFFECT = "learning.honoured-settings-have-effect"
_BASE = PPOSettings(learning_rate=5e-3, minibatches=2, epochs=3, seed=1)
_TOLD = "protocol.learner-policy-gives-log-probs-and-values"
_TWICE, _SOLVES = "determinism.the-same-update-twice-gives-the-same", "learning.solves-a-bandit-town"
_OTHER: dict[str, object] = {
    "learning_rate": 1e-3,
    "adam_epsilon": 1.0,
    "epochs": 1,
    "minibatches": 1,
    "entropy_coefficient": 0.5,
    "gae_lambda": 0.0,
    "value_lambda": 0.0,
    "gamma": 0.2,
    "clip_range": 1e-3,
    "value_clip_range": 1e-6,
    "value_coefficient": 5.0,
    "max_grad_norm": 1e-3,
    "target_kl": 1e-9,
    "normalise_advantages": False,
    "normalise_values": False,
    "seed": 2,
}
"""Settings whose other value cannot but change an update of a learner that honours them."""


def _updated(
    subject: Subject,
    settings: PPOSettings = _BASE,
    change: Callable[[RolloutBatch], RolloutBatch] = lambda rollout: rollout,
    first: PPOSettings | None = None,
) -> LearnerProtocol:
    """A fresh learner after two updates, on lives of several ticks; with settings of its own the first one."""
    learner = subject.learner(seed=1)
    for number in range(2):
        rollout = bandit_rollout(learner, subject.spec, number, 16, 6)
        ends = np.zeros_like(rollout.terminated)
        ends[2] = True
        starts = np.zeros_like(ends)
        starts[0] = starts[3] = True
        told = replace(rollout, terminated=ends, episode_start=starts)
        told.bootstrap[-1] = 0.5
        learner.update(change(told), settings if number or first is None else first)
    return learner


@early(
    "Two learners made alike learn the same from the same.",
    needs=("learn.ppo",),
    after=(_TOLD, "determinism.learning-leaves-the-process-alone"),
)
def the_same_update_twice_gives_the_same(subject: Subject) -> None:
    a, b = _updated(subject).policy.fingerprint(), _updated(subject).policy.fingerprint()
    expect(a == b, "the same weights, rollouts and settings gave two results: is something unseeded?")


@early("Two learners share nothing: one's update leaves the other as it was.", needs=("learn.ppo",), after=(_TOLD,))
def learners_share_nothing(subject: Subject) -> None:
    one, other = subject.learner(seed=1), subject.learner(seed=2)
    before = other.policy.fingerprint()
    practise(one, subject.spec, updates=1)
    expect(other.policy.fingerprint() == before, "an update of one learner changed another one")


@check("train_policy=False leaves every decision as it was.", needs=("learn.ppo",), after=(_TOLD,))
def the_critic_alone_may_learn(subject: Subject) -> str | None:
    if not subject.honours("ppo", "train_policy"):
        return "not honoured, not asked"
    learner = subject.learner(seed=1)
    seen = draw_batch(subject.spec, 64, seed=5, starts=1.0)
    before = learner.policy.decide(seen, learner.policy.initial_state(64, 3), explore=True)
    learner.update(bandit_rollout(learner, subject.spec, 0, 16, 4), _BASE.model_copy(update={"train_policy": False}))
    after = learner.policy.decide(seen, learner.policy.initial_state(64, 3), explore=True)
    told = before.log_probs is not None and after.log_probs is not None
    same = np.array_equal(before.actions, after.actions) and (
        not told or np.array_equal(before.log_probs, after.log_probs)  # type: ignore[arg-type]
    )
    expect(same, "the policy moved while only the critic was to learn (train_policy=False)")
    return None


@check(
    "An episode that was cut is valued by its bootstrap, one that ended by nothing.",
    needs=("learn.ppo",),
    after=(_TWICE, _SOLVES),
)
def cut_episodes_are_bootstrapped(subject: Subject) -> None:
    def cut(value: float, *, really: bool) -> Callable[[RolloutBatch], RolloutBatch]:
        def change(rollout: RolloutBatch) -> RolloutBatch:
            ends, nothing = rollout.terminated, np.zeros_like(rollout.terminated)
            bootstrap = np.zeros_like(rollout.bootstrap)
            bootstrap[2, ::2] = value
            cuts, deaths = (ends, nothing) if really else (nothing, ends)
            return replace(rollout, bootstrap=bootstrap, truncated=cuts, terminated=deaths)

        return change

    prints = [_updated(subject, change=cut(v, really=True)).policy.fingerprint() for v in (0.0, 8.0)]
    expect(prints[0] != prints[1], "bootstrap changes nothing where an episode was truncated")
    ended = [_updated(subject, change=cut(v, really=False)).policy.fingerprint() for v in (0.0, 8.0)]
    expect(ended[0] == ended[1], "bootstrap counts where a life ended: terminated means that nothing follows")


@check(
    "Settings that the manifest lists as honoured change what an update does, each update by its own.",
    needs=("learn.ppo",),
    after=(
        *(_TWICE, _SOLVES, "learning.cut-episodes-are-bootstrapped"),
        *("learning.the-first-step-has-ratio-one", "learning.where-nothing-can-be-chosen-nothing-is-learned"),
    ),
)
def honoured_settings_have_effect(subject: Subject) -> str:
    asked = [name for name in _OTHER if subject.honours("ppo", name)]
    plain = _updated(subject).policy.fingerprint()
    idle = [
        name
        for name in asked
        if _updated(subject, _BASE.model_copy(update={name: _OTHER[name]}), first=_BASE).policy.fingerprint() == plain
    ]
    expect(
        not idle,
        f"another value in the second update changes nothing: {', '.join(idle)}; honour it, or leave it out of "
        "[honours]",
    )
    return f"asked of {', '.join(asked) or 'none: the manifest lists none of them'}"


@check("The cloning term of the mixed mode changes the update.", needs=("learn.ppo",), after=(_TWICE, _SOLVES, _EFFECT))
def the_cloning_term_has_effect(subject: Subject) -> str | None:
    if not subject.honours("ppo", "bc_coefficient"):
        return "not honoured, not asked"
    shown = next(TeacherDemonstrations(subject.spec, size=64).batches("train", 64, seed=0))
    prints = [
        _updated(
            subject,
            _BASE.model_copy(update={"bc_coefficient": weight}),
            lambda rollout: replace(rollout, demonstrations=shown),
        ).policy.fingerprint()
        for weight in (0.0, 2.0)
    ]
    expect(prints[0] != prints[1], "demonstrations with bc_coefficient 2 changed nothing")
    return None


def _held(learner: LearnerProtocol) -> None:
    expect(isinstance(learner, ReferenceLearner), "kl_coefficient is honoured, but there is no hold_reference")
    if isinstance(learner, ReferenceLearner):
        learner.hold_reference()


@check(
    "hold_reference and kl_coefficient hold the policy near what it was.",
    needs=("learn.ppo",),
    after=(_TWICE, _SOLVES, _EFFECT),
)
def the_reference_has_effect(subject: Subject) -> str | None:
    if not subject.honours("ppo", "kl_coefficient"):
        return "not honoured, not asked"
    prints = []
    for weight in (0.0, 5.0):
        learner = subject.learner(seed=1)
        _held(learner)
        practise(learner, subject.spec, updates=1)  # away from the reference, where the KL is 0
        learner.update(
            bandit_rollout(learner, subject.spec, 1, 16, 4), _BASE.model_copy(update={"kl_coefficient": weight})
        )
        prints.append(learner.policy.fingerprint())
    expect(prints[0] != prints[1], "kl_coefficient 5 changed nothing, though a reference was held")
    return None


@check(
    "A held reference is saved and loaded with the rest.",
    needs=("learn.ppo", "checkpoint"),
    after=(
        *("learning.the-reference-has-effect", "determinism.saving-loses-nothing"),
        "determinism.saving-changes-nothing",
    ),
)
def the_reference_survives_loading(subject: Subject) -> str | None:
    if not subject.honours("ppo", "kl_coefficient"):
        return "not honoured, not asked"
    straight = subject.learner(seed=1)
    _held(straight)
    practise(straight, subject.spec, updates=1)
    resumed = subject.learner(seed=2)
    with tempfile.TemporaryDirectory() as folder:
        straight.save(Path(folder))
        resumed.load(Path(folder))
    near = _BASE.model_copy(update={"kl_coefficient": 5.0})
    for learner in (straight, resumed):
        learner.update(bandit_rollout(learner, subject.spec, 1, 16, 4), near)
    expect(
        straight.policy.fingerprint() == resumed.policy.fingerprint(),
        "after loading, an update with kl_coefficient went elsewhere: is the reference saved?",
    )
    return None


@check(
    "A checkpoint that is not whole is refused with a CheckpointError, and nothing changes.",
    needs=("learn.ppo", "checkpoint"),
    after=("determinism.saving-loses-nothing", "determinism.learners-side-by-side-share-nothing"),
)
def a_broken_checkpoint_is_refused(subject: Subject) -> None:
    learner, whole = subject.learner(seed=1), subject.learner(seed=2)
    before = learner.policy.fingerprint()
    practise(whole, subject.spec, updates=1)
    with tempfile.TemporaryDirectory() as root:
        kept = Path(root, "kept")
        kept.mkdir()
        whole.save(kept)
        practise(whole, subject.spec, updates=1, first=1)
        for number, (what, folder) in enumerate(_damaged(kept, Path(root))):
            try:
                learner.load(folder)
            except CheckpointError:
                expect(learner.policy.fingerprint() == before, f"{what}: refused, but the weights had changed")
                continue
            practise(learner, subject.spec, updates=1, first=1)  # what is of no account may be missing
            same = number and learner.policy.fingerprint() == whole.policy.fingerprint()
            expect(bool(same), f"{what} was loaded without a CheckpointError")
            learner = subject.learner(seed=1)
    plain = subject.learner(seed=1)
    for one in (learner, plain):
        practise(one, subject.spec, updates=1)
    expect(
        learner.policy.fingerprint() == plain.policy.fingerprint(),
        "after checkpoints that were refused an update went elsewhere: part of them had been taken over",
    )


def _damaged(whole: Path, into: Path) -> Iterator[tuple[str, Path]]:
    """Checkpoints with something wrong, each in a folder of its own: first none at all, then each file."""
    empty = into / "empty"
    empty.mkdir()
    yield "an empty folder", empty
    for number, path in enumerate(sorted(p for p in whole.rglob("*") if p.is_file())):
        name, data = path.relative_to(whole), path.read_bytes()
        for what, left in (("missing", None), ("cut in half", data[: len(data) // 2]), ("overwritten", b"\0" * 64)):
            folder = into / f"{number} {what}"
            shutil.copytree(whole, folder)
            (folder / name).unlink()
            if left is not None:
                (folder / name).write_bytes(left)
            yield f"a checkpoint whose {name} is {what}", folder


@check(
    "A checkpoint of a mind for other observations is refused with a CheckpointError, and nothing changes.",
    needs=("learn.ppo", "checkpoint"),
    after=("learning.a-broken-checkpoint-is-refused",),
)
def a_checkpoint_of_other_observations_is_refused(subject: Subject) -> str | None:
    if subject.learner_for is None:
        return "this subject makes no learner for other observations, not asked"
    more = Feature("something_else", description="What no town shows.")
    learner, other = subject.learner(seed=1), replace(subject.spec, features=(*subject.spec.features, more))
    before = learner.policy.fingerprint()
    with tempfile.TemporaryDirectory() as folder:
        subject.learner_for(other).save(Path(folder))
        try:
            learner.load(Path(folder))
        except CheckpointError:
            expect(learner.policy.fingerprint() == before, "refused, but the weights had changed")
            return None
    raise CheckFailure("a checkpoint of a mind that sees one feature more was loaded without a CheckpointError")


@check(
    "A checkpoint holds no pickle, which could execute anything when it is loaded.", needs=("learn.ppo", "checkpoint")
)
def checkpoints_hold_no_pickle(subject: Subject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subject.learner(seed=1).save(Path(folder))
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            expect(not _pickled(path), f"{path.name} is a pickle, or holds one; write safetensors, npy or JSON")


def _pickled(path: Path) -> bool:
    data = path.read_bytes()
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    if data[:6] == b"\x93NUMPY":
        return b"'|O'" in data[:256]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    return False
