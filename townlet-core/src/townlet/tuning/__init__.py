"""Better settings for a mind, searched for over towns: what varies, what must hold, and what was found."""

from townlet.tuning.constraints import Constraint, parse_constraints
from townlet.tuning.entering import run_study
from townlet.tuning.journal import StudyJournal, Trial
from townlet.tuning.plan import StudyPlan, plan_of
from townlet.tuning.results import JudgedSettings, SearchedSetting, StudyTowns, TownRange, TuningResult
from townlet.tuning.space import Dimension, Space, space_of
from townlet.tuning.study import StudyFolder, free_study_folder
from townlet.tuning.trials import JobMap, TrialJob, TrialOutcome, job_map, play_trial
from townlet.tuning.tune import TuningProgress, tune

__all__ = [
    "Constraint",
    "Dimension",
    "JobMap",
    "JudgedSettings",
    "SearchedSetting",
    "Space",
    "StudyFolder",
    "StudyJournal",
    "StudyPlan",
    "StudyTowns",
    "TownRange",
    "Trial",
    "TrialJob",
    "TrialOutcome",
    "TuningProgress",
    "TuningResult",
    "free_study_folder",
    "job_map",
    "parse_constraints",
    "plan_of",
    "play_trial",
    "run_study",
    "space_of",
    "tune",
]
