"""Write feature caches, and model cards with their scores."""

import json
from string import Template

import numpy as np

from course_utils import errors


def save_npz(path, **arrays):
    """Write arrays to an ``npz`` file; a run that is killed leaves no incomplete one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with errors.replacing(path) as new, open(new, "wb") as file:
        np.savez(file, **arrays)


def write_results(out, results):
    """Write ``results.json`` into the folder of a model and print its content."""
    errors.write(out / "results.json", json.dumps(results, indent=1) + "\n")
    print(f"{out}: {json.dumps(results)}")


def fill_card(template, out, *figures, **more):
    """Write ``README.md`` into the folder of a model.

    Parameters
    ----------
    template : pathlib.Path
        Text with placeholders as in `string.Template`.
    out : pathlib.Path
        Folder of the model; ``$size`` is the size of its weights in MB.
    *figures, **more
        Values of the placeholders.
    """
    size = (out / "model.safetensors").stat().st_size / 1e6
    text = Template(template.read_text("utf-8"))
    errors.write(out / "README.md", text.substitute(*figures, size=f"{size:.1f}", **more))
