"""Measure the package against the libraries and recipes that it stands beside: `make bench`.

    python tests/bench/bench.py                     all sections, then BENCHMARKS.md
    python tests/bench/bench.py decoding picture    some
    python tests/bench/bench.py course [00 01 ...]  each lesson's seconds and memory: half an hour
    python tests/bench/bench.py install             a new environment: minutes, and a network
    python tests/bench/bench.py write               BENCHMARKS.md from what was found last

Each section keeps what it found in ``results/``, so that one can be measured anew by itself.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from importlib import import_module

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import measure

SECTIONS = (
    "decoding", "picture", "features", "training", "inference", "metrics", "memory", "startup",
)  # fmt: skip


def main():
    """Measure what was asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", help="sections, or course and lessons' numbers")
    what = parser.parse_args().what or list(SECTIONS)
    if what[0] == "course":
        course(what[1:])
    if what == ["install"]:
        import startup

        measure.save("install", "python tests/bench/bench.py install", startup.install())
    for section in what:
        if section in SECTIONS:
            started = time.perf_counter()
            found = import_module(section).measure_all()
            for rows in found if isinstance(found, Iterator) else [found]:  # long ones in parts
                measure.save(section, f"python tests/bench/bench.py {section}", rows)
            print(f"{section}: {time.perf_counter() - started:.0f} s", flush=True)
    import page

    page.write()


def course(numbers):
    """Measure lessons one by one; each replaces its own row."""
    import course

    from course_utils.course import syllabus

    for lesson in syllabus.select(numbers):
        rows = {row["lesson"]: row for row in (measure.load("course") or {}).get("lessons", [])}
        rows[lesson.number] = row = course.measure(lesson.number)
        print(row, flush=True)
        lessons = [rows[number] for number in sorted(rows)]
        measure.save("course", "python tests/bench/bench.py course", {"lessons": lessons})


if __name__ == "__main__":
    sys.exit(main())
