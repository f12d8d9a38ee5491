"""Trains Stable-Baselines3's PPO in the town, and exports its policy to ONNX as any other mind.

    python benchmarks/arena/sb3.py --minutes 8 --out build/table/sb3.onnx

Its own defaults (network, step size, discount), with the map, the features and the mask in one flat observation, as in
``benchmarks/learning/race.py``. A ``.zip`` beside the ONNX file is continued when the command is given again.
Needs ``pip install stable-baselines3 "townlet-backend-pytorch[onnx]"``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from townlet.config import load_config
from townlet.observations import build_spec

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "learning"))
from race import vector


class Exported(nn.Module):
    """The policy with the flattening of its input inside."""

    def __init__(self, policy: nn.Module) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, codes: Tensor, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Scores ``[N, K]`` and values ``[N]``, from a map ``[N, C, H, X]``, features and a mask."""
        seen = torch.cat([codes.flatten(1).float() / 255.0, features, mask.float()], dim=1)
        actor, critic = self.policy.mlp_extractor(seen)
        return self.policy.action_net(actor), self.policy.value_net(critic).squeeze(1)


def train(file: Path, minutes: float, worlds: int) -> tuple[nn.Module, int]:
    """The policy after some more minutes, kept in ``file``; and the samples that it learned from in all."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    until = time.monotonic() + 60 * minutes

    class Patience(BaseCallback):
        def _on_step(self) -> bool:
            return time.monotonic() < until

    town = vector(worlds)
    model = PPO.load(file, env=town, device="cpu") if file.exists() else PPO("MlpPolicy", town, seed=0, device="cpu")
    model.learn(10**9, callback=Patience(), reset_num_timesteps=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    model.save(file)
    return model.policy, model.num_timesteps


def export(policy: nn.Module, path: Path, samples: int) -> float:
    """Write the ONNX file; the largest difference between its scores and PyTorch's."""
    import onnx
    import onnxruntime

    spec = build_spec(load_config())
    generator = torch.Generator().manual_seed(0)
    inputs = {
        "map": torch.randint(0, 256, (64, *spec.map_shape), generator=generator).to(torch.uint8),
        "features": torch.rand((64, spec.feature_count), generator=generator),
        "action_mask": torch.rand((64, spec.action_count), generator=generator) < 0.5,
    }
    module = Exported(policy.cpu()).eval()
    rows = torch.export.Dim("rows", min=1, max=1 << 20)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / "draft.onnx"
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            draft,
            input_names=list(inputs),
            output_names=["logits", "values"],
            opset_version=18,
            dynamic_shapes=tuple({0: rows} for _ in inputs),
            dynamo=True,
            external_data=False,
        )
        model = onnx.load(draft)
        onnx.helper.set_model_props(
            model,
            {
                "townlet.observation_spec": json.dumps(spec.to_json(), sort_keys=True),
                "townlet.fingerprint": f"stable-baselines3 PPO, {samples} samples",
            },
        )
        onnx.save(model, draft)
        session = onnxruntime.InferenceSession(str(draft), providers=["CPUExecutionProvider"])
        (found,) = session.run(["logits"], {name: tensor.numpy() for name, tensor in inputs.items()})
        with torch.inference_mode():
            expected, _ = module(*inputs.values())
        draft.replace(path)
    return float((expected - torch.from_numpy(found)).abs().max())


def main() -> None:
    """Train, export, and say how far the two are apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8.0, help="wall time of training")
    parser.add_argument("--worlds", type=int, default=8, help="towns of eight agents each")
    parser.add_argument("--out", type=Path, default=Path("build/table/sb3.onnx"), help="the ONNX file")
    given = parser.parse_args()
    torch.set_num_threads(1)
    policy, samples = train(given.out.with_suffix(".zip"), given.minutes, given.worlds)
    off = export(policy, given.out, samples)
    print(f"{given.out}: {samples:,} samples; ONNX Runtime's scores are {off:.2g} off at most")


if __name__ == "__main__":
    main()
