"""Is this mind better than that one, and how sure are we: evaluation over seeds, paired comparison."""

from townlet.evaluation.compare import compare, compare_pair, pair_verdict
from townlet.evaluation.evaluate import Evaluation, evaluate, evaluate_all, evaluation_job, evaluation_seeds, judged
from townlet.evaluation.results import ComparisonResult, EvaluationResult, PairwiseComparison
from townlet.evaluation.statistics import Difference, Estimate, difference, estimate, interquartile_mean

__all__ = [
    "ComparisonResult",
    "Difference",
    "Estimate",
    "Evaluation",
    "EvaluationResult",
    "PairwiseComparison",
    "compare",
    "compare_pair",
    "difference",
    "estimate",
    "evaluate",
    "evaluate_all",
    "evaluation_job",
    "evaluation_seeds",
    "interquartile_mean",
    "judged",
    "pair_verdict",
]
