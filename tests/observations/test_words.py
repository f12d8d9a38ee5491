"""What live towns are told as: short enough for a slow mind, with every action that is possible."""

from __future__ import annotations

import re

import numpy as np
import pytest

from townlet.api import Words
from townlet.config.root import TownletConfig
from townlet.envs import TownEngine

TOKEN = re.compile(r"\w+|[^\w\s]")  # a little finer than what language models cut such text into


@pytest.mark.parametrize("actions", ["primitive", "goals"])
def test_the_short_form_with_its_choices_has_at_most_400_tokens(actions: str) -> None:
    config = TownletConfig.model_validate({"town": {"map": "hamlet", "actions": actions}})
    engine, random = TownEngine(config, [5, 6]), np.random.default_rng(5)
    words, observed, told = Words(engine.spec), engine.observe(), set()
    for tick in range(400):
        weights = random.random(observed.action_mask.shape) * observed.action_mask
        observed = engine.step(weights.argmax(1)).observations
        if tick % 8 == 0:
            for row in np.flatnonzero(observed.active):
                choices = words.choices(observed, int(row))
                assert len(choices) == observed.action_mask[row].sum()
                text = "\n".join((words.short(observed, int(row)), *choices))
                assert len(TOKEN.findall(text)) <= 400, text
                assert "nan" not in text
                told.add(text)
    assert len(told) > 200  # and they differ
