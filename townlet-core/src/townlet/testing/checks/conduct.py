"""Levels 4 and 5, how a learner behaves: towards the process, the rollout, the disc, the clock, and after a failure."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from townlet.api import BCSettings, LearnerProtocol, PPOSettings, RolloutBatch, SendsWeights, Values, WarmsUp
from townlet.errors import TrainingError
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.lessons import TeacherDemonstrations, unheard
from townlet.testing.lived import lived_rollout
from townlet.testing.observations import draw_batch
from townlet.testing.subject import Subject

__all__ = ["CHECKS", "EARLY", "FIRST", "later"]

FIRST: list[Check] = []
first = collect(4, "determinism", FIRST)
EARLY: list[Check] = []
early = collect(4, "determinism", EARLY)
CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

SETTINGS = PPOSettings(learning_rate=5e-3, epochs=2, minibatches=2, gamma=0.9, seed=1)
_TOLD, _TWICE = (
    "protocol.learner-policy-gives-log-probs-and-values",
    "determinism.the-same-update-twice-gives-the-same",
)
_APART = "determinism.learners-side-by-side-share-nothing"
_LOSSLESS = "determinism.saving-loses-nothing"


def _learned(learner: LearnerProtocol, subject: Subject, updates: int = 2, first: int = 0) -> LearnerProtocol:
    for number in range(first, first + updates):
        learner.update(lived_rollout(learner, subject.spec, number), SETTINGS)
    return learner


@contextmanager
def later(seconds: float = 1_234_567.0) -> Iterator[None]:
    """Every clock of ``time`` is ahead by this."""
    with ExitStack() as stack:
        for name in ("time", "monotonic", "perf_counter"):
            clock, exact = getattr(time, name), getattr(time, f"{name}_ns")
            stack.enter_context(patch.object(time, name, lambda clock=clock: clock() + seconds))
            ahead = int(seconds * 1e9)
            stack.enter_context(patch.object(time, f"{name}_ns", lambda exact=exact, ahead=ahead: exact() + ahead))
        yield


def _process() -> dict[str, object]:
    """What a learner has to leave as it found it."""
    found: dict[str, object] = {
        "Python's random state": repr(random.getstate()),
        "NumPy's random state": repr([np.asarray(part).tolist() for part in np.random.get_state()]),
        "environment": dict(os.environ),
        "working directory": str(Path.cwd()),
        "NumPy's handling of floating-point errors": np.geterr(),
        "recursion limit": sys.getrecursionlimit(),
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        found["PyTorch's number of threads"] = torch.get_num_threads()
        found["PyTorch's random state"] = torch.get_rng_state().tolist()
        found["PyTorch's default precision"] = str(torch.get_default_dtype())
        found["PyTorch's recording of gradients"] = torch.is_grad_enabled()
    return found


@first(
    "Learning, saving and loading leave the process alone: global random state, threads, environment, folder.",
    needs=("learn.ppo",),
    after=(_TOLD,),
)
def learning_leaves_the_process_alone(subject: Subject) -> None:
    learner = subject.learner(seed=1)
    doings: dict[str, Callable[[], object]] = {"update": lambda: _learned(learner, subject, updates=1)}
    if "learn.bc" in subject.capabilities:
        taught, settings = TeacherDemonstrations(subject.spec, size=64), BCSettings(epochs=1, batch_size=64)
        doings["clone_behaviour"] = lambda: learner.clone_behaviour(taught, settings, unheard)
    with tempfile.TemporaryDirectory() as folder:
        if "checkpoint" in subject.capabilities:
            doings |= {name: partial(getattr(learner, name), Path(folder)) for name in ("save", "load")}
        for name, doing in doings.items():
            before = _process()
            doing()
            after = _process()
            changed = ", ".join(what for what, state in before.items() if after.get(what) != state)
            expect(not changed, f"{name} changed, for everything in this process: {changed}")


@early(
    "The hour does not matter: the same learning at another time gives the same.", needs=("learn.ppo",), after=(_TWICE,)
)
def learning_does_not_read_the_clock(subject: Subject) -> None:
    now = _learned(subject.learner(seed=1), subject).policy.fingerprint()
    with later():
        then = _learned(subject.learner(seed=1), subject).policy.fingerprint()
    expect(now == then, "the same learning gave something else at another time: what it does depends on the clock")


@early(
    "Two learners share nothing: what one does in between changes nothing for the other.",
    needs=("learn.ppo",),
    after=(_TWICE, "determinism.learners-share-nothing"),
)
def learners_side_by_side_share_nothing(subject: Subject) -> None:
    alone = _learned(subject.learner(seed=1), subject)
    one = _learned(subject.learner(seed=1), subject, updates=1)
    _learned(subject.learner(seed=2), subject)
    _learned(one, subject, updates=1, first=1)
    expect(
        one.policy.fingerprint() == alone.policy.fingerprint(),
        "an update went elsewhere because another learner learned before it: do they share an optimiser or a random "
        "stream?",
    )


@early(
    "The policy acts with the weights of now, also one that was taken before.", needs=("learn.ppo",), after=(_TWICE,)
)
def the_policy_follows_its_learner(subject: Subject) -> None:
    learner = subject.learner(seed=1)
    policy = learner.policy
    before = policy.fingerprint()
    _learned(learner, subject, updates=1)
    now, anew = policy.fingerprint(), learner.policy.fingerprint()
    expect(now == anew, "a policy that was taken from the learner before an update still acts with the old weights")
    expect(now != before, "an update changed neither the weights nor the fingerprint of the policy")


@early(
    "values alone are those that decide tells with them, and move nothing.",
    after=("protocol.optional-answers-fit", "protocol.initial-state-is-row-by-row", _TWICE),
)
def values_alone_are_those_of_decide(subject: Subject) -> str | None:
    policies = [subject.policy()]
    if "learn.ppo" in subject.capabilities:
        policies.append(_learned(subject.learner(seed=1), subject, updates=1).policy)
    for policy in policies:
        if not isinstance(policy, Values):
            return "has no values, not asked"
        batch, state = draw_batch(subject.spec, 16, seed=6, starts=1.0), policy.initial_state(16, 1)
        before = {name: array.copy() for name, array in state.arrays().items()}
        found: object = policy.values(batch, state)
        if found is None and policy.decide(batch, state).values is None:
            continue  # a policy of core's around one that tells none
        if not isinstance(found, np.ndarray) or (found.dtype, found.shape) != (np.float32, (16,)):
            raise CheckFailure(f"values must be float32 [16], found {getattr(found, 'dtype', type(found).__name__)}")
        told = policy.decide(batch, state).values
        same = told is not None and np.allclose(found[batch.active], told[batch.active], rtol=1e-4, atol=1e-5)
        expect(same, "values differ from those that decide tells of the same observations and state")
        moved = [name for name, array in state.arrays().items() if not np.array_equal(array, before[name])]
        expect(not moved, f"values changed the state: {', '.join(moved)}")
    return None


@early(
    "Saving changes nothing: a learner that saved goes on as one that did not.",
    needs=("learn.ppo", "checkpoint"),
    after=(_APART,),
)
def saving_changes_nothing(subject: Subject) -> None:
    saved, plain = (_learned(subject.learner(seed=1), subject, updates=1) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        saved.save(Path(folder))
    for learner in (saved, plain):
        _learned(learner, subject, updates=1, first=1)
    expect(saved.policy.fingerprint() == plain.policy.fingerprint(), "after save, an update went elsewhere")


@check(
    "Loading leaves nothing of what was there before.",
    needs=("learn.ppo", "checkpoint"),
    after=(_LOSSLESS,),
)
def loading_replaces_everything(subject: Subject) -> None:
    prints = []
    for earlier in (0, 2):
        learner = _learned(subject.learner(seed=2), subject, updates=earlier)
        with tempfile.TemporaryDirectory() as folder:
            _learned(subject.learner(seed=1), subject, updates=1).save(Path(folder))
            learner.load(Path(folder))
        _learned(learner, subject, updates=1, first=1)
        prints.append(learner.policy.fingerprint())
    expect(
        prints[0] == prints[1],
        "a learner that had learned before it loaded goes on otherwise than a fresh one: does load replace the "
        "optimiser, its counters and the statistics?",
    )


@check(
    "save writes into the folder it is given, and nowhere else.",
    needs=("learn.ppo", "checkpoint"),
    after=(_TOLD,),
)
def saving_writes_into_its_folder(subject: Subject) -> None:
    learner = _learned(subject.learner(seed=1), subject, updates=1)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as root:
        folder, work = Path(root, "checkpoint").resolve(), Path(root, "work").resolve()
        folder.mkdir()
        work.mkdir()
        os.chdir(work)
        try:
            with _watched(folder) as elsewhere:
                learner.save(folder)
        finally:
            os.chdir(here)
        found = [path for path in Path(root).resolve().rglob("*") if path != work and not path.is_relative_to(folder)]
        expect(
            not elsewhere and not found, f"save wrote outside its folder: {', '.join([*elsewhere, *map(str, found)])}"
        )
        expect(any(path.is_file() for path in folder.rglob("*")), "save wrote nothing into its folder")


@contextmanager
def _watched(folder: Path) -> Iterator[list[str]]:
    """Collects the files outside ``folder`` that Python opens for writing."""
    import builtins
    import io

    elsewhere: list[str] = []
    real = io.open

    def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        path = None if isinstance(file, int) else Path(os.fsdecode(file)).resolve()
        if path is not None and set(mode) & set("wax+") and not path.is_relative_to(folder):
            elsewhere.append(str(path))
        return real(file, mode, *rest, **named)

    with patch.object(builtins, "open", opened), patch.object(io, "open", opened):
        yield elsewhere


def _arrays(rollout: RolloutBatch) -> dict[str, NDArray[Any]]:
    """All arrays of a rollout, by name."""
    found: dict[str, NDArray[Any]] = {}
    for field in fields(rollout):
        value = getattr(rollout, field.name)
        if isinstance(value, np.ndarray):
            found[field.name] = value
        elif isinstance(value, Mapping):
            found |= {f"state[{name!r}]": array for name, array in value.items()}
    return found


@early("A rollout is not written into.", needs=("learn.ppo",), after=(_TWICE,))
def rollouts_are_not_written_into(subject: Subject) -> None:
    learner = subject.learner(seed=1)
    shown = next(TeacherDemonstrations(subject.spec, size=32).batches("train", 32, seed=0))
    rollout = replace(lived_rollout(learner, subject.spec), demonstrations=shown)
    seen = {f"demonstrations.{name}": getattr(shown.observations, name) for name in ("map", "features", "action_mask")}
    arrays = _arrays(rollout) | seen | {"demonstrations.actions": shown.actions}
    before = {name: array.copy() for name, array in arrays.items()}
    mixed = {"bc_coefficient": 0.5} if subject.honours("ppo", "bc_coefficient") else {}
    learner.update(rollout, SETTINGS.model_copy(update=mixed))
    changed = [name for name, array in arrays.items() if not np.array_equal(array, before[name])]
    expect(not changed, f"update wrote into the rollout: {', '.join(changed)}; the buffer is core's")


@early("Nothing of a rollout is kept: its arrays are the next one's.", needs=("learn.ppo",), after=(_TWICE,))
def rollouts_are_not_kept(subject: Subject) -> None:
    prints = []
    for overwritten in (False, True):
        learner = subject.learner(seed=1)
        rollout = lived_rollout(learner, subject.spec)
        learner.update(rollout, SETTINGS)
        if overwritten:
            for array in _arrays(rollout).values():
                if array.flags.writeable:
                    array[...] = 1
        _learned(learner, subject, updates=1, first=1)
        prints.append(learner.policy.fingerprint())
    expect(
        prints[0] == prints[1],
        "an update went elsewhere because the arrays of the rollout before were written into: copy what is kept",
    )


@check(
    "An update that fails changes nothing, of the weights or of what the learner remembers beside them.",
    needs=("learn.ppo",),
    after=("learning.nan-leaves-the-weights", "learning.advantages-follow-the-formula", _APART),
)
def a_failed_update_changes_nothing(subject: Subject) -> None:
    plain = _learned(subject.learner(seed=1), subject)
    for name in ("rewards", "values", "bootstrap", "log_probs"):
        learner = _learned(subject.learner(seed=1), subject, updates=1)
        before = learner.policy.fingerprint()
        rollout = lived_rollout(learner, subject.spec, 9)
        where = rollout.truncated if name == "bootstrap" else rollout.active
        getattr(rollout, name)[tuple(np.argwhere(where)[3])] = np.nan
        try:
            learner.update(rollout, SETTINGS)
        except TrainingError:
            expect(learner.policy.fingerprint() == before, f"{name} with a NaN: refused, but the weights had changed")
        else:
            raise CheckFailure(f"{name} with a NaN were learned from without a TrainingError")
        _learned(learner, subject, updates=1, first=1)
        expect(
            learner.policy.fingerprint() == plain.policy.fingerprint(),
            f"after an update that failed ({name} with a NaN) the next one went elsewhere: put the optimiser, its "
            "counters and the statistics in place only at the end",
        )


@check("Warming up teaches nothing.", needs=("learn.ppo",), after=(_TWICE,))
def warming_up_teaches_nothing(subject: Subject) -> str | None:
    warm, plain = subject.learner(seed=1), subject.learner(seed=1)
    if not isinstance(warm, WarmsUp):
        return "has no warm_up, not asked"
    rollout = lived_rollout(warm, subject.spec)
    warm.warm_up(rollout.ticks, rollout.rows, SETTINGS)
    prints = [_learned(learner, subject, updates=1).policy.fingerprint() for learner in (warm, plain)]
    expect(prints[0] == prints[1], "after warm_up the first update went elsewhere")
    return None


@check("Weights that are sent act as those they were sent from.", needs=("learn.ppo",), after=(_TWICE,))
def weights_that_are_sent_act_alike(subject: Subject) -> str | None:
    taught, other = _learned(subject.learner(seed=1), subject, updates=2), subject.learner(seed=2)
    if not isinstance(taught, SendsWeights) or not isinstance(other, SendsWeights):
        return "has no save_weights, not asked"
    before = taught.policy.fingerprint()
    with tempfile.TemporaryDirectory() as folder:
        taught.save_weights(Path(folder))
        other.load_weights(Path(folder))
    expect(other.policy.fingerprint() == before, "after load_weights it acts otherwise than the learner that sent them")
    expect(taught.policy.fingerprint() == before, "save_weights changed the weights")
    return None
