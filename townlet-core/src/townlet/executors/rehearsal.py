"""Opening the minds of a job once, here, before anybody elsewhere is asked: a slip is told at once, with its place."""

from __future__ import annotations

from dataclasses import replace

from townlet.envs.names import slot_names
from townlet.observations import town_facts
from townlet.play import Admission, Job, Provenance, Troupe
from townlet.play.stage import town_spec

__all__ = ["rehearsed"]


def rehearsed(job: Job, admission: Admission | None = None) -> Provenance:
    """Who would play it here. A mind that cannot run here is an error, whatever ``admission`` says.

    Raises:
        BackendError, CheckpointError, ConfigError, UsageError: as opening the minds.
    """
    door = replace(admission or Admission(), on_missing="error")
    config = job.config
    spec = town_spec(config)
    troupe = Troupe.open(job.cast, spec, admission=door, seed=config.seed, town=config.town)
    try:
        return troupe.runtime(spec, slot_names(town_facts(config.town).agents)).provenance()
    finally:
        troupe.close()
