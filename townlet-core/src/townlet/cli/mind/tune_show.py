"""How ``tune`` shows what it found."""

from __future__ import annotations

from pathlib import Path

from townlet.cli.output import as_typed, counted, emit, emit_json, warn
from townlet.cli.tables import emit_table, verdict
from townlet.evaluation.names import HEADLINES, word
from townlet.tuning import TownRange, TuningResult
from townlet.tuning.fields import Value
from townlet.tuning.space import OPTIONS

__all__ = ["show_tuning"]


def show_tuning(result: TuningResult, folder: Path, *, as_json: bool) -> None:
    """The result as one JSON document, or as tables: what was found, what mattered, on which towns."""
    if as_json:
        emit_json({**result.model_dump(mode="json"), "folder": str(folder)})
    else:
        _tables(result, folder)
    if result.best.broken:
        warn(f"the best settings do not keep {', '.join(result.best.broken)} on the towns judged on")


def _tables(result: TuningResult, folder: Path) -> None:
    time_is_up = ", then time ran out" if result.status == "time_limit" else ""
    failed = f", {result.failed} of them failed" if result.failed else ""
    emit(f"{result.policy}: {counted(result.trials, 'trial')}{failed}{time_is_up}; trial {result.best.trial} is best")
    emit(f"  tuned on   {_towns(result.towns.tuned_on)}, finals on {_towns(result.towns.finals)}")
    emit(f"  judged on  {_towns(result.towns.judged_on)}, {counted(result.towns.days, 'day')} each")
    emit()
    unknown = {*result.start.evaluation.unknown, *result.best.evaluation.unknown}
    rows = []
    for name in HEADLINES:
        if name in result.differences and name not in unknown:
            found = result.differences[name]
            start, best = result.start.evaluation.kpis[name], result.best.evaluation.kpis[name]
            interval = f"{found.low:+.3g} to {found.high:+.3g}"
            rows.append(
                (
                    word(name),
                    f"{start.mean:.4g}",
                    f"{best.mean:.4g}",
                    f"{found.mean:+.3g}",
                    interval,
                    verdict(found.verdict),
                )
            )
    emit_table(("figure", "start", "best", "difference", "95 % interval", "verdict"), rows)
    emit()
    emit_table(
        ("setting", "start", "best", "mattered", "range"),
        [
            (
                setting.key.removeprefix(f"{OPTIONS}."),
                _value(setting.start),
                _value(setting.best),
                "-" if setting.importance is None else f"{setting.importance:.1%}",
                setting.range,
            )
            for setting in result.settings
        ],
    )
    emit()
    emit(f"run it with:  townlet run {as_typed(folder / 'best.yaml')}")


def _towns(towns: TownRange) -> str:
    return f"{counted(towns.towns, 'town')} from seed {towns.first_seed:,} on"


def _value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
