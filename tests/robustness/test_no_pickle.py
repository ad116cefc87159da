"""No pickle is opened and no code of a checkpoint runs: by reading the source, and by trying."""

import ast
import json
import os
import pickle
import re
from pathlib import Path

import pytest
import torch

from course_utils.finetuning import inference, training
from course_utils.finetuning.recipes import RecipeError

ROOT = Path(__file__).resolve().parents[2]
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"torch.load", "pandas.read_pickle", "pd.read_pickle", "numpy.load", "np.load"}
SAFE = {"allow_pickle": "False", "trust_remote_code": "False", "weights_only": "True"}
RUN = {"steps": 4, "batch_size": 4, "save_steps": 2}


def trees(tracked):
    """Yield a name and the syntax tree of every module of the package and of every lesson."""
    for path in tracked("course_utils/*.py"):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))
    for path in tracked("notebooks/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for number, cell in enumerate(cells):
            if cell["cell_type"] == "code":
                code = re.sub(r"(?m)^( *)[%!].*", r"\1pass", "".join(cell["source"]))
                yield f"{path.name}, cell {number}", ast.parse(code)


def offences(tree):
    """List what opens a pickle, or lets a checkpoint bring code."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            given = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if name in CALLS and given.get("allow_pickle") != "False":
                found.append(name)
            found += [word for word, only in SAFE.items() if given.get(word, only) != only]
    return found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from joblib import load", "torch.load('x')", "np.load('x')",
        "torch.load('x', weights_only=False)", "np.load('x', allow_pickle=True)",
        "pipeline(model='x', trust_remote_code=True)", "pipeline(model='x', trust_remote_code=y)",
    ],
)  # fmt: skip
def test_the_lint_sees(code):
    assert offences(ast.parse(code))
    assert not offences(ast.parse("np.load('x', allow_pickle=False); json.load(f)"))


def test_no_module_and_no_lesson_opens_a_pickle(tracked):
    seen = 0
    for name, tree in trees(tracked):
        assert offences(tree) == [], name
        seen += 1
    assert seen > 300


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.fixture
def mark(tmp_path):
    """A file that the traps make; the last line shows that they work."""
    path = tmp_path / "the trap snapped"
    proof = tmp_path / "proof"
    pickle.loads(pickle.dumps(Trap(proof)))
    assert proof.exists()
    return path


def copied(folder, place):
    place.mkdir(parents=True)
    for file in folder.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    return place


def poisoned(path, mark):
    """Write a trap into a file as `torch.save` would; and as a bare pickle."""
    if path.suffix == ".bin":
        path.write_bytes(pickle.dumps(Trap(mark)))
    else:
        torch.save(Trap(mark), path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "training_args.bin"])
def test_a_folder_with_weights_in_a_pickle_is_refused(name, small, sounds, mark, tmp_path):
    folder = copied(small, tmp_path / "model")
    (folder / "model.safetensors").unlink()
    poisoned(folder / name, mark)
    for run in (
        lambda: inference.evaluate("classification", str(folder), tmp_path / "r", data=str(sounds)),
        lambda: training.finetune(
            "classification", tmp_path / "m", model=str(folder), data=str(sounds), **RUN
        ),
    ):
        with pytest.raises(RecipeError, match="no weights in safetensors"):
            run()
    assert not mark.exists()


def test_a_pickle_beside_the_weights_is_left_alone(small, sounds, mark, tmp_path):
    folder = copied(small, tmp_path / "model")
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "rng_state.pth"):
        poisoned(folder / name, mark)
    found = inference.evaluate("classification", str(folder), tmp_path / "r", data=str(sounds))
    assert found["answered"] == 4 and not mark.exists()


def test_code_in_a_checkpoint_does_not_run(small, sounds, mark, tmp_path):
    folder = copied(small, tmp_path / "model")
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w')\nclass Own: pass\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(RecipeError, match="asks for code of its own"):
        inference.evaluate("classification", str(folder), tmp_path / "r", data=str(sounds))
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"]
)
def test_going_on_from_a_poisoned_checkpoint_runs_nothing(name, small, sounds, mark, tmp_path):
    run = {"model": str(small), "data": str(sounds), **RUN}
    out = tmp_path / "m"
    training.finetune("classification", out, **run)
    last = training.last_checkpoint(out)
    assert last.name == "checkpoint-4" and (last / name).exists()
    poisoned(last / name, mark)
    again = {**run, "steps": 6}
    if name == "training_args.bin":  # which nothing reads
        assert training.finetune("classification", out, resume=True, **again)["resumed_at"] == 4
    else:
        with pytest.raises(RecipeError, match="checkpoint-4: is damaged"):
            training.finetune("classification", out, resume=True, **again)
    assert not mark.exists()
    for file in last.iterdir():  # what the message says to do
        file.unlink()
    last.rmdir()
    assert training.finetune("classification", out, resume=True, **again)["steps"] == 6
