"""What must hold where PyTorch is missing, and what importing the plugin may not do where it is there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from townlet_backend_pytorch.options import BCTrainingConfig, PyTorchOptions

_PREAMBLE = "import sys; sys.modules['torch'] = None\n"


def _child(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_plugin_and_options_import_without_torch():
    _child(_PREAMBLE + "import townlet_backend_pytorch.plugin, townlet_backend_pytorch.options")


def test_importing_the_plugin_imports_neither_torch_nor_numpy():
    found = _child(
        "import sys, townlet_backend_pytorch.plugin\n"
        "print([m for m in ('torch', 'numpy', 'pydantic', 'safetensors') if m in sys.modules])"
    )
    assert found == "[]"


def test_the_schema_of_the_options_needs_no_torch():
    found = _child(
        _PREAMBLE + "from townlet_backend_pytorch.plugin import townlet_backend_options as o; print(o().__name__)"
    )
    assert found == "PyTorchOptions"


class TestOptions:
    def test_default(self):
        options = PyTorchOptions()
        assert options.device == "auto"
        assert options.map_encoder in ("flat", "codes", "patch", "embedding", "conv")

    @pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:3"])
    def test_device(self, device):
        assert PyTorchOptions(device=device).device == device

    @pytest.mark.parametrize(
        "wrong",
        [
            {"device": "tpu"},
            {"device": "cuda:"},
            {"hidden": []},
            {"hidden": [0]},
            {"map_encoder": "transformer"},
            {"threads": -1},
            {"decision_threads": 0},
            {"precision": "float64"},
            {"unknown": 1},
        ],
    )
    def test_wrong(self, wrong):
        with pytest.raises(ValidationError):
            PyTorchOptions.model_validate(wrong)

    def test_every_field_is_described(self):
        assert all(field.description for field in PyTorchOptions.model_fields.values())

    def test_training_config_has_defaults(self):
        assert BCTrainingConfig().options == PyTorchOptions()
