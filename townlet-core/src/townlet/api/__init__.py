"""The contract between the town and a policy backend: small, array-first, versioned.

Axes, everywhere in Townlet: ``W`` worlds, ``A`` agent slots per world, ``N = W * A`` rows (row ``w * A + a``),
``F`` features, ``K`` actions, ``C, H, W`` map channels, height and width, ``T`` ticks. A row is a slot: when
its agent leaves, ``active`` is false until a newcomer takes it, with ``episode_start`` true on the first tick.
"""

from townlet.api.batch import ActionArray, BoolArray, FloatArray, MapArray, ObservationBatch
from townlet.api.decision import ArrayState, Decision, PolicyState, stack_states
from townlet.api.demonstrations import (
    DemonstrationBatch,
    DemonstrationSequences,
    DemonstrationSource,
    SequenceSource,
    Split,
)
from townlet.api.facts import TownFacts
from townlet.api.learning import BCMetrics, BCSettings, PPOMetrics, PPOSettings
from townlet.api.meaning import FLAG, Action, Affordance, Code, Feature, MapChannel, Transform
from townlet.api.protocols import (
    Clocked,
    ComputesOn,
    LearnerProtocol,
    PartlyHonours,
    PolicyBackendProtocol,
    ReferenceLearner,
    RemembersRollouts,
    SendsWeights,
    Values,
    WarmsUp,
)
from townlet.api.report import Report, RunSummary, TrainingReport
from townlet.api.requests import ExportRequest, LearnerRequest, PolicyRequest
from townlet.api.rollout import DurationArray, RolloutArrays, RolloutBatch, RolloutMemory
from townlet.api.sampling import greedy_actions, row_keys, row_uniforms, sample_actions
from townlet.api.slow import Answer, Condition, Plan, PlanStep, Question, SlowMind, Thought, Ticket, Usage
from townlet.api.spec import ActionSpace, ObservationSpec
from townlet.api.version import API_VERSION
from townlet.api.words import Words

__all__ = [
    "API_VERSION",
    "FLAG",
    "Action",
    "ActionArray",
    "ActionSpace",
    "Affordance",
    "Answer",
    "ArrayState",
    "BCMetrics",
    "BCSettings",
    "BoolArray",
    "Clocked",
    "Code",
    "ComputesOn",
    "Condition",
    "Decision",
    "DemonstrationBatch",
    "DemonstrationSequences",
    "DemonstrationSource",
    "DurationArray",
    "ExportRequest",
    "Feature",
    "FloatArray",
    "LearnerProtocol",
    "LearnerRequest",
    "MapArray",
    "MapChannel",
    "ObservationBatch",
    "ObservationSpec",
    "PPOMetrics",
    "PPOSettings",
    "PartlyHonours",
    "Plan",
    "PlanStep",
    "PolicyBackendProtocol",
    "PolicyRequest",
    "PolicyState",
    "Question",
    "ReferenceLearner",
    "RemembersRollouts",
    "Report",
    "RolloutArrays",
    "RolloutBatch",
    "RolloutMemory",
    "RunSummary",
    "SendsWeights",
    "SequenceSource",
    "SlowMind",
    "Split",
    "Thought",
    "Ticket",
    "TownFacts",
    "TrainingReport",
    "Transform",
    "Usage",
    "Values",
    "WarmsUp",
    "Words",
    "greedy_actions",
    "row_keys",
    "row_uniforms",
    "sample_actions",
    "stack_states",
]
