"""The hooks by which Townlet creates this backend. JAX is imported when one of them is called."""

from pydantic import BaseModel
from townlet.api import LearnerProtocol, LearnerRequest, PolicyBackendProtocol, PolicyRequest
from townlet.plugins import hookimpl

from townlet_backend_jax.options import Options


@hookimpl
def townlet_backend_options() -> type[BaseModel]:
    """The model of ``policy.options`` in a config."""
    return Options


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """A policy for the observations of ``request.spec``."""
    from townlet_backend_jax.network import new_mind
    from townlet_backend_jax.policy import JaxPolicy
    from townlet_backend_jax.storing import read_mind, trained_options

    options = request.options or Options()
    if request.checkpoint is not None:
        options = trained_options(request.checkpoint, options)
    mind = new_mind(request.spec, options, request.seed)
    if request.checkpoint is not None:
        mind = read_mind(request.checkpoint, mind)
    return JaxPolicy(mind)


@hookimpl
def townlet_create_learner(request: LearnerRequest) -> LearnerProtocol:
    """A learner that starts from ``request.checkpoint``, or from small random weights."""
    from townlet_backend_jax.learner import JaxLearner

    learner = JaxLearner(request.spec, request.options or Options(), request.seed)
    if request.checkpoint is not None:
        learner.load(request.checkpoint)
    return learner
