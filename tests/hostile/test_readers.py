"""Every model of a file of ours, field by field: read, or refused in words; never an error of Python's.

``TOWNLET_HOSTILE_CASES=2000`` asks for so many of each model.
"""

from __future__ import annotations

import json
import os
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.errors import TownletError

from .damage import RAW, SPELLED, VALUES, damaged, places
from .readers import Reader, readers

CASES = int(os.environ.get("TOWNLET_HOSTILE_CASES", "60"))
SEED = int(os.environ.get("TOWNLET_HOSTILE_SEED", "14"))
LONGEST = 10.0
"""Seconds that reading one file may take, on a busy machine."""

NAMES = (
    "job", "mind", "provenance", "observation spec", "facts of a town", "config", "kept config", "map", "affordances",
    "suite", "anchors", "checkpoint manifest", "training state", "shard log", "thoughts", "gate", "trial", "metrics",
    "lock", "backend's manifest",
)  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    return readers(tmp_path_factory.mktemp("readers"))


def test_the_names_are_those_of_the_table(table: dict[str, Reader]) -> None:
    assert set(NAMES) == set(table)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_one_is_read(table: dict[str, Reader], name: str) -> None:
    table[name].read(json.dumps(table[name].document).encode())


@pytest.mark.parametrize("name", NAMES)
def test_bytes_that_are_no_document(table: dict[str, Reader], name: str) -> None:
    for what, data in RAW.items():
        read_in_words(table[name], data, what)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_nobody_would_write(table: dict[str, Reader], name: str) -> None:
    reader, rng = table[name], random.Random(SEED)
    where = places(reader.document, rng=rng)
    kinds = [*VALUES, *SPELLED]
    for number in range(max(CASES, len(kinds))):
        at, kind = rng.choice(where), kinds[number % len(kinds)]
        read_in_words(reader, damaged(reader.document, at, kind), f"{at} is {kind}")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=anything, number=st.integers(0, 10**9))
def test_any_value_in_any_field(table: dict[str, Reader], name: str, value: object, number: int) -> None:
    where = places(table[name].document)
    at = where[number % len(where)]
    document = json.loads(json.dumps(table[name].document))
    holder = document
    for part in at[:-1]:
        holder = holder[part]
    holder[at[-1]] = value
    read_in_words(table[name], json.dumps(document).encode(), f"{at} is {value!r:.80}")


def read_in_words(reader: Reader, data: bytes, what: str) -> None:
    begun = time.perf_counter()
    try:
        reader.read(data)
    except TownletError as error:
        said = str(error)
        assert "Error(" not in said or len(said) < 4000, what
    except BaseException as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error!s:.300}") from error
    assert time.perf_counter() - begun < LONGEST, what
