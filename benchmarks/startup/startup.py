"""Start-up budgets, as multiples of a bare ``python -c pass`` measured in the same run.

    python benchmarks/startup/startup.py            # a table
    python benchmarks/startup/startup.py --check    # exit code 1 if a budget is exceeded
    python benchmarks/startup/startup.py --json

The listing is measured with a hundred extra distributions on the path, of which twenty are backends and five of
those broken (a manifest that is not TOML, one for another contract, one without its file, two that claim one name).
Commands take turns, so that a noisy neighbour slows all of them; the median of the paired ratios counts.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

BUDGETS = {
    "townlet --version": 4.0,
    "townlet --help": 4.0,
    "townlet backends list": 8.0,
    "resolve scripted, the loader's own part": 1.0,
    "one decide, over a direct call": 1.05,
}

_ENTRY = "import sys; from townlet.cli.entry import main; sys.exit(main(sys.argv[1:]))"
_UNWANTED = ("numpy", "numba", "pydantic", "torch", "bench_backend_0", "townlet_backend_scripted")

# What a run imports anyway (the contract, pydantic, the backend's own module) is not the loader's part. The metadata
# that is there to be read is that of an environment with core and the scripted backend, whatever is installed here.
_RESOLVE = """
import os, sys, time
shadow = os.environ["TOWNLET_BENCHMARK_SITE"]
sys.path[:] = [entry for entry in sys.path if not entry.rstrip("/").endswith("site-packages")] + [shadow]
import townlet.api, pydantic, pluggy, click, townlet_backend_scripted.plugin, townlet_backend_scripted.options
from townlet.config import load_config
from townlet.observations import build_spec
spec = build_spec(load_config())
from townlet.api import PolicyRequest
from townlet_backend_scripted import plugin
begin = time.perf_counter()
plugin.townlet_create_policy(PolicyRequest(backend="scripted", spec=spec, options=plugin.townlet_backend_options()()))
bare = time.perf_counter() - begin
begin = time.perf_counter()
from townlet.plugins import resolve_policy
resolve_policy("scripted", spec=spec)
print(time.perf_counter() - begin - bare)
"""

_DECIDE = """
import time, statistics
from townlet.api import ObservationBatch, PolicyRequest
from townlet.config import load_config
from townlet.observations import build_spec
from townlet.plugins import resolve_policy
from townlet_backend_scripted import plugin
spec = build_spec(load_config())
options = plugin.townlet_backend_options()()
direct = plugin.townlet_create_policy(PolicyRequest(backend="scripted", spec=spec, options=options))
loaded = resolve_policy("scripted", spec=spec).policy
batch = ObservationBatch.empty(spec, 8)
state = direct.initial_state(8, 0)
def once(policy):
    begin = time.perf_counter()
    for _ in range(50):
        policy.decide(batch, state)
    return time.perf_counter() - begin
once(direct), once(loaded)
print(statistics.median(once(loaded) / once(direct) for _ in range(21)))
"""


def make_site(folder: Path) -> None:
    """A hundred distributions: eighty that have nothing to do with Townlet, fifteen good backends, five broken."""
    for index in range(80):
        _distribution(folder, f"bench-other-{index}", "[console_scripts]\nbench = bench:main\n")
    for index in range(15):
        _backend(folder, f"bench-backend-{index}", f"bench{index}", api=">=1,<2")
    _backend(folder, "bench-broken-toml", "broken-toml", manifest="schema = = 1")
    _backend(folder, "bench-broken-contract", "broken-contract", api=">=7")
    _backend(folder, "bench-broken-file", "broken-file", manifest=None)
    _backend(folder, "bench-broken-one", "bench-claimed", api=">=1,<2")
    _backend(folder, "bench-broken-two", "bench-claimed", api=">=1,<2")


def plain_site(folder: Path) -> None:
    """Everything that can be imported here, with the metadata of core, the scripted backend, and what they require."""
    wanted, seen = ["townlet-core", "townlet-backend-scripted"], set[str]()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            lines = metadata.requires(name) or []
            wanted += [re.match(r"[\w.-]+", line)[0] for line in lines if ";" not in line]  # type: ignore[index]
    infos = {Path(str(metadata.distribution(name)._path)).name for name in seen}  # type: ignore[attr-defined]
    folder.mkdir()
    for site in {Path(str(metadata.distribution(name).locate_file(""))) for name in seen}:
        for entry in site.iterdir():
            if not entry.name.endswith((".dist-info", ".pth")) or entry.name in infos:
                (folder / entry.name).symlink_to(entry)


def _distribution(folder: Path, name: str, entry_points: str) -> None:
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n" + "Text.\n" * 100)
    (info / "entry_points.txt").write_text(entry_points)


def _backend(folder: Path, name: str, backend: str, *, api: str = ">=1,<2", manifest: str | None = "") -> None:
    package = name.replace("-", "_")
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("raise SystemExit('imported by a listing')\n")
    if manifest is not None:
        text = manifest or (
            f'schema = 1\nname = "{backend}"\nsummary = "One of the benchmark"\napi = "{api}"\n'
            '[requires]\ndistributions = ["numpy>=1.26", "pydantic>=2.7,<3"]\n'
        )
        (folder / package / "townlet_backend.toml").write_text(text)
    _distribution(
        folder,
        name,
        f"[townlet.backends]\n{backend} = {package}.plugin\n\n"
        f"[townlet.backend_manifests]\n{backend} = {package}:townlet_backend.toml\n",
    )


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Wall time of one run of a command that must succeed."""
    begin = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - begin


def measure(rounds: int) -> dict[str, float]:
    """Name to ratio."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        make_site(Path(folder, "crowded"))
        plain_site(Path(folder, "plain"))
        plain = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "TOWNLET_BENCHMARK_SITE": str(Path(folder, "plain"))}
        crowded = {**plain, "PYTHONPATH": str(Path(folder, "crowded"))}
        runs: dict[str, tuple[list[str], Mapping[str, str]]] = {
            "bare": ([python, "-c", "pass"], plain),
            "townlet --version": ([python, "-c", _ENTRY, "--version"], plain),
            "townlet --help": ([python, "-c", _ENTRY, "--help"], plain),
            "townlet backends list": ([python, "-c", _ENTRY, "backends", "list"], crowded),
        }
        _check_listing(python, crowded)
        times: dict[str, list[float]] = {name: [] for name in runs}
        own: list[float] = []
        for turn in range(rounds + 1):
            for name, (command, environment) in runs.items():
                took = seconds(command, environment)
                if turn:  # the first warms the disk
                    times[name].append(took)
            if turn:
                own.append(_printed(python, _RESOLVE, plain) / times["bare"][-1])
        ratios = {
            name: statistics.median(a / b for a, b in zip(times[name], times["bare"], strict=True))
            for name in runs
            if name != "bare"
        }
        ratios["resolve scripted, the loader's own part"] = statistics.median(own)
        ratios["one decide, over a direct call"] = _printed(python, _DECIDE, plain)
        ratios["bare python, ms"] = 1000 * statistics.median(times["bare"])
    return ratios


def _printed(python: str, code: str, environment: Mapping[str, str]) -> float:
    done = subprocess.run([python, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _check_listing(python: str, environment: Mapping[str, str]) -> None:
    """The listing must list what is there, and import none of it: a fast wrong answer does not count."""
    code = (
        "import sys; from townlet.cli.entry import main; code = main(['backends', 'list', '--json'])\n"
        f"bad = [m for m in {_UNWANTED!r} if m in sys.modules]\nassert code == 0 and not bad, (code, bad)"
    )
    done = subprocess.run([python, "-c", code], env=environment, check=True, capture_output=True, text=True)
    states = [row["state"] for row in json.loads(done.stdout)["backends"] if row["distribution"].startswith("bench-")]
    counts = {state: states.count(state) for state in sorted(set(states))}
    if counts != {"broken": 2, "conflicting": 2, "incompatible": 1, "present": 15}:
        raise SystemExit(f"the listing is wrong: {counts}")


def main() -> int:
    """Measure, print, and compare with the budgets."""
    parser = argparse.ArgumentParser(description="Start-up budgets of Townlet.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--check", action="store_true", help="exit code 1 if a budget is exceeded")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    ratios = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps({"ratios": ratios, "budgets": BUDGETS}, indent=2))
    else:
        for name, ratio in ratios.items():
            budget = BUDGETS.get(name)
            print(f"{name:<42}{ratio:8.2f}" + (f"   budget {budget:g}" if budget else ""))
    over = [name for name, budget in BUDGETS.items() if ratios[name] > budget]
    if arguments.check and over:
        print(f"over budget: {', '.join(over)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
