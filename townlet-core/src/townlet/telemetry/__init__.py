"""What is measured of a town: counters filled by the step, key figures read out of them. Never read back."""

from townlet.telemetry.kpis import KPI_NAMES, TownKpis, kpis_of
from townlet.telemetry.measures import MEASURES

__all__ = ["KPI_NAMES", "MEASURES", "TownKpis", "kpis_of"]
