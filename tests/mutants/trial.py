"""Which tests run a line, and what they say when it is changed; all in copies of the tree."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import coverage

LEFT_OUT = (
    ".git",
    ".venv*",
    "__pycache__",
    ".pytest_cache",
    ".hypothesis",
    "runs",
    "build",
    "dist",
)


def copy(root, to):
    """Copy the tree of a project, without its history, environments and caches."""
    return Path(shutil.copytree(root, to, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)))


def start(tree, *arguments, **variables):
    """Start pytest in a tree, in a process group of its own; its output goes to <tree>.log."""
    # Without bytecode: Python would take that of a change of equal length in the same second.
    variables |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", f"--basetemp={tree}.temp", *arguments]
    with open(f"{tree}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(
            command, cwd=tree, env=os.environ | variables, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def stop(process):
    """End a process and those that it started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def record(tree, folder, packages, tests, jobs):
    """Run the tests once; write the lines that each one runs and its seconds into a folder."""
    settings, report = folder / "settings.ini", folder / "report.xml"
    settings.write_text(
        f"[run]\nrelative_files = true\nsource = {','.join(packages)}\n", encoding="utf-8"
    )
    process = start(
        tree, *tests, *(["-n", str(jobs)] if jobs > 1 else []), "--cov", "--cov-context=test",
        "--cov-report=", "--cov-fail-under=0", f"--cov-config={settings}", f"--junitxml={report}",
        "--override-ini=junit_family=xunit1", COVERAGE_FILE=str(folder / "coverage"),
    )  # fmt: skip
    try:
        code = process.wait()
    except BaseException:
        stop(process)
        raise
    if code not in (0, 1):
        raise SystemExit(
            "The tests do not run:\n" + Path(f"{tree}.log").read_text(encoding="utf-8")[-2000:]
        )
    passed, failed = {}, []
    for case in ElementTree.parse(report).iter("testcase"):
        test = f"{Path(case.get('file')).as_posix()}::{case.get('name')}"
        verdicts = {child.tag for child in case}
        if verdicts & {"failure", "error"}:
            failed.append(test)
        elif "skipped" not in verdicts:
            passed[test] = float(case.get("time"))
    (folder / "tests.json").write_text(
        json.dumps({"passed": passed, "failed": failed}), encoding="utf-8"
    )


class Record:
    """What `record` wrote: which tests run a line (`runs`), and their seconds."""

    def __init__(self, tree, folder, sources):
        tests = json.loads((folder / "tests.json").read_text(encoding="utf-8"))
        self.seconds, self.failed = tests["passed"], tests["failed"]
        files = {*sources, *map(_file, self.seconds)}
        self.sources = {name: (tree / name).read_bytes() for name in files}
        data = coverage.CoverageData(folder / "coverage")
        data.read()
        self.runs = {
            (Path(file).as_posix(), line): [context.rpartition("|")[::2] for context in contexts]
            for file in data.measured_files()
            for line, contexts in data.contexts_by_lineno(file).items()
        }

    def select(self, mutant):
        """Return the tests that run what a mutant changes, the fast files and tests first."""
        source = self.sources[mutant.file]
        lines, names = reach(source, mutant.line(source), source[mutant.start : mutant.end])
        places = {(mutant.file, line) for line in lines}
        found = set()
        if names:
            word = re.compile(rf"\b({'|'.join(names)})\b".encode())
            matching = {name: text for name, text in self.sources.items() if word.search(text)}
            found |= {test for test in self.seconds if _file(test) in matching}
            for name, text in matching.items():
                numbered = enumerate(text.splitlines(), 1)
                places |= {(name, number) for number, line in numbered if word.search(line)}
        hits = [hit for place in places for hit in self.runs.get(place, ())]
        # What a fixture makes for a whole file, it makes in the set-up of the first of its tests.
        prepared = {_file(test) for test, phase in hits if phase == "setup"}
        found |= {test for test, _ in hits}
        found = {t for t in self.seconds if t in found or _file(t) in prepared}
        total = Counter()
        for test in found:
            total[_file(test)] += self.seconds[test]
        return sorted(found, key=lambda t: (total[_file(t)], _file(t), self.seconds[t]))


def reach(source, first, changed):
    """Return the lines that run what stands from line `first` on, and names that depend on it.

    The lines are those of the innermost statements, without the bodies of compound ones. What runs
    at import, or once because it is cached, runs in the test that happens to be first; therefore
    the names: of the function, the class or the constants, and of constants made from those.
    """
    tree, lines, names = ast.parse(source), set(), set()
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for line in range(first, first + changed.count(b"\n") + 1):
        around = [node for node in statements if _begin(node) <= line <= node.end_lineno]
        if not around:
            continue
        inner = max(around, key=lambda node: (node.lineno, -node.end_lineno))
        below = (n.lineno for n in ast.walk(inner) if isinstance(n, ast.stmt) and n is not inner)
        lines.update(range(_begin(inner), min(below, default=inner.end_lineno + 1)))
        functions = [node for node in around if isinstance(node, ast.FunctionDef)]
        cached = any("cache" in ast.unparse(d) for n in functions for d in n.decorator_list)
        if cached or not any(node.body[0].lineno <= line for node in functions):
            names |= _defined(around[0])
    for top in tree.body:  # in their order, so that constants of constants are found
        parts = [top.args] if isinstance(top, ast.FunctionDef) else [top]
        used = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
        if names & (used | _defined(top)):
            names |= _defined(top)
            lines.update(range(_begin(top), top.end_lineno + 1))
    return lines, names


def run(mutants, known, trees, commands):
    """Yield each mutant with whether tests notice it, and which one, as (mutant, bool, str).

    `mutants` has the tests of each, or None for those that `known`, the Record, selects, and those
    of `commands` for the beginning of the file's name. One process runs in each of the trees.
    """
    waiting = []
    for mutant, tests in reversed(mutants.items()):
        last = [test for place, test in commands.items() if mutant.file.startswith(place)]
        waiting.append((mutant, tests or known.select(mutant) + last))
    free, running = list(trees), {}
    try:
        while waiting or running:
            while waiting and free:
                mutant, tests = waiting.pop()
                if not tests:
                    yield mutant, False, "no test runs this line"
                    continue
                tree = free.pop()
                (tree / mutant.file).write_bytes(mutant.apply(known.sources[mutant.file]))
                left_out = (f"--deselect={test}" for test in known.failed)
                Path(f"{tree}.txt").write_text("\n".join([*left_out, *tests]), encoding="utf-8")
                files = {_file(test) for test in tests}
                usual = sum(seconds for t, seconds in known.seconds.items() if _file(t) in files)
                process = start(tree, "--exitfirst", f"@{tree}.txt")
                running[process] = mutant, tests, tree, time.monotonic() + 600 + 3 * usual
            time.sleep(0.05)
            for process, (mutant, tests, tree, end) in list(running.items()):
                late = time.monotonic() > end
                if process.poll() is None and not late:
                    continue
                if late:
                    stop(process)
                del running[process]
                (tree / mutant.file).write_bytes(known.sources[mutant.file])
                free.append(tree)
                if process.returncode == 4 and "::" in tests[0]:  # other tests than there were
                    waiting.append((mutant, sorted({_file(test) for test in tests})))
                    continue
                log = Path(f"{tree}.log").read_text(encoding="utf-8", errors="replace")
                failed = re.search("^(?:FAILED|ERROR) (.*)", log, re.M)
                by = "time is up" if late else failed[1] if failed else f"exit {process.returncode}"
                noticed = late or process.returncode not in (0, 5)
                yield mutant, noticed, by if noticed else f"passed: {len(tests)} tests"
    finally:
        for process in running:
            stop(process)


def _file(test):
    return test.partition("::")[0]


def _begin(node):
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _defined(node):
    """Return the names that a statement at the top level defines."""
    if hasattr(node, "name"):
        return {node.name}
    found = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {n.id for n in found if isinstance(n.ctx, ast.Store)}
