"""The hooks by which Townlet creates this backend. Import nothing heavy at the top of this file."""

from pydantic import BaseModel
from townlet.api import LearnerProtocol, LearnerRequest, PolicyBackendProtocol, PolicyRequest
from townlet.plugins import hookimpl

from townlet_backend_numpy_learner.options import Options


@hookimpl
def townlet_backend_options() -> type[BaseModel]:
    """The model of ``policy.options`` in a config."""
    return Options


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """A policy for the observations of ``request.spec``."""
    from townlet_backend_numpy_learner.learner import read_weights
    from townlet_backend_numpy_learner.policy import NumpyPolicy, new_weights, trained_options

    options = request.options or Options()
    if request.checkpoint is not None:
        options = trained_options(request.checkpoint, options)
    weights = new_weights(request.spec, options, request.seed)
    if request.checkpoint is not None:
        weights = read_weights(request.checkpoint, weights)
    return NumpyPolicy(weights)


@hookimpl
def townlet_create_learner(request: LearnerRequest) -> LearnerProtocol:
    """A learner that starts from ``request.checkpoint``, or from small random weights."""
    from townlet_backend_numpy_learner.learner import NumpyLearner

    learner = NumpyLearner(request.spec, request.options or Options(), request.seed)
    if request.checkpoint is not None:
        learner.load(request.checkpoint)
    return learner
