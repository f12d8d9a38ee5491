"""Where and how to compute: device, threads, precision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from townlet.errors import BackendError
from townlet_backend_pytorch.options import Precision

__all__ = ["autocast", "cpu_threads", "device_errors", "learning_threads", "resolve_bfloat16", "resolve_device"]

_LOST: tuple[type[Exception], ...] = (torch.AcceleratorError,) if hasattr(torch, "AcceleratorError") else ()
"""What PyTorch raises where a device fails; older ones raise a plain RuntimeError."""

_WORTH_SHARING = 2**25
"""Rows times weights of a gradient step from which more threads than one pay (about 5 ms of one core)."""


def resolve_device(name: str) -> torch.device:
    """The device that ``name`` (``auto``, ``cpu``, ``cuda``, ``cuda:N``) means here.

    Raises:
        BackendError: if it is not there, naming those that are.
    """
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda:0" if cuda else "cpu")
    device = torch.device(name)
    if device.type == "cuda":
        index = device.index or 0
        if index >= cuda:
            there = ", ".join(["cpu", *(f"cuda:{i}" for i in range(cuda))])
            raise BackendError(
                f"policy backend 'pytorch' cannot use device {name!r}: no such device",
                where="policy.options.device",
                details=(f"devices here: {there}", f"PyTorch: {torch.__version__}", "or let it choose: device: auto"),
            )
        return torch.device("cuda", index)
    return device


@contextmanager
def device_errors(device: torch.device, doing: str, *, asked: int | None = None) -> Iterator[None]:
    """Say in words what went wrong with a device.

    Args:
        device: that is worked on.
        doing: what is done, such as ``"learned from a rollout"``.
        asked: bytes that it takes; without, what PyTorch says that it asked for.

    Raises:
        BackendError: if the device ran out of memory, or is lost.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        wanted = _asked(error) if asked is None else (f"asked for {asked / 2**20:,.1f} MiB",)
        raise BackendError(
            f"policy backend 'pytorch' ran out of memory on {device} while it {doing}",
            where="policy.options.device",
            details=(
                *wanted,
                *_memory_of(device),
                "lower training.ppo.rollout.worlds or ticks, raise training.ppo.settings.minibatches, or keep "
                "experience in main memory:  --set training.options.resident=false",
            ),
        ) from error
    except _LOST as error:
        raise BackendError(
            f"policy backend 'pytorch' lost {device} while it {doing}",
            where="policy.options.device",
            details=(
                f"PyTorch says: {str(error).splitlines()[0]:.120}",
                "this process cannot use it again: once the device is back, go on from the last checkpoint "
                "with --resume",
            ),
        ) from error


def _asked(error: torch.OutOfMemoryError) -> tuple[str, ...]:
    """What PyTorch asked for when there was no room, as its message has it."""
    found = re.search(r"[Tt]ried to allocate ([\d.]+ \w+)", str(error))
    return () if found is None else (f"asked for {found[1]} more",)


def _memory_of(device: torch.device) -> tuple[str, ...]:
    if device.type != "cuda":
        return ()
    free, total = torch.cuda.mem_get_info(device)
    return (f"{free / 2**30:,.1f} of {total / 2**30:,.1f} GiB are free there",)


def cpu_threads(count: int) -> AbstractContextManager[None]:
    """Compute with ``count`` CPU threads (0: leave them as they are), and put back what was set before.

    PyTorch knows one number for the whole process. A busy neighbour on the cores makes a small batch tens of times
    slower with several threads, which wait for each other, while one thread does not mind: hence one for deciding.
    """
    before = torch.get_num_threads()
    return _AS_THEY_ARE if count in (0, before) else _with_threads(count, before)


_AS_THEY_ARE = nullcontext()


@contextmanager
def _with_threads(count: int, before: int) -> Iterator[None]:
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def learning_threads(asked: int, rows: int, weights: int) -> int:
    """CPU threads for gradient steps of ``rows`` rows through ``weights`` weights, as :func:`cpu_threads` takes them.

    Where the user leaves it open (0), small steps get one thread. The rule looks at the sizes alone: another number
    of threads adds in another order, and a resumed training must repeat the first one bit by bit.
    """
    return asked or (1 if rows * weights < _WORTH_SHARING else 0)


def resolve_bfloat16(asked: Precision, fallback: Precision, device: torch.device) -> bool:
    """Whether to learn in mixed bfloat16; ``fallback`` speaks where ``asked`` is ``"auto"``.

    Where both are ``"auto"`` the processor's instruction set decides, not a measurement: a resumed training must
    not choose otherwise than the first half did.
    """
    choice = fallback if asked == "auto" else asked
    if choice != "auto":
        return choice == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return _cpu_multiplies_bfloat16()


def _cpu_multiplies_bfloat16() -> bool:
    if not hasattr(torch.cpu, "get_capabilities"):  # a PyTorch that cannot tell
        return False
    capabilities: Mapping[str, object] = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name, False)) for name in ("amx_bf16", "avx512_bf16"))


def autocast(device: torch.device, bfloat16: bool) -> torch.autocast:
    """The context in which the network multiplies in bfloat16, or in which nothing changes."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16)
