"""Reads a model file: refuses whatever is not a policy for the town at hand."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
from townlet.api import ObservationSpec
from townlet.errors import CheckpointError, ContractError

from townlet_backend_onnx.external import external_tensors

SPEC_KEY = "townlet.observation_spec"
INPUTS = {"map": "tensor(uint8)", "features": "tensor(float)", "action_mask": "tensor(bool)"}


@dataclass(frozen=True)
class Model:
    """A session ready to run, the inputs it takes, and the digest of its file (SHA-256, hex)."""

    session: onnxruntime.InferenceSession
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    digest: str


def load_model(path: Path, spec: ObservationSpec, threads: int) -> Model:
    """Read ``path``.

    Raises:
        CheckpointError: if it cannot be read, keeps weights in other files, is not an exported policy, or was made for
            another spec.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"the model cannot be read: {error.strerror or error}", where=str(path)) from error
    _check_whole(data, path)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 4  # what it would print, the error below says
    try:
        session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own for each way in which a file can be wrong
        first = str(error).strip().splitlines()[0][:200]
        raise CheckpointError(
            "ONNX Runtime cannot run this file",
            where=str(path),
            details=(first, "is it whole? does it use operators of another library? export it again"),
        ) from error
    _check_spec(session, spec, path)
    return Model(session, _inputs(session, path), _outputs(session, path), hashlib.sha256(data).hexdigest())


def _check_whole(data: bytes, path: Path) -> None:
    """Refuse what the digest of the file would not cover, and formats that cannot be looked through."""
    try:
        elsewhere = external_tensors(data)
    except ValueError as error:
        raise CheckpointError(
            "ONNX Runtime cannot run this file",
            where=str(path),
            details=(f"not ONNX: {error}", "is it whole? models in ONNX Runtime's own format (.ort) are not read"),
        ) from error
    if elsewhere:
        raise CheckpointError(
            f"the model keeps weights in other files: {', '.join(map(repr, elsewhere[:3]))}"
            + (f" and {len(elsewhere) - 3} more" if len(elsewhere) > 3 else ""),
            where=str(path),
            details=(
                "a policy is one file, which its digest covers",
                "export it again without external data, as  townlet export CHECKPOINT --format onnx  does",
            ),
        )


def _check_spec(session: onnxruntime.InferenceSession, spec: ObservationSpec, path: Path) -> None:
    text = session.get_modelmeta().custom_metadata_map.get(SPEC_KEY)
    if text is None:
        raise CheckpointError(
            "the file is ONNX, but no policy exported by Townlet: it carries no observation spec",
            where=str(path),
            details=("write one with:  townlet export CHECKPOINT --format onnx",),
        )
    try:
        theirs = ObservationSpec.from_json(json.loads(text))
    except (ValueError, RecursionError, OverflowError, ContractError) as error:
        raise CheckpointError(f"the model's observation spec cannot be read: {error}", where=str(path)) from error
    difference = theirs.first_difference(spec)
    if difference is not None:
        raise CheckpointError(
            "the model was exported for other observations",
            where=str(path),
            details=(f"{difference} (here: the model; there: this town)",),
        )


def _inputs(session: onnxruntime.InferenceSession, path: Path) -> tuple[str, ...]:
    found = {i.name: i.type for i in session.get_inputs()}
    wrong = {name: kind for name, kind in found.items() if INPUTS.get(name) != kind}
    if wrong or "features" not in found:
        raise CheckpointError(f"the model takes {found}, wanted some of {INPUTS}", where=str(path))
    return tuple(found)


def _outputs(session: onnxruntime.InferenceSession, path: Path) -> tuple[str, ...]:
    found = tuple(o.name for o in session.get_outputs())
    if "logits" not in found:
        raise CheckpointError(f"the model gives {', '.join(found)}, wanted logits", where=str(path))
    return tuple(name for name in ("logits", "values") if name in found)
