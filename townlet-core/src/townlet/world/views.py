"""How compiled rules see a NamedTuple of arrays: through one pointer.

Numba passes a NamedTuple to a compiled function by value, array by array: with the 150 arrays of a town, a call
costs 20 microseconds and a tick of twenty rules compiles for minutes. Here a NamedTuple class has a *view* type
whose value is the address of a small table of addresses and shapes, so that a call costs what a pointer costs,
and ``agents.hunger[w, a]`` compiles to one load. Rules are the same plain Python either way: interpreted, they get
the NamedTuple itself.

    bound = bind(state)                 # Python: builds the table once; keeps the arrays alive
    entry(bound.ref, ...)               # calls a compiled entry point
    as_state = viewer(WorldState)       # module level
    @compiled
    def entry(ref, ...): state = as_state(ref); ...

Arrays seen through a view have ``x[i, j]`` with as many indices as axes (never negative), assignment to that,
``x.shape`` and ``len(x)``; no slices. Their shapes must not change while they are bound, and they must be C-contiguous.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NoReturn, get_args, get_origin, get_type_hints

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.datamodel.models import OpaqueModel
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_getattr_generic, models, register_model
from numba.np.numpy_support import from_dtype
from numpy.typing import NDArray

from townlet.world.annotations import array_dtype
from townlet.world.compiled import jit_enabled

__all__ = ["Bound", "bind", "viewer"]

_WORD = 8  # bytes of an entry of the table


@dataclass(frozen=True, slots=True)
class Bound:
    """A NamedTuple made visible to compiled code.

    Attributes:
        value: the NamedTuple; its arrays live as long as this does.
        table: the addresses and shapes.
        ref: what an entry point takes: the table's address, or the value itself where nothing is compiled.
    """

    value: Any
    table: NDArray[np.int64]
    ref: Any

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: the addresses mean nothing elsewhere."""
        raise TypeError("a Bound holds addresses of this process and cannot be pickled; save the engine instead")


def bind(value: Any) -> Bound:
    """Make a NamedTuple of arrays, numbers and such NamedTuples visible to compiled entry points.

    Raises:
        ValueError: for an array that is not C-contiguous or not of the annotated dtype and number of axes.
    """
    words: list[int] = []
    _fill(value, words)
    table = np.array(words, np.int64)
    return Bound(value, table, int(table.ctypes.data) if jit_enabled() else value)


def viewer(cls: type) -> Callable[[Any], Any]:
    """The function that, in compiled code, turns the ``ref`` of a bound ``cls`` into its view."""
    if not jit_enabled():
        return lambda ref: ref
    return _intrinsic_of(cls)


def _fill(value: Any, words: list[int]) -> None:
    cls: type = type(value)
    for name, kind in _layout(cls):
        item = getattr(value, name)
        if isinstance(kind, _ArraySpec):
            if item.dtype != kind.dtype or item.ndim != kind.ndim or not item.flags.c_contiguous:
                raise ValueError(f"{type(value).__name__}.{name} must be C-contiguous, {kind}; found {item.dtype}")
            words.append(item.ctypes.data)
            words.extend(item.shape)
        elif kind is float:
            words.append(int(np.array(item, np.float64).view(np.int64)))
        elif kind in (int, bool):
            words.append(int(item))
        else:
            _fill(item, words)


@dataclass(frozen=True, slots=True)
class _ArraySpec:
    dtype: np.dtype[Any]
    ndim: int


@cache
def _layout(cls: type) -> tuple[tuple[str, Any], ...]:
    """Field names of a NamedTuple class with an array spec, ``int``, ``float``, ``bool`` or a NamedTuple class."""
    fields: list[tuple[str, Any]] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is Annotated:
            array_type, axes = get_args(hint)[:2]
            fields.append((name, _ArraySpec(array_dtype(array_type), len(axes.split()))))
        else:
            fields.append((name, hint))
    return tuple(fields)


@cache
def _words(cls: type) -> int:
    """Entries of the table that a class takes."""
    total = 0
    for _, kind in _layout(cls):
        if isinstance(kind, _ArraySpec):
            total += 1 + kind.ndim
        else:
            total += 1 if kind in (int, float, bool) else _words(kind)
    return total


class ViewType(types.Type):  # type: ignore[misc]
    """Numba's type of a view: the NamedTuple class says everything."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        fields = ";".join(f"{name}:{kind}" for name, kind in _layout(cls))
        super().__init__(f"view({cls.__module__}.{cls.__qualname__}:{fields})")

    def offset(self, attr: str) -> tuple[int, Any]:
        """First word and kind of a field."""
        at = 0
        for name, kind in _layout(self.cls):
            if name == attr:
                return at, kind
            if isinstance(kind, _ArraySpec):
                at += 1 + kind.ndim
            else:
                at += 1 if kind in (int, float, bool) else _words(kind)
        raise AttributeError(attr)


class PlainArray(types.Type):  # type: ignore[misc]
    """A C-contiguous array that somebody else owns: an address and a shape, never counted, never negative."""

    def __init__(self, dtype: types.Type, ndim: int) -> None:
        self.dtype = dtype
        self.ndim = ndim
        super().__init__(f"plain({dtype}, {ndim})")


register_model(ViewType)(OpaqueModel)


@register_model(PlainArray)
class _PlainModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: PlainArray) -> None:
        members = [("data", types.CPointer(kind.dtype)), ("shape", types.UniTuple(types.intp, kind.ndim))]
        super().__init__(manager, kind, members)


@infer_getattr
class _ViewAttributes(AttributeTemplate):  # type: ignore[misc]
    key = ViewType

    def generic_resolve(self, view: ViewType, attr: str) -> types.Type | None:
        for name, kind in _layout(view.cls):
            if name == attr:
                if isinstance(kind, _ArraySpec):
                    return PlainArray(from_dtype(kind.dtype), kind.ndim)
                return {int: types.int64, float: types.float64, bool: types.boolean}.get(kind) or ViewType(kind)
        return None


@infer_getattr
class _PlainAttributes(AttributeTemplate):  # type: ignore[misc]
    key = PlainArray

    def resolve_shape(self, array: PlainArray) -> types.Type:
        return types.UniTuple(types.intp, array.ndim)


def _load_word(builder: Any, base: Any, word: int, kind: Any) -> Any:
    """Load an entry; marked as never changing, so that it moves out of loops."""
    address = cgutils.pointer_add(builder, base, word * _WORD, kind.as_pointer())
    value = builder.load(address)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@lower_getattr_generic(ViewType)
def _view_getattr(context: Any, builder: Any, view: ViewType, value: Any, attr: str) -> Any:
    word, kind = view.offset(attr)
    if isinstance(kind, _ArraySpec):
        array_type = PlainArray(from_dtype(kind.dtype), kind.ndim)
        array = cgutils.create_struct_proxy(array_type)(context, builder)
        array.data = _load_word(builder, value, word, context.get_data_type(array_type.dtype).as_pointer())
        intp = context.get_value_type(types.intp)
        shape = [_load_word(builder, value, word + 1 + axis, intp) for axis in range(kind.ndim)]
        array.shape = context.make_tuple(builder, types.UniTuple(types.intp, kind.ndim), shape)
        return array._getvalue()
    if kind is float:
        return _load_word(builder, value, word, context.get_value_type(types.float64))
    if kind in (int, bool):
        number = _load_word(builder, value, word, context.get_value_type(types.int64))
        return cgutils.is_not_null(builder, number) if kind is bool else number
    return cgutils.pointer_add(builder, value, word * _WORD, value.type)


@lower_getattr_generic(PlainArray)
def _plain_getattr(context: Any, builder: Any, kind: PlainArray, value: Any, attr: str) -> Any:
    if attr != "shape":
        raise NotImplementedError(attr)
    return cgutils.create_struct_proxy(kind)(context, builder, value=value).shape


def _index_types(array: PlainArray, index: types.Type) -> tuple[types.Type, ...] | None:
    parts = tuple(index) if isinstance(index, types.BaseTuple) else (index,)
    if len(parts) == array.ndim and all(isinstance(part, types.Integer) for part in parts):
        return parts
    return None


def _as_read(dtype: types.Type) -> types.Type:
    """Small integers are read as int64: one compiled version of a rule, whatever the dtype of an index."""
    return types.int64 if isinstance(dtype, types.Integer) and dtype.bitwidth < 64 else dtype


@infer_global(len)
class _PlainLen(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        if len(args) == 1 and isinstance(args[0], PlainArray):
            return signature(types.intp, *args)
        return None


@lower_builtin(len, PlainArray)
def _lower_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    shape = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0]).shape
    return builder.extract_value(shape, 0)


def _element(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Address of an element: row-major, no check, no wrap-around."""
    kind, index_type = sig.args[:2]
    array = cgutils.create_struct_proxy(kind)(context, builder, value=args[0])
    if isinstance(index_type, types.BaseTuple):
        indices = cgutils.unpack_tuple(builder, args[1], len(index_type))
        parts = tuple(index_type)
    else:
        indices, parts = [args[1]], (index_type,)
    shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
    place = None
    for axis, (index, part) in enumerate(zip(indices, parts, strict=True)):
        number = context.cast(builder, index, part, types.intp)
        place = number if place is None else builder.add(builder.mul(place, shape[axis]), number)
    return builder.gep(array.data, [place])


@infer_global(operator.getitem)
class _PlainGetitem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        array, index = args
        if isinstance(array, PlainArray) and _index_types(array, index) is not None:
            return signature(_as_read(array.dtype), array, index)
        return None


@infer_global(operator.setitem)
class _PlainSetitem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        array, index, _ = args
        if isinstance(array, PlainArray) and _index_types(array, index) is not None:
            return signature(types.none, array, index, array.dtype)
        return None


@lower_builtin(operator.getitem, PlainArray, types.Any)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    dtype = sig.args[0].dtype
    value = context.unpack_value(builder, dtype, _element(context, builder, sig, args))
    return context.cast(builder, value, dtype, sig.return_type)


@lower_builtin(operator.setitem, PlainArray, types.Any, types.Any)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    context.pack_value(builder, sig.args[0].dtype, args[2], _element(context, builder, sig, args))
    return context.get_dummy_value()


def _intrinsic_of(cls: type) -> Callable[[Any], Any]:
    view = ViewType(cls)

    @intrinsic
    def as_view(typing_context: Any, ref: Any) -> Any:  # noqa: ARG001
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
            return builder.inttoptr(args[0], context.get_value_type(view))

        return view(types.intp), codegen

    return as_view  # type: ignore[no-any-return]
