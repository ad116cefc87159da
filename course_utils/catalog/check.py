"""Compare the catalogue with the Hugging Face Hub: `course-utils catalog --check`."""

import json
import re
from dataclasses import dataclass
from datetime import date
from importlib import resources

from course_utils import catalog, errors
from course_utils.catalog import downloads

SIZE_TOLERANCE = 0.1
"""Share by which a download may differ from ``size_mb``."""


@dataclass(frozen=True)
class Finding:
    """One fact of an entry: whether it holds, and what the Hub says."""

    name: str
    fact: str
    ok: bool
    text: str

    def __str__(self):
        return f"[{'ok' if self.ok else 'fix'}] {self.name}: {self.fact}: {self.text}"


def examine(entry):
    """Yield the :class:`Finding` of each fact of an entry, without downloading data or weights.

    What is asked: whether the repository and its revision exist, whether it is gated, its licence
    where its card states one, the files that the hub profile downloads, their size, the format of
    the weights, the class of a model, the columns and class labels of a data set, from the footer
    of its first Parquet file.
    """
    try:
        yield from _facts(entry)
    except Exception as error:  # the Hub's clients raise many kinds
        yield Finding(entry.name, "hub", False, f"{entry.hub}: {errors.one_line(error)}")


def _facts(entry):
    from huggingface_hub import HfApi

    kind = "dataset" if entry.kind == "data" else "model"
    info = HfApi().repo_info(entry.hub, repo_type=kind, revision=entry.revision)
    plan = downloads.plan(entry) if entry.kind == "model" or entry.files else []

    def fact(name, ok, text):
        return Finding(entry.name, name, bool(ok), str(text))

    yield fact("hub", True, f"{entry.hub} at {info.sha}")
    yield fact("gated", bool(info.gated) == entry.gated, info.gated or "no")
    licence = getattr(info.card_data, "license", None)
    yield fact(
        "hub_licence",
        licence is None or _letters(licence) in _letters(entry.hub_licence),
        f"{licence or 'not stated'}, the catalogue says {entry.hub_licence}",
    )
    if not plan:  # data that ships with the course, in the hub profile as well
        return
    size = sum(file.file_size for file in plan) / 1e6
    near = abs(size - entry.size_mb) <= max(SIZE_TOLERANCE * size, 1)
    yield fact("size_mb", near, f"{size:.0f}, the catalogue says {entry.size_mb}")
    names = [file.filename for file in plan]
    if entry.kind == "data":
        yield from _columns(entry, names[0], fact)
    else:
        pickled = not any(name.endswith(".safetensors") for name in names)
        yield fact("pickled", pickled == entry.pickled, ", ".join(names))
        yield _architecture(entry, fact)


def _letters(text):
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


def _columns(entry, path, fact):
    """Compare columns and class labels with the footer of a Parquet file."""
    from huggingface_hub import HfFileSystem
    from pyarrow import parquet

    revision = f"@{entry.revision}" if entry.revision else ""
    with HfFileSystem().open(f"datasets/{entry.hub}{revision}/{path}", block_size=2**16) as file:
        schema = parquet.read_schema(file)
    wanted = {"audio", *entry.columns.values()}
    missing = sorted(wanted - set(schema.names))
    yield fact("columns", not missing, f"{path} has {', '.join(schema.names)}")
    described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    kinds = described.get("info", {}).get("features", {})
    names = kinds.get(entry.columns.get("label"), {}).get("names")
    if entry.labels and names:
        unknown = sorted(set(entry.labels) - set(names))
        yield fact("labels", not unknown, f"not on the Hub: {', '.join(unknown) or 'none'}")


def _architecture(entry, fact):
    """Compare the type of a model with those that the entry's task can use."""
    import transformers
    from huggingface_hub import hf_hub_download
    from transformers.pipelines import SUPPORTED_TASKS, TASK_ALIASES

    path = hf_hub_download(entry.hub, "config.json", revision=entry.revision)
    found = json.loads(errors.read(path, catalog.CatalogError)).get("model_type")
    if auto := AUTO_CLASSES.get(entry.task):
        classes = [getattr(transformers, auto)]
    else:
        task = TASK_ALIASES.get(entry.task, entry.task)
        classes = SUPPORTED_TASKS.get(task, {}).get("pt", ())
    known = {config.model_type for made in classes for config in made._model_mapping}
    return fact("task", not known or found in known, f"{found} for {entry.task}")


AUTO_CLASSES = {
    "audio-xvector": "AutoModelForAudioXVector",
    "audio-frame-classification": "AutoModelForAudioFrameClassification",
}
"""Classes of the tasks that have no pipeline in Transformers."""


def write(names):
    """Write today's date as ``checked`` of some entries into the catalogue's file."""
    path = resources.files("course_utils.catalog").joinpath("catalog.toml")
    text = path.read_text(encoding="utf-8")
    for name in names:
        head, section = text.split(f"\n[{name}]\n", 1)
        own, bracket, rest = section.partition("\n[")
        own = re.sub(r"\nchecked = .*", "", own)
        own = own.replace("\nlessons = ", f'\nchecked = "{date.today()}"\nlessons = ', 1)
        text = f"{head}\n[{name}]\n{own}{bracket}{rest}"
    errors.write(path, text, catalog.CatalogError)
