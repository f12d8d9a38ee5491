"""What Townlet uses of the inside of numba, which numba promises to nobody: in words, what a new release took away."""

from __future__ import annotations

import importlib
import inspect
from importlib import metadata

import numba
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

USED = {
    "numba.core.caching.FunctionCache": "machine code is kept on the disk in a class derived from it",
    "numba.core.caching.IndexDataCacheFile": "its index is stamped with the digest of all rules, not of one file",
    "numba.core.cgutils.create_struct_proxy": "a view hands out arrays that are built by it",
    "numba.core.cgutils.is_not_null": "a view reads booleans with it",
    "numba.core.cgutils.pointer_add": "a view finds its fields with it",
    "numba.core.cgutils.unpack_tuple": "an index of several axes is taken apart by it",
    "numba.core.datamodel.models.OpaqueModel": "a view is a bare address in compiled code",
    "numba.core.typing.templates.AbstractTemplate": "what x[i, j] of a view means is typed by a class derived from it",
    "numba.core.typing.templates.AttributeTemplate": "what state.field means is typed by a class derived from it",
    "numba.core.typing.templates.infer_getattr": "the typing of fields is registered by it",
    "numba.core.typing.templates.infer_global": "the typing of x[i, j] and len(x) is registered by it",
    "numba.core.typing.templates.signature": "each of these typings is written with it",
    "numba.extending.lower_builtin": "the code of x[i, j] is registered by it",
    "numba.extending.lower_getattr_generic": "the code of state.field is registered by it",
    "numba.np.numpy_support.from_dtype": "the element of an array is found by it",
}


@pytest.mark.parametrize("name", USED)
def test_a_part_that_is_used_is_still_there(name: str) -> None:
    module, _, part = name.rpartition(".")
    assert hasattr(importlib.import_module(module), part), (
        f"numba {numba.__version__} has no {name} any more: {USED[name]}. "
        "Mend townlet/world/compiled.py or views.py, or lower the upper bound of numba."
    )


def test_the_index_of_the_cache_is_made_and_read_as_before() -> None:
    from numba.core.caching import IndexDataCacheFile

    made = list(inspect.signature(IndexDataCacheFile.__init__).parameters)[1:]
    assert made == ["cache_path", "filename_base", "source_stamp"], "the stamp is replaced: see world/compiled.py"
    assert hasattr(IndexDataCacheFile, "_load_index"), "asked whether anything valid lies on the disk"
    source = inspect.getsource(IndexDataCacheFile)
    assert "self._source_stamp = " in source, "overridden by a property: without it stale machine code would run"
    assert "source_stamp" in inspect.getsource(IndexDataCacheFile._load_index) + source


def test_a_function_cache_has_the_folder_and_the_name_that_ours_takes_over() -> None:
    from numba.core.caching import FunctionCache

    cache = FunctionCache(test_a_function_cache_has_the_folder_and_the_name_that_ours_takes_over)
    assert isinstance(cache._cache_path, str)
    assert isinstance(cache._impl.filename_base, str)
    assert hasattr(cache, "_cache_file"), "ours is put in its place"


def test_a_dispatcher_looks_for_its_cache_where_ours_is_put() -> None:
    dispatcher = numba.njit(lambda x: x + 1)
    if not hasattr(dispatcher, "py_func"):
        pytest.skip("nothing is compiled under NUMBA_DISABLE_JIT=1")
    assert hasattr(dispatcher, "_cache"), "functions are given a cache by setting it"
    assert hasattr(dispatcher, "stats"), "tells hits of the cache"


def test_numba_has_an_upper_bound_that_the_tested_release_fits() -> None:
    wanted = [Requirement(text) for text in metadata.requires("townlet-core") or []]
    (found,) = [requirement for requirement in wanted if requirement.name == "numba"]
    assert any(clause.operator in ("<", "<=") for clause in found.specifier), "a new numba must be tried first"
    assert found.specifier.contains(Version(numba.__version__), prereleases=True)
