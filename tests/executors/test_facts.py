"""What must be alike here and on a worker."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace

import pytest

from townlet.executors.facts import Facts, backends_of, facts_here, worker_differences
from townlet.play import Cast


def test_a_process_is_like_itself():
    assert worker_differences(facts_here(), pickle.loads(pickle.dumps(facts_here()))) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"townlet": "9.9"}, "Townlet is"),
        ({"sources": "0" * 64}, "the code of Townlet, which has the same version but differs"),
        ({"contract": 7}, "the contract of backends is"),
        ({"python": "3.99"}, "Python is"),
        ({"numpy": "1.2"}, "NumPy is"),
        ({"numba": "0.1"}, "numba is"),
        ({"machine": "aarch64"}, "the machine is"),
        ({"features": ()}, "the CPU there lacks"),
        ({"arithmetic": "0" * 64}, "NumPy's arithmetic differs"),
        ({"compiled": False}, "whether the rules of the town are compiled"),
    ],
)
def test_each_difference_is_told_in_words(change, words):
    (found,) = worker_differences(
        replace(facts_here(), compiled=True), replace(facts_here(), **{"compiled": True, **change})
    )
    assert found.startswith(words)


def test_every_fact_is_compared_or_known_not_to_matter():
    mine = facts_here()
    silent = {
        each.name
        for each in fields(Facts)
        if not worker_differences(mine, replace(mine, **{each.name: {"a": "b"} if each.name == "backends" else ("x",)}))
    }
    assert silent == {"accelerator", "backends", "node", "pid"}  # the first two only where something needs them


def test_only_backends_that_are_needed_are_compared():
    mine, bare = facts_here(), replace(facts_here(), backends={})
    needed = backends_of([Cast.of("scripted")])
    assert len(needed) == 1
    assert worker_differences(mine, bare) == ()
    (found,) = worker_differences(mine, bare, needed)
    assert found.endswith("not installed there")


def test_a_gpu_matters_to_backends_that_compute_elsewhere():
    name = "somebody:network"
    mine = replace(facts_here(), backends={name: "1.0 (requires torch 2.0)"}, accelerator=True)
    theirs = replace(mine, accelerator=False)
    assert worker_differences(mine, theirs, frozenset([name])) == ("this process sees a GPU and the worker sees none",)
    assert worker_differences(mine, theirs) == ()
