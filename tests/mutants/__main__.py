"""Change code on purpose and count what the tests notice: `make mutants`.

First each fault of `listed.toml`: all must be noticed. Then 100 changes drawn at random with a seed
from the rooms below, each place where one is possible being as likely as any other: 85 % must be
noticed. All tests run once, to record the lines that each of them runs. Then, for each change, the
tests of its line run in a copy of the tree, one copy a core, until one fails or hangs. What no test
runs survives. Tests with the marker `whole` are left out, but for those of `COMMANDS`: what only a
subprocess runs is not recorded, so they run for each change of their room that nothing else
notices, and a fault of the list may name its ``tests``.

    python -m tests.mutants --count 20 --seed 1 --rooms formats scoring --tests tests/formats

`.pytest_cache/mutants/<hash of the sources>/` keeps the record and results.json, so that a run that
was interrupted goes on.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.mutants import mutate, trial

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("course_utils", "foundry")
ROOMS = ("audio.py", "errors.py", "data", "scoring", "plotting", "formats", "simulation")
ROOMS += ("listening", "pipelines", "finetuning")
ROOMS = {room.removesuffix(".py"): f"course_utils/{room}" for room in ROOMS}
ROOMS["foundry"] = "foundry"
TESTS = ("tests", "-m", "not whole", "--ignore=tests/mutants")
COMMANDS = {
    "course_utils/finetuning/": "tests/finetuning/test_finetune_cli.py",
    "course_utils/catalog/downloads.py": "tests/hub/test_downloads.py",
}
"""What runs a room in processes of its own."""
LIST = Path(__file__).with_name("listed.toml")
ENOUGH = 0.85


def sources(root, paths):
    """Return the names of the Python files at paths in a project, relative to its root."""
    found = [file for path in paths for file in (root / path, *(root / path).rglob("*.py"))]
    return sorted(file.relative_to(root).as_posix() for file in found if file.suffix == ".py")


def listed(root, file):
    """Return the faults of a list, each with the tests that it names, or None."""
    faults = {}
    for fault in tomllib.loads(file.read_text(encoding="utf-8"))["fault"]:
        source, old = (root / fault["file"]).read_bytes(), fault["old"].encode()
        if source.count(old) != 1 or fault["new"] == fault["old"]:
            raise ValueError(f"{fault['old']!r} must stand in {fault['file']} once, and change.")
        start = source.index(old)
        mutant = mutate.Mutant(fault["file"], start, start + len(old), fault["new"])
        faults[mutant] = fault.get("tests")
    return faults


def draw(root, paths, count, seed):
    """Return mutants drawn at random; the first ones are the same for any count."""
    names = sources(root, paths)
    places = [place for name in names for place in mutate.places(name, (root / name).read_bytes())]
    rng = random.Random(seed)
    rng.shuffle(places)
    return [rng.choice(place) for place in places[:count]]


def measure(root, packages, tests, mutants, jobs):
    """Return for each mutant whether the tests notice it, what says so, and what it changes.

    `mutants` has the tests of each, or None for those that run its line.
    """
    names = sources(root, packages)
    hashed = hashlib.sha256(repr(tests).encode())
    for name in [*names, *sources(root, [test for test in tests if test[0] != "-"])]:
        hashed.update(name.encode() + (root / name).read_bytes())
    folder = root / ".pytest_cache" / "mutants" / hashed.hexdigest()[:16]
    for other in folder.parent.glob("[!.]*"):
        if other != folder:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    results, done = folder / "results.json", {}
    if results.exists():
        done = {
            mutate.Mutant(*m): verdict
            for m, *verdict in json.loads(results.read_text(encoding="utf-8"))
        }
    with tempfile.TemporaryDirectory() as temporary:
        trees = [trial.copy(root, Path(temporary, str(job))) for job in range(jobs)]
        if not (folder / "tests.json").exists():
            trial.record(trees[0], folder, packages, tests, jobs)
        known = trial.Record(root, folder, names)
        wanted = {mutant: tests for mutant, tests in mutants.items() if mutant not in done}
        for mutant, noticed, by in trial.run(wanted, known, trees, COMMANDS):
            done[mutant] = noticed, by, mutant.describe(known.sources[mutant.file])
            results.write_text(
                json.dumps([[m, *verdict] for m, verdict in done.items()], indent=1),
                encoding="utf-8",
            )
            print(f"{'noticed ' if noticed else 'SURVIVED'} {done[mutant][2]}  ({by})", flush=True)
    return {mutant: done[mutant] for mutant in mutants}


def report(rooms, faults, drawn, done):
    """Print the survivors and the share noticed in each room; return whether it is enough."""
    for noticed, by, change in done.values():
        if not noticed:
            print(f"{change}  ({by})")
    groups = {"the list": list(faults)}
    for room, path in rooms.items():
        groups[room] = [mutant for mutant in drawn if mutant.file.startswith(path)]
    groups["all rooms"] = drawn
    shares = {}
    for group, mutants in groups.items():
        noticed = sum(done[mutant][0] for mutant in mutants)
        shares[group] = noticed / len(mutants) if mutants else 1
        if mutants:
            print(f"{group:12} {noticed:4} of {len(mutants):4} noticed")
    return shares["the list"] == 1 and shares["all rooms"] >= ENOUGH


def main(arguments):
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser("tests.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100, help="changes drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=list(ROOMS))
    parser.add_argument("--tests", nargs="+", default=TESTS, help="arguments of pytest")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C: end the tests, clean up
    rooms = {room: ROOMS[room] for room in options.rooms}
    faults = listed(ROOT, LIST)
    drawn = draw(ROOT, rooms.values(), options.count, options.seed)
    done = measure(ROOT, PACKAGES, options.tests, faults | dict.fromkeys(drawn), options.jobs)
    return 0 if report(rooms, faults, drawn, done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
