"""One job, one function: which minds play which towns for how long, and the result."""

from townlet.play.cast import Cast, Role
from townlet.play.casting import Casting
from townlet.play.frames import Frames
from townlet.play.job import Job
from townlet.play.joining import join_datasets
from townlet.play.keep import Keep
from townlet.play.mind_spec import MindSpec
from townlet.play.opening import Admission, StubFallbackWarning, Troupe
from townlet.play.outcome import Outcome, Timing
from townlet.play.playing import Possession, perform, play
from townlet.play.recording import Journal, recording
from townlet.play.resuming import Snapshots, resumed
from townlet.play.stage import Stage
from townlet.play.stored import Parcel, Stored
from townlet.plugins.provenance import Provenance

__all__ = [
    "Admission",
    "Cast",
    "Casting",
    "Frames",
    "Job",
    "Journal",
    "Keep",
    "MindSpec",
    "Outcome",
    "Parcel",
    "Possession",
    "Provenance",
    "Role",
    "Snapshots",
    "Stage",
    "Stored",
    "StubFallbackWarning",
    "Timing",
    "Troupe",
    "join_datasets",
    "perform",
    "play",
    "recording",
    "resumed",
]
