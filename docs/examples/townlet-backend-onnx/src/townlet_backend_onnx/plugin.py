"""The hooks by which Townlet creates this backend. ONNX Runtime is imported inside them, never before."""

from pydantic import BaseModel
from townlet.api import PolicyBackendProtocol, PolicyRequest
from townlet.errors import BackendError
from townlet.plugins import hookimpl

from townlet_backend_onnx.options import OnnxOptions


@hookimpl
def townlet_backend_options() -> type[BaseModel]:
    """The model of ``policy.options`` in a config."""
    return OnnxOptions


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """The policy in the model file that ``request.checkpoint`` or the option ``model`` names."""
    from townlet_backend_onnx.model import load_model
    from townlet_backend_onnx.policy import OnnxPolicy

    options = request.options or OnnxOptions()
    path = request.checkpoint or options.model
    if path is None:
        raise BackendError(
            "policy backend 'onnx' was given no model",
            details=("name one as:  --backend onnx:model.onnx", "or set policy.options.model"),
        )
    return OnnxPolicy(load_model(path, request.spec, options.threads))
