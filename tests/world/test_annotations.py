"""What the annotations of the state's arrays say, in each shape that NumPy has given its alias."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from townlet.world.annotations import array_dtype

Scalar = TypeVar("Scalar", bound=np.generic)
AsNumpy24 = np.ndarray[tuple[Any, ...], np.dtype[Scalar]]
AsNumpy25 = TypeAliasType("AsNumpy25", np.ndarray[tuple[Any, ...], np.dtype[Scalar]], type_params=(Scalar,))


@pytest.mark.parametrize("alias", [AsNumpy24, AsNumpy25, NDArray])
@pytest.mark.parametrize("scalar", [np.int16, np.uint8, np.float32, np.bool_, np.uint64])
def test_the_dtype_is_found_wherever_numpy_keeps_it(alias, scalar):
    assert array_dtype(alias[scalar]) == np.dtype(scalar)


def test_an_annotation_without_a_scalar_type_is_refused():
    with pytest.raises(TypeError, match="NDArray\\[scalar type\\]"):
        array_dtype(list[int])
