"""BENCHMARKS.md, written from what the sections found last."""

from pathlib import Path

import measure

PAGE = Path(__file__).resolve().parents[2] / "BENCHMARKS.md"
TITLES = {
    "decoding": "Decode, resample, mix down",
    "picture": "Picture of a spectrogram",
    "features": "Features of a data set",
    "training": "Fine-tuning",
    "inference": "Answering many clips",
    "metrics": "Metrics",
    "memory": "Memory and the length of a recording",
    "startup": "Cold start",
    "ablation": "What the parts of a training are worth",
    "course": "The whole course",
    "install": "Installation",
}
HEAD = """# Benchmarks

`make bench` measures the package beside the libraries and recipes that do the same work, and
writes this page; nothing on it is typed by hand, but for the explanations, which stand in
`tests/bench/why.md`. One section: `.venv/bin/python tests/bench/bench.py decoding`. The lessons
take half an hour (`bench.py course`), a new environment takes minutes and a network (`bench.py
install`): both are run by themselves, and this page keeps what they found last.

**How.** The ways to do a work take turns on the same input, after one turn to warm up. A ratio is
the other way's seconds over those of the package in the same turn: above 1, the package is faster.
Of the ratios, the median is given, with the quartiles as their spread. Seconds depend on the
machine and on what else runs on it; ratios hardly do. A target is a least ratio.
"""


def write():
    """Write the page."""
    parts = [HEAD]
    why = explanations()
    for section, title in TITLES.items():
        found = measure.load(section)
        if found is None:
            continue
        parts.append(f"## {title}\n")
        parts.append(f"`{found['command']}`, {_machine(found['machine'])}\n")
        parts += [part for part in _tables(found) if part]
        if section in why:
            parts.append(why[section])
    newest = [found for found in map(measure.load, TITLES) if found]
    if newest:
        versions = newest[0]["machine"]["versions"]
        parts.append("## Versions\n")
        parts.append(", ".join(f"{name} {version}" for name, version in versions.items()) + "\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def explanations():
    """Return what is said below the tables, by section: the parts of why.md."""
    path = Path(__file__).with_name("why.md")
    found = {}
    for part in path.read_text(encoding="utf-8").split("\n## ")[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = text.strip() + "\n"
    return found


def _machine(machine):
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, of which the "
        f"libraries use {machine['threads']}, {machine['system']}."
    )


def _tables(found):
    kinds = {
        "rows": _compared, "growth": _growth, "profile": _profile, "memory": _memory,
        "starts": _starts, "lessons": _lessons, "ablation": _ablation,
    }  # fmt: skip
    for kind, table in kinds.items():
        if found.get(kind):
            yield table(found[kind])
    if found.get("size_mib"):
        yield f"{found['seconds']} s, {found['size_mib']} MiB on the disk.\n"
    if found.get("note"):
        yield found["note"] + "\n"


def _table(head, rows):
    rule = ["---" if n == 0 else "---:" for n in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]) + "\n"


def _compared(rows):
    lines = []
    for row in rows:
        rate = f", {row['rate']:.1f} clips/s" if "rate" in row else ""
        for peer in row["peers"]:
            target = "" if peer["target"] is None else f"≥ {peer['target']:.2f}"
            if target:
                target += " met" if peer["ratio"] >= peer["target"] else " **missed**"
            lines.append(
                (
                    row["work"], f"{row['seconds']:.3g} s{rate}", peer["name"],
                    f"{peer['seconds']:.3g} s",
                    f"{peer['ratio']:.2f} ({peer['low']:.2f} to {peer['high']:.2f})", target,
                )
            )  # fmt: skip
    return _table(("work", "package", "beside", "takes", "ratio", "target"), lines)


def _ablation(rows):
    def against(row, part):
        return "" if row[part] is None else f"{row[part][0]:+.3f} to {row[part][1]:+.3f}"

    parts = {"known": "known patterns", "new": "new patterns", "old": "old speech"}
    lines = [
        (
            row["name"], str(row["steps"]),
            *(text for p in parts for text in (f"{row[p]:.3f}", against(row, f"{p}_against"))),
            f"{row['numbers_right']} of {row['numbers']}", against(row, "numbers_against"),
        )
        for row in rows
    ]  # fmt: skip
    columns = [text for name in parts.values() for text in (f"{name}: WER", "minus first")]
    head = ("training", "steps", *columns, "numbers right", "minus first")
    return _table(head, lines)


def _growth(rows):
    lines = [
        (
            f"{row['work']}, {row['unit']}",
            " / ".join(f"{size:g}" for size in row["sizes"]),
            " / ".join(f"{seconds:.3g} s" for seconds in row["seconds"]),
            f"{row['slope']:.2f}", _grows(row["slope"], row["note"]),
        )
        for row in rows
    ]  # fmt: skip
    return _table(("cost against size", "1x / 4x / 16x", "seconds", "power", "growth"), lines)


def _grows(slope, note):
    kind = "linear" if slope >= 0.9 else "below linear"
    kind = "above linear" if slope > 1.1 else kind
    return f"{kind}: {note}" if note and kind != "linear" else kind


def _profile(rows):
    lines = [
        (row["work"], ", ".join(f"{name} {share:.0%}" for name, share in row["shares"].items()))
        for row in rows
    ]
    return _table(("where the time of the package goes (cProfile)", "shares"), lines)


def _memory(rows):
    lines = [
        (
            f"{row['work']}, {row['unit']}", " / ".join(map(str, row["sizes"])),
            " / ".join(f"{held} MiB" for held in row["samples_mib"]),
            " / ".join(f"{grown} MiB" for grown in row["grown_mib"]),
        )
        for row in rows
    ]  # fmt: skip
    return _table(("peak memory of a process", "1x / 4x / 16x", "of samples", "growth"), lines)


def _starts(rows):
    lines = [
        (
            row["work"], f"{row['seconds']:.2f} s", f"{row['first']:.2f} s",
            f"{row['peak_mib']} MiB",
        )
        for row in rows
    ]  # fmt: skip
    return _table(("a new process", "takes", "the first time", "peak memory"), lines)


def _lessons(rows):
    lines = [
        (
            row["lesson"], f"{row['seconds']:.0f} s", f"{row['peak_mib']} MiB",
            f"{row['together_mib']} MiB", row["error"] or "",
        )
        for row in rows
    ]  # fmt: skip
    highest = max(rows, key=lambda row: row["peak_mib"])
    told = (
        f"{len(rows)} lessons take {sum(row['seconds'] for row in rows) / 60:.0f} minutes; the "
        f"highest peak, in lesson {highest['lesson']}, is {highest['peak_mib'] / 1024:.2f} GiB "
        f"(target: at most 2.5 GB, {'met' if highest['peak_mib'] <= 2384 else '**missed**'}).\n"
    )
    head = ("lesson", "takes", "peak of a process", "sum of its processes", "stopped")
    return _table(head, lines) + "\n" + told
