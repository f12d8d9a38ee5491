"""Fills the templates and writes them, all or nothing."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from townlet import __version__
from townlet.errors import UsageError
from townlet.plugins.known import known_backends
from townlet.plugins.names import canonical

__all__ = ["check_name", "render", "write_backend"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_TYPED = re.compile(r"[A-Za-z0-9_-]+\Z")
_LONGEST = 40

_PLAIN_OPTIONS = """    eagerness: float = Field(3.0, gt=0, le=20, description="Weight of a hint, in logits.")"""
_LEARNER_OPTIONS = """    hidden: int = Field(64, ge=1, le=4096, description="Units of the hidden layer.")"""
_CREATE_PLAIN = """from {package}.policy import {class_name}Policy

    return {class_name}Policy(request.spec, request.options or Options())"""
_CREATE_LEARNED = """from {package}.learner import read_weights
    from {package}.policy import {class_name}Policy, new_weights, trained_options

    options = request.options or Options()
    if request.checkpoint is not None:
        options = trained_options(request.checkpoint, options)
    weights = new_weights(request.spec, options, request.seed)
    if request.checkpoint is not None:
        weights = read_weights(request.checkpoint, weights)
    return {class_name}Policy(weights)"""


def check_name(name: str) -> str:
    """The canonical form of a name for a new backend.

    Raises:
        UsageError: for a name that no backend can have, or that belongs to a known one.
    """
    plain = canonical(name)
    if not _TYPED.match(name) or not _NAME.match(plain) or len(plain) > _LONGEST or keyword.iskeyword(plain):
        raise UsageError(
            f"a backend cannot be named {name!r}",
            details=(
                "a name is made of lower-case letters, digits and single hyphens, begins with a letter, "
                f"has at most {_LONGEST} characters and is not a keyword of Python",
            ),
        )
    taken = {"stub", "release", "mixture", "townlet"}
    for known in known_backends().values():
        taken |= {known.name, *known.aliases}
    if plain in taken:
        raise UsageError(f"the name {plain!r} is taken", details=(f"taken names: {', '.join(sorted(taken))}",))
    return plain


def write_backend(name: str, folder: Path, *, learner: bool = False) -> Path:
    """Write the distribution ``townlet-backend-NAME`` into ``folder`` and return its path.

    Args:
        name: name of the backend.
        folder: existing folder in which the distribution's folder is made.
        learner: also write a learner (behaviour cloning and PPO in NumPy).

    Raises:
        UsageError: for a name that is not allowed, or a folder that exists already.
    """
    plain = check_name(name)
    target = folder / f"townlet-backend-{plain}"
    if target.exists():
        raise UsageError(
            f"{target} exists already", details=("nothing was written; choose another name or folder, or remove it",)
        )
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", details=("create it first, or leave --into out",))
    with tempfile.TemporaryDirectory(dir=folder, prefix=".townlet-new-") as temporary:
        whole = Path(temporary, target.name)
        for path, text in render(plain, learner=learner).items():
            file = whole / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        shutil.move(whole, target)
    return target


_HONOURS = """
[honours]                 # settings that the learner honours; core refuses what asks for another
bc = ["epochs", "batch_size", "learning_rate", "patience", "max_grad_norm", "seed"]
ppo = [
    "learning_rate", "gamma", "gae_lambda", "epochs", "minibatches", "clip_range", "value_coefficient",
    "entropy_coefficient", "max_grad_norm", "normalise_advantages", "train_policy", "seed",
]
"""


def render(name: str, *, learner: bool) -> dict[str, str]:
    """Every file of the distribution: its path within the folder, and its text."""
    package = f"townlet_backend_{name.replace('-', '_')}"
    class_name = "".join(part.capitalize() for part in name.removesuffix("-learner").split("-"))
    major, minor = __version__.split(".")[:2]
    values = {
        "name": name,
        "distribution": f"townlet-backend-{name}",
        "package": package,
        "class_name": class_name,
        "summary": _summary(learner),
        "core_low": f"{major}.{minor}",
        "core_high": str(int(major) + 1),
        "capabilities": ", ".join(f'"{c}"' for c in _capabilities(learner)),
        "honours": _HONOURS if learner else "",
        "untrained": " --untrained" if learner else "",  # it has learned nothing yet
        "options": _LEARNER_OPTIONS if learner else _PLAIN_OPTIONS,
        "plugin_api": "LearnerProtocol, LearnerRequest, PolicyBackendProtocol, PolicyRequest"
        if learner
        else "PolicyBackendProtocol, PolicyRequest",
        "create_policy": (_CREATE_LEARNED if learner else _CREATE_PLAIN).format(class_name=class_name, package=package),
    }
    source = f"src/{package}"
    plugin = _fill("plugin.py", values) + (_fill("plugin_learner.py", values) if learner else "")
    rendered = {
        "pyproject.toml": _fill("pyproject.toml", values),
        "README.md": _fill("README.md", values),
        ".github/workflows/ci.yml": _fill("ci.yml", values),
        "tests/test_conformance.py": _fill("test_conformance.py", values),
        f"{source}/__init__.py": _fill("init.py", values),
        f"{source}/py.typed": "",
        f"{source}/townlet_backend.toml": _fill("townlet_backend.toml", values),
        f"{source}/plugin.py": plugin,
        f"{source}/options.py": _fill("options.py", values),
        f"{source}/policy.py": _fill("policy_learner.py" if learner else "policy.py", values),
    }
    if learner:
        rendered[f"{source}/learner.py"] = _fill("learner.py", values)
        rendered[f"{source}/memory.py"] = _fill("memory.py", values)
        dependencies = '"pydantic>=2.7,<3"]'
        project = rendered["pyproject.toml"]
        rendered["pyproject.toml"] = project.replace(dependencies, '"pydantic>=2.7,<3", "safetensors>=0.4.3"]', 1)
    return rendered


def _summary(learner: bool) -> str:
    if learner:
        return "A mind for Townlet that learns by cloning and PPO, in plain NumPy"
    return "A mind for Townlet that goes where its most pressing need is served"


def _capabilities(learner: bool) -> tuple[str, ...]:
    return ("act", "learn.bc", "learn.ppo", "checkpoint") if learner else ("act",)


def _fill(template: str, values: Mapping[str, str]) -> str:
    text = files("townlet.testing.scaffold").joinpath("templates", f"{template}.template").read_text(encoding="utf-8")
    return Template(text).substitute(values)
