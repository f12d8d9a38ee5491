"""How ``evaluate`` and ``compare`` show what was found."""

from __future__ import annotations

from townlet.cli.output import counted, emit, emit_json
from townlet.cli.tables import emit_table, verdict
from townlet.evaluation import ComparisonResult, EvaluationResult
from townlet.evaluation.names import HEADLINES, is_judged, label, word
from townlet.evaluation.scenarios import Scorecard
from townlet.minds import Ledger
from townlet.visible import visible

__all__ = ["show_comparison", "show_evaluation", "show_scorecard"]


def show_evaluation(result: EvaluationResult, *, full: bool, as_json: bool) -> None:
    """A table of figures with their intervals, or the JSON document."""
    if as_json:
        emit_json(result.model_dump(mode="json"))
        return
    emit(f"{visible(result.policy)}: {_towns(result)} ({result.seconds:.1f} s)")
    emit()
    names = list(result.kpis) if full else [name for name in HEADLINES if name in result.kpis]
    rows = []
    for name in names:
        if name in result.unknown:
            rows.append((label(name), "-", "-", "-"))
            continue
        e = result.kpis[name]
        rows.append((label(name), f"{e.mean:.4g}", f"{e.low:.4g} to {e.high:.4g}", f"{e.iqm:.4g}"))
    emit_table(("figure", "mean", "95 % interval", "interquartile mean"), rows)
    if len(result.seeds) == 1:
        emit("\na single town gives no interval: ask for more with --seeds")
    for account in result.ledger:
        emit(f"\n{visible(str(account['mind']))} was asked: {Ledger.from_json(account).words()}")
    if not full:
        emit("\nto see everything that was measured:  --full or --json")


def show_comparison(result: ComparisonResult, *, full: bool, as_json: bool) -> None:
    """A table of figures by policy, the differences, and a verdict in words; or the JSON document."""
    if as_json:
        emit_json(result.model_dump(mode="json"))
        return
    first = result.evaluations[0]
    names = list(first.kpis) if full else [name for name in HEADLINES if name in first.kpis]
    emit(f"{_towns(first)}, the same seeds for all\n")
    rows = [
        (label(name), *("-" if name in e.unknown else f"{e.kpis[name].mean:.4g}" for e in result.evaluations))
        for name in names
    ]
    emit_table(("mean over towns", *(e.policy for e in result.evaluations)), rows)
    unknown = {name for e in result.evaluations for name in e.unknown}
    for pair in result.comparisons:
        emit(f"\n{visible(pair.b)} minus {visible(pair.a)}")
        lines = []
        for name in names:
            if is_judged(name) and name not in unknown:
                d = pair.differences[name]
                interval = f"{d.low:+.4g} to {d.high:+.4g}"
                share = f"{d.better_on:.0%}"
                lines.append((word(name), f"{d.mean:+.4g}", interval, share, verdict(d.verdict)))
        emit_table(("figure", "difference", "95 % interval", "better on", "verdict"), lines)
        emit(f"\n{visible(pair.verdict)}")


def show_scorecard(card: Scorecard, *, full: bool, as_json: bool) -> None:
    """Each scenario with its expectations, met or not; or the JSON document."""
    if as_json:
        emit_json(card.model_dump(mode="json"))
        return
    emit(f"{visible(card.policy)}: {card.passed} of {counted(len(card.scores), 'scenario')} as expected")
    for one in card.scores:
        outcome, style = verdict("as expected" if one.passed else "NOT as expected")
        emit(f"\n{outcome}: {one.title} ({one.scenario})", style)
        rows = []
        for expectation, met, found in zip(one.expectations, one.met, one.found, strict=True):
            rows.append(
                (
                    verdict("ok" if met else "MISSED"),
                    label(expectation.figure),
                    "-" if expectation.figure in one.evaluation.unknown else f"{found:.3g}",
                    expectation.words(),
                    expectation.why,
                )
            )
        emit_table(("", "figure", "found", "expected", "why"), rows)
        if full:
            emit()
            show_evaluation(one.evaluation, full=True, as_json=False)


def _towns(result: EvaluationResult) -> str:
    towns, agents = counted(len(result.seeds), "town"), counted(result.agents, "agent")
    return f"{towns} of {agents}, {counted(result.days, 'day')} each"


def _mean(result: EvaluationResult, name: str) -> str:
    return "-" if name in result.unknown else f"{result.kpis[name].mean:.4g}"
