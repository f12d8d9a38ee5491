"""How the gate of a candidate is shown: the table beside its teacher, and why it passed or not."""

from __future__ import annotations

from townlet.cli.output import counted, emit
from townlet.cli.tables import emit_table, verdict
from townlet.evaluation.gate import GATE_COLUMNS, GateResult, gate_cells
from townlet.visible import visible

__all__ = ["show_gate"]


def show_gate(result: GateResult) -> None:
    """Print the table and the reasons on stdout."""
    towns, days = counted(len(result.seeds), "town"), counted(result.days, "day")
    emit(f"beside {visible(result.teacher)} on {towns} that neither saw before, {days} each:")
    emit_table(GATE_COLUMNS, [(*cells, verdict(decided)) for *cells, decided in gate_cells(result)])
    emit(*verdict("passed:" if result.passed else "NOT passed:"))
    for reason in result.reasons:
        emit(f"  {visible(reason)}")
