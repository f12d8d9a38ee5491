"""The learner: one network, taught by demonstrations and by experience, saved and resumed exactly."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor

from townlet.api import (
    BCMetrics,
    BCSettings,
    DemonstrationSource,
    ObservationSpec,
    PPOMetrics,
    PPOSettings,
    Report,
    RolloutBatch,
)
from townlet.errors import CheckpointError
from townlet_backend_pytorch.bc import clone_behaviour
from townlet_backend_pytorch.clock import Stopwatch, bare_forward, bare_update
from townlet_backend_pytorch.compiling import compiled
from townlet_backend_pytorch.critic import train_critic
from townlet_backend_pytorch.critic_units import describe, in_critic_units
from townlet_backend_pytorch.devices import autocast, cpu_threads, learning_threads, resolve_bfloat16
from townlet_backend_pytorch.experience import Examples, Experience, flatten_rollout, prepare_demonstrations
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.policy import TorchPolicy
from townlet_backend_pytorch.ppo import (
    Forward,
    Losses,
    MeanLosses,
    Optimise,
    decision_losses,
    minibatch_losses,
    optimise,
    reference_log_probs,
)
from townlet_backend_pytorch.recurrent import Pieces, cut_rollout, piece_logits, reference_of_pieces
from townlet_backend_pytorch.trainer_files import adopt, read_trainer_state, write_trainer_state
from townlet_backend_pytorch.trainer_state import Snapshot, TrainerState, frozen_copy, make_adam
from townlet_backend_pytorch.weights import WEIGHTS, StoredWeights, read_weights, write_weights

__all__ = ["TorchLearner"]


class TorchLearner:
    """Implements ``LearnerProtocol`` and ``ReferenceLearner``.

    Every update is a function of the weights, the trainer state, the experience and the settings: on one CPU with
    one number of threads, a learner that was saved and loaded goes on bit by bit like one that was not.

    Args:
        network: to train, on ``device``.
        spec: the observations it is for.
        options: threads, precision and compilation.
        device: where the network is.
    """

    def __init__(
        self,
        network: ConflictAwarePolicyNetwork,
        spec: ObservationSpec,
        options: PyTorchOptions,
        device: torch.device,
    ) -> None:
        self.network = network
        self.spec = spec
        self.options = options
        self.device = device
        self._watch = Stopwatch(device)
        self._policy: TorchPolicy = TorchPolicy(
            network, spec, device, options.decision_threads, options.rows_per_pass, self._watch
        )
        self._state = TrainerState(make_adam(network))
        self._optimise: Optimise = optimise
        self._forward: Forward = compiled(network, device) if options.compile else network

    @property
    def policy(self) -> TorchPolicy:
        """Acts with the current weights, also after later updates."""
        return self._policy

    @property
    def updates(self) -> int:
        """PPO updates done since the learner was made, saved and loaded with it."""
        return self._state.updates

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """Learn the teacher's actions; keep the weights that did best on the held-out part.

        PPO's optimiser and the statistics of values start anew afterwards: they describe other weights.

        Raises:
            DatasetError: if the demonstrations are of another spec, or either part is empty.
            TrainingError: if a loss is not finite; the weights are then as before.
        """
        snapshot = Snapshot(self.network, self._state)
        bfloat16 = resolve_bfloat16("auto", self.options.precision, self.device)
        try:
            with self._threads(settings.batch_size):
                metrics = clone_behaviour(
                    self.network,
                    self.spec,
                    demonstrations,
                    settings,
                    report,
                    bfloat16=bfloat16,
                    memory_ticks=self.options.memory_ticks,
                )
        except KeyboardInterrupt:
            raise  # the best weights so far are kept
        except BaseException:
            snapshot.restore()
            raise
        self._state = TrainerState(
            make_adam(self.network),
            updates=self._state.updates,
            clonings=self._state.clonings + 1,
            reference=self._state.reference,
        )
        return metrics

    def hold_reference(self) -> None:
        """Remember the current weights as the reference of ``PPOSettings.kl_coefficient``."""
        self._state.reference = frozen_copy(self.network)

    def unhonoured(self, kind: str) -> Mapping[str, str]:
        """What a memory keeps it from: demonstrations beside a rollout are single ticks."""
        if kind == "ppo" and self.network.memory is not None:
            return {"bc_coefficient": "with memory: gru it learns from pieces of lives, not from single ticks"}
        return {}

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """One PPO update.

        Raises:
            ContractError: if the rollout is not of this learner's observations.
            TrainingError: if a number in the rollout, a loss or a gradient is not finite, or nobody was active.
                After any exception, KeyboardInterrupt included, the weights and the trainer state are as before.
        """
        began = time.perf_counter()
        bfloat16 = resolve_bfloat16(settings.precision, self.options.precision, self.device)
        snapshot = Snapshot(self.network, self._state)
        try:
            with self._threads(rollout.actions.size // settings.minibatches):
                with self._watch("update.preparing"):
                    experience, pieces = self._prepare(rollout, settings)
                    examples = None
                    if rollout.demonstrations is not None and settings.bc_coefficient and settings.train_policy:
                        examples = prepare_demonstrations(rollout.demonstrations, self.device)
                    facts = describe(experience)
                    experience, clip_values = in_critic_units(self.network, self._state, experience, settings)
                with self._watch("update.steps"):
                    if pieces is None:
                        means = self._train(experience, examples, settings, bfloat16=bfloat16, clip_values=clip_values)
                    else:
                        means = self._train_pieces(experience, pieces, settings, bfloat16, clip_values)
        except BaseException:
            snapshot.restore()
            raise
        self._state.updates += 1
        return PPOMetrics(
            samples=len(experience.actions),
            seconds=time.perf_counter() - began,
            policy_loss=means.policy,
            value_loss=means.value,
            entropy=means.entropy,
            total_loss=means.total,
            clip_fraction=min(max(means.clip_fraction, 0.0), 1.0),
            approx_kl=means.approx_kl,
            grad_norm=means.grad_norm,
            grad_norm_max=means.grad_norm_max,
            epochs_done=means.epochs,
            learning_rate=settings.learning_rate,
            bc_loss=means.bc,
            reference_kl=means.reference_kl,
            **facts,
        )

    def clock(self) -> Mapping[str, float]:
        """Seconds by piece since the last call; the first one begins to measure, which on CUDA costs waits."""
        return self._watch.take()

    def bare(self, rows: int, decisions: int, settings: PPOSettings) -> Mapping[str, float]:
        """Seconds of a bare forward pass of ``rows`` rows and of the gradient steps from ``decisions`` decisions."""
        bfloat16 = resolve_bfloat16(settings.precision, self.options.precision, self.device)
        with cpu_threads(self.options.decision_threads):
            deciding = bare_forward(self.network, self.device, rows)
        with self._threads(decisions // settings.minibatches):
            update = bare_update(self.network, self.device, decisions, settings, bfloat16)
        return {"deciding": deciding, "update": update}

    def save(self, directory: Path) -> None:
        """Write ``weights.safetensors``, ``trainer_state.safetensors`` and ``trainer_state.json``."""
        write_weights(self.network, self.spec, directory / WEIGHTS)
        write_trainer_state(self.network, self._state, directory)

    def save_weights(self, directory: Path) -> None:
        """Write ``weights.safetensors``: what acting needs, a third of what :meth:`save` writes."""
        write_weights(self.network, self.spec, directory / WEIGHTS)

    def load_weights(self, directory: Path) -> None:
        """Read what :meth:`save_weights` wrote. The optimiser stays as it is.

        Raises:
            CheckpointError: if it does not fit, naming the first difference; nothing is changed then.
        """
        self.network.load_state_dict(self._fitting(directory).tensors)

    def load(self, directory: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            CheckpointError: if it does not fit, naming the first difference; nothing is changed then.
        """
        stored = self._fitting(directory)
        moments, found = read_trainer_state(self.network, self._state, directory)
        self.network.load_state_dict(stored.tensors)
        adopt(self.network, self._state, moments, found)

    def _fitting(self, directory: Path) -> StoredWeights:
        """The weights in a folder. Raises CheckpointError where they are of another network or other observations."""
        stored = read_weights(directory / WEIGHTS)
        stored.refuse_other_spec(self.spec)
        difference = self.network.config.first_difference(stored.config)
        if difference is not None:
            raise CheckpointError(
                "the checkpoint is of another network",
                where=str(stored.path),
                details=(f"{difference} (here: this learner; there: the checkpoint)",),
            )
        return stored

    def _prepare(self, rollout: RolloutBatch, settings: PPOSettings) -> tuple[Experience, Pieces | None]:
        """The decisions as flat tensors, and with a memory the pieces of lives that they stand in."""
        if self.network.memory is None:
            return flatten_rollout(rollout, self.spec, settings, self.device), None
        return cut_rollout(self.network, rollout, self.spec, settings, self.device, self.options.memory_ticks)

    def _threads(self, rows: int) -> AbstractContextManager[None]:
        weights = sum(parameter.numel() for parameter in self.network.parameters())
        return cpu_threads(learning_threads(self.options.threads, rows, weights))

    def _train(
        self,
        experience: Experience,
        examples: Examples | None,
        settings: PPOSettings,
        *,
        bfloat16: bool,
        clip_values: bool,
    ) -> MeanLosses:
        generator, optimizer = self._generator(settings), self._state.optimizer
        if not settings.train_policy:
            return train_critic(
                self.network,
                optimizer,
                experience,
                settings,
                generator,
                bfloat16=bfloat16,
                clip_values=clip_values,
                step=self._optimise,
            )
        reference = self._state.reference
        if settings.kl_coefficient and reference is not None:
            experience = experience._replace(
                reference=reference_log_probs(reference, experience, self.device, bfloat16)
            )

        def losses(index: Tensor, shown: Tensor | None) -> Losses:
            batch = experience.take(index)
            examples_shown = None if examples is None or shown is None else examples.take(shown)
            with autocast(self.device, bfloat16):
                return minibatch_losses(self._forward, batch, examples_shown, settings, clip_values=clip_values)

        sizes = (len(experience.actions), 0 if examples is None else len(examples.actions))
        return self._optimise(self.network, optimizer, losses, sizes, settings, generator)

    def _generator(self, settings: PPOSettings) -> torch.Generator:
        """Of the order of the minibatches of the next update."""
        return torch.Generator().manual_seed((settings.seed * 1_000_003 + self._state.updates) % 2**63)

    def _train_pieces(
        self, experience: Experience, pieces: Pieces, settings: PPOSettings, bfloat16: bool, clip_values: bool
    ) -> MeanLosses:
        """The same with a memory: minibatches of pieces of lives. Demonstrations of single ticks are refused."""
        reference = self._state.reference
        if settings.train_policy and settings.kl_coefficient and reference is not None:
            experience = experience._replace(reference=reference_of_pieces(reference, experience, pieces, bfloat16))

        def losses(index: Tensor, _: Tensor | None) -> Losses:
            with autocast(self.device, bfloat16):
                logits, values, places = piece_logits(self.network, pieces.take(index))
                terms = decision_losses(logits, values, experience.take(places), settings, clip_values=clip_values)
            if settings.train_policy:
                return terms
            return terms._replace(total=settings.value_coefficient * terms.value)

        frozen = [] if settings.train_policy else self.network.policy_parameters()
        try:
            for parameter in frozen:
                parameter.requires_grad_(False)
            sizes = (pieces.starts.shape[1], 0)
            return optimise(self.network, self._state.optimizer, losses, sizes, settings, self._generator(settings))
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)
