"""`course-utils finetune` and `evaluate`: own folders, two processes, a killed run, odd files."""

import itertools
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import jiwer
import nbformat
import numpy as np
import pytest
import soundfile
import torch
from safetensors.numpy import load_file
from transformers import AutoModel, pipeline

from course_utils import catalog, data, pipelines
from course_utils.course import syllabus
from course_utils.finetuning import inference, recipes, sources, training
from course_utils.finetuning.recipes import RecipeError
from course_utils.finetuning.recipes.synthesis import HELD_OUT_VOICE
from course_utils.formats import rttm
from course_utils.simulation import conversations

pipelines.register()


CLASSES = ("dog", "rain", "siren")
CLI = [sys.executable, "-m", "course_utils.course.cli"]
TWO = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
TWO += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
TWO += [
    "--main_process_ip",
    "127.0.0.1",
    "--main_process_port",
    "0",
    "-m",
    "course_utils.course.cli",
]
RUN = {"steps": 8, "batch_size": 8, "save_steps": 2}


def launched(command, *arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8", env=environment
    )  # fmt: skip


def options(**given):
    return [
        part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)
    ]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A folder of own recordings: ten of each class, as files."""
    folder, rows = tmp_path_factory.mktemp("sounds"), data.load("sounds", "train")
    names = rows.features["label"].names
    for name in CLASSES:
        (folder / name).mkdir()
        chosen = [n for n, label in enumerate(rows["label"]) if names[label] == name][:10]
        for place, row in enumerate(rows.select(chosen)):
            (folder / name / f"{place}.ogg").write_bytes(row["audio"]["bytes"])
    return folder


def transcribed(folder, rows):
    """Write ten clips and their metadata.csv."""
    lines = ["file_name,text"]
    for place, row in enumerate(rows.select(range(10))):
        (folder / f"{place}.ogg").write_bytes(row["audio"]["bytes"])
        lines.append(f'{place}.ogg,"{row["text"]}"')
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Own recordings for each of the tasks but classification."""
    made = {task: tmp_path_factory.mktemp(task) for task in ("asr", "tts", "diarization")}
    transcribed(made["asr"], data.load("calls", "train"))
    voice = data.load("new-voice", "test")
    mine = [n for n, who in enumerate(voice["speaker"]) if who == HELD_OUT_VOICE]
    transcribed(made["tts"], voice.select(mine))
    rows = data.load("speech", "train")
    for seed in range(3):
        talk = conversations.simulate(rows, seed, seconds=18.0)
        name, folder = f"call{seed}", made["diarization"]
        soundfile.write(folder / f"{name}.wav", talk["audio"], 16_000)
        rttm.save(folder / f"{name}.rttm", {name: talk["turns"]})
    return made


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    """A run in this process that nothing stopped."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return out, training.finetune("classification", out, data=str(sounds), **RUN)


def test_an_own_folder_becomes_a_model_behind_pipeline(sounds, tmp_path):
    done = launched(
        CLI, "finetune", "classification", "--out", tmp_path / "m",
        *options(data=sounds, steps=12, batch_size=8, precision="bf16"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "12 steps of 8 examples in 1 process(es)" in done.stdout
    classify = pipeline("audio-classification", model=str(tmp_path / "m"))
    assert set(classify.model.config.id2label.values()) == set(CLASSES)
    summary = json.loads((tmp_path / "m" / training.SUMMARY).read_text(encoding="utf-8"))
    assert summary["loss"] < 0.8 * summary["loss_before"]
    done = launched(
        CLI, "evaluate", "classification", "--model", tmp_path / "m", "--out", tmp_path / "r.jsonl",
        *options(data=sounds, split="validation"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "answered    6\n" in done.stdout and "macro_f1" in done.stdout


@pytest.mark.parametrize("task", ["asr", "tts", "diarization"])
def test_the_other_recipes_learn_from_an_own_folder(task, folders, tmp_path):
    folder = folders[task]
    summary = training.finetune(
        task, tmp_path / "m", data=str(folder), steps=6, batch_size=8, deterministic=True
    )
    first, last = summary["log"][0][1], summary["log"][-1][1]
    assert last < first and summary["steps"] == 6 and summary["parameters"] > 100_000
    assert (summary["loss"] is None) == (task == "tts")
    found = inference.evaluate(task, str(tmp_path / "m"), tmp_path / "r.jsonl", data=str(folder))
    assert found["answered"] == len(list(folder.glob("*.ogg"))) + len(list(folder.glob("*.wav")))
    lines = [
        json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    if task == "asr":
        assert pipeline("automatic-speech-recognition", model=str(tmp_path / "m")) is not None
        said, heard = ([line[side].lower() for line in lines] for side in ("reference", "text"))
        strip = jiwer.Compose([jiwer.RemovePunctuation(), jiwer.ReduceToListOfListOfWords()])
        # Another normalisation, so not the same number.
        other = jiwer.wer(said, heard, reference_transform=strip, hypothesis_transform=strip)
        assert found["wer"] == pytest.approx(other, abs=0.1)
    elif task == "tts":
        voice = load_file(tmp_path / "m" / "voice.safetensors")
        assert {name: vector.shape for name, vector in voice.items()} == {
            "speaker_embedding": (128,)
        }
        assert 0.2 < found["similarity"] <= 1 and found["wer"] >= 0
        vocoder = AutoModel.from_pretrained(catalog.model("vocoder"))
        speak = pipeline("text-to-speech", model=str(tmp_path / "m"), vocoder=vocoder)
        vector = torch.tensor(voice["speaker_embedding"])[None]
        made = speak("One.", forward_params={"speaker_embedding": vector})
        assert np.isfinite(made["audio"]).all() and made["sampling_rate"] == 16_000
    else:
        assert 0 <= found["der"] < 1.5
        turns = pipeline("speaker-diarization", model=str(tmp_path / "m"))(folder / "call0.wav")
        assert turns == next(line for line in lines if line["file"] == "call0.wav")["turns"]


def test_max_steps_cut_a_run_short_but_never_lengthen_it(sounds, tmp_path, monkeypatch):
    for most, made in (("2", 2), ("9", 3)):
        monkeypatch.setenv("COURSE_MAX_STEPS", most)
        summary = training.finetune(
            "classification", tmp_path / most, data=str(sounds), steps=3, batch_size=4
        )
        assert summary["steps"] == made


@pytest.mark.parametrize("task", ["asr", "tts", "diarization"])
def test_a_deterministic_model_says_the_same_twice(task, folders):
    recipe = recipes.find(task)(training.checkpoint_of(recipes.find(task).model))
    rows, _ = sources.training(task, str(folders[task]))
    recipe.begin(rows)
    examples = training._examples(recipe, rows.select(range(2)))

    def losses(**options):
        model = recipe.fresh_model(**options).train()
        for _ in range(2):
            batch = recipe.collator(model)(examples)
            if recipe.compute_loss is None:
                yield model(**batch).loss.item()
            else:
                labels = batch.pop("labels")
                yield recipe.compute_loss(model(**batch), labels).item()

    first, second = losses(deterministic=True)
    assert first == second
    if task != "diarization":  # which has no dropout to begin with
        first, second = losses()
        assert first != second


def test_a_ctc_model_learns_too(folders, tmp_path):
    run = {"data": str(folders["asr"]), "model": "ctc-recogniser", "steps": 6, "batch_size": 8}
    summary = training.finetune("asr", tmp_path / "m", deterministic=True, **run)
    assert summary["log"][-1][1] < summary["log"][0][1]
    hear = pipeline("automatic-speech-recognition", model=str(tmp_path / "m"))
    assert type(hear.model).__name__.endswith("ForCTC")


def test_two_processes_learn_what_one_does(sounds, tmp_path):
    alone = training.finetune(
        "classification", tmp_path / "one", data=str(sounds), steps=6, batch_size=8,
        deterministic=True,
    )  # fmt: skip
    done = launched(
        TWO, "finetune", "classification", "--deterministic",
        *options(data=sounds, out=tmp_path / "two", steps=6, batch_size=4),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the model is in") == 1  # one of them speaks
    together = json.loads((tmp_path / "two" / training.SUMMARY).read_text(encoding="utf-8"))
    assert (alone["processes"], together["processes"]) == (1, 2)
    assert alone["global_batch"] == together["global_batch"] == 8
    for (_, expected), (_, loss) in zip(alone["log"], together["log"], strict=True):
        assert loss == pytest.approx(expected, rel=0.01)
    assert together["loss"] == pytest.approx(alone["loss"], rel=0.01)
    expected, weights = (
        load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")
    )
    for name in expected:
        np.testing.assert_allclose(weights[name], expected[name], atol=1e-3)


def test_accumulated_batches_are_the_whole_batch(sounds, tmp_path):
    runs = [
        training.finetune(
            "classification", tmp_path / str(batch_size), data=str(sounds), steps=3,
            batch_size=batch_size, accumulation=8 // batch_size, deterministic=True,
        )
        for batch_size in (8, 2)
    ]  # fmt: skip
    assert [run["global_batch"] for run in runs] == [8, 8]
    np.testing.assert_allclose(*(np.array(run["log"])[:, 1] for run in runs), rtol=1e-4)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole, sounds, tmp_path):
    _, expected = whole
    arguments = ["finetune", "classification", *options(data=sounds, out=tmp_path / "run", **RUN)]
    killed = subprocess.Popen(
        [*CLI, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "run/checkpoints/checkpoint-4" / training.WHOLE).exists():
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert not (tmp_path / "run" / "config.json").exists()
    with pytest.raises(RecipeError, match="--resume goes on with it"):
        training.finetune("classification", tmp_path / "run", data=str(sounds), **RUN)
    # A newer checkpoint that was being written: not to be trusted.
    half = tmp_path / "run/checkpoints/checkpoint-7"
    half.mkdir()
    (half / "trainer_state.json").write_text("{", encoding="utf-8")
    resumed = training.finetune(
        "classification", tmp_path / "run", data=str(sounds), resume=True, **RUN
    )
    assert resumed["resumed_at"] >= 4 and resumed["steps"] == 8
    assert resumed["loss"] == pytest.approx(expected["loss"], rel=0.01)
    assert resumed["loss_before"] == expected["loss_before"]
    weights = load_file(tmp_path / "run" / "model.safetensors")
    for name, value in load_file(whole[0] / "model.safetensors").items():
        np.testing.assert_allclose(weights[name], value, atol=1e-4)


def test_processes_stream_disjoint_rows_that_are_all_rows_together(sounds):
    from accelerate.data_loader import prepare_data_loader
    from torch.utils.data import DataLoader

    class Names(recipes.Recipe):
        def __init__(self):
            pass

        def decode(self, row):
            return row

        def examples(self, row):
            if row["file_name"] != left_out:
                yield {"file": row["file_name"]}

    rows, _ = sources.training("classification", str(sounds), streaming=True)
    everything = {row["file"] for row in sources.answering("classification", str(sounds), "train")}
    left_out = everything.pop()
    names = Names()
    seen = []
    for process in range(2):
        stream = training._stream(names, rows, processes=2)
        # What the Trainer does in each process, with dispatch_batches=False.
        loader = prepare_data_loader(
            DataLoader(stream, batch_size=1), num_processes=2, process_index=process,
            put_on_device=False, dispatch_batches=False,
        )  # fmt: skip
        reader = iter(loader)
        seen.append({next(reader)["file"][0] for _ in range(40)})  # round and round
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == everything and len(everything) == 23


def test_a_stream_of_shards_trains(tmp_path):
    rows = data.load("sounds", "train").select(range(40))
    for number in range(2):
        rows.shard(2, number).to_parquet(tmp_path / f"train-{number}.parquet")
    rows.select(range(8)).to_parquet(tmp_path / "validation.parquet")
    run = {"data": str(tmp_path), "streaming": True, "batch_size": 4}
    summary = training.finetune("classification", tmp_path / "m", steps=3, **run)
    assert summary["steps"] == 3 and summary["loss"] != summary["loss_before"]
    with pytest.raises(RecipeError, match="--steps"):
        training.finetune("classification", tmp_path / "n", **run)
    stream, _ = sources.training("classification", str(tmp_path), streaming=True)
    with pytest.raises(RecipeError, match="2 shards for 3 processes"):
        training._stream(None, stream, processes=3)


def test_many_files_are_answered_once_each_by_two_processes(whole, sounds, tmp_path):
    model, _ = whole
    pile = tmp_path / "pile"
    for path in sounds.rglob("*.ogg"):
        copy = pile / path.relative_to(sounds)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (pile / "dog" / "torn.wav").write_bytes(b"RIFF....WAVE")
    arguments = ["evaluate", "classification", *options(model=model, data=pile)]
    results = tmp_path / "results.jsonl"
    done = launched(TWO, *arguments, "--out", results)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["file"] for line in lines) == sorted(
        path.relative_to(pile).as_posix() for path in pile.rglob("*.*")
    )
    (wrong,) = [line for line in lines if "error" in line]
    assert wrong["file"] == "dog/torn.wav" and wrong["error"].startswith("dog/torn.wav: ")
    good = [line for line in lines if "error" not in line]
    right = [line["label"] == line["reference"] for line in good]
    assert f"accuracy    {np.mean(right):.4f}\n" in done.stdout
    assert done.stdout.count("\nanswered  ") == 1

    # Stopped in the middle of a line: what is whole stays, the rest is answered again.
    kept = "".join(json.dumps(line) + "\n" for line in good[:20])
    results.write_text(kept + json.dumps(good[20])[:15], encoding="utf-8")
    (pile / "dog" / "torn.wav").unlink()
    again = inference.evaluate("classification", str(model), results, data=str(pile))
    assert (again["answered"], again["errors"], again["skipped"]) == (30, 0, 20)
    assert again["accuracy"] == pytest.approx(np.mean(right))
    assert results.read_text(encoding="utf-8").startswith(kept)
    results.write_text("\n" + results.read_text(encoding="utf-8"), encoding="utf-8")  # by an editor
    again = inference.evaluate("classification", str(model), results, data=str(pile))
    assert (again["answered"], again["skipped"]) == (30, 30)
    with pytest.raises(RecipeError, match="holds answers of"):
        inference.evaluate("classification", "sound-classifier", results, data=str(pile))
    results.write_text("no json\n" + kept, encoding="utf-8")
    with pytest.raises(RecipeError, match="line 1: is no result"):
        inference.evaluate("classification", str(model), results, data=str(pile))


def test_a_file_on_which_the_model_fails_is_an_error_of_its_own(monkeypatch, tmp_path, sounds):
    loose = tmp_path / "loose"
    loose.mkdir()
    for place in range(3):
        (loose / f"{place}.ogg").write_bytes((sounds / "dog" / f"{place}.ogg").read_bytes())
    kind = recipes.find("classification")
    answer = kind.answer

    def fails_on_one(self, rows):
        if any(row["file"] == "1.ogg" for row in rows):
            raise RuntimeError("kernel size")
        return answer(self, rows)

    monkeypatch.setattr(kind, "answer", fails_on_one)
    found = inference.evaluate(
        "classification", "sound-classifier", tmp_path / "r.jsonl", data=str(loose)
    )
    assert found == {"answered": 2, "errors": 1, "skipped": 0}  # no references, no score
    lines = [
        json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    (error,) = [line for line in lines if "error" in line]
    assert (error["file"], error["error"]) == ("1.ogg", "RuntimeError: kernel size")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 5, "epochs": 1}, "--steps and --epochs"),
        ({"precision": "fp16"}, "fp16 needs a GPU"),
        ({"data": "nowhere"}, "nowhere is no data set"),
        ({"model": "nobody/nothing"}, "--profile hub"),
        ({"data": "speech"}, "no column 'label'"),
        ({"model": "synthesiser"}, "synthesiser is no model for classification"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(changes, said, tmp_path, monkeypatch):
    monkeypatch.setattr(training.torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecipeError, match=said):
        training.finetune("classification", tmp_path, **changes)


def test_a_classifier_is_no_recogniser(tmp_path):
    with pytest.raises(RecipeError, match="sound-classifier is no model for asr: it has no token"):
        training.finetune("asr", tmp_path / "m", model="sound-classifier")


def test_a_file_is_no_folder_for_the_result(tmp_path):
    (tmp_path / "m").write_text("mine", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"m: cannot be written \(File exists\)"):
        training.finetune("classification", tmp_path / "m")
    assert (tmp_path / "m").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["fsdp", "deepspeed"])
def test_a_model_is_not_divided_among_processes(name, tmp_path, monkeypatch):
    monkeypatch.setenv(f"ACCELERATE_USE_{name.upper()}", "true")  # what accelerate launch sets
    with pytest.raises(RecipeError, match=f"--use_{name} divides a model"):
        training.finetune("classification", tmp_path / "m")


def test_the_command_says_it_once_without_a_traceback(tmp_path):
    done = launched(CLI, "finetune", "asr", *options(out=tmp_path / "m", data="nowhere"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("course-utils: nowhere is no data set")
    with pytest.raises(RecipeError, match="classification, asr, diarization, tts"):
        recipes.find("music")


ELSEWHERE = ("run", "prefetch", "doctor")
"""Commands that have tests of their own; they take minutes or a network."""

# `python -m course_utils.course.cli` is the same program as `course-utils`, and lesson 13 runs it.
STARTS = re.compile(r"(?:accelerate launch|python -m accelerate\S*|course-utils) ")


def commands(text):
    """Return the commands in a text: whole lines, with or without ``$``, and inline code."""
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [" ".join(line.removeprefix("$ ").split()) for line in [*text.splitlines(), *inline]]
    return [line for line in lines if STARTS.match(line) and set(line.split()) & COMMANDS]


COMMANDS = {"finetune", "evaluate", "progress", "where", "lessons", *ELSEWHERE}


def printed():
    """Return the commands of README and of lessons 12 and 13, the longest of each kind."""
    texts = [(syllabus.folder().parent / "README.md").read_text(encoding="utf-8")]
    for lesson in syllabus.select(["12", "13"]):
        for cell in nbformat.read(syllabus.folder() / lesson.file, as_version=4).cells:
            texts += [cell.source] if cell.cell_type == "markdown" else []
            texts += [output.get("text", "") for output in cell.get("outputs", [])]
    found = {}
    for line in sorted((line for text in texts for line in commands(text)), key=len):
        words = line.split()
        place = next(n for n, word in enumerate(words) if word in COMMANDS)
        only_named = words[place] in ("finetune", "evaluate") and words[place:] == words[-1:]
        if words[place] not in ELSEWHERE and not only_named:
            kind = (*words[:3], "--machine_rank" in words) if words[0] != "course-utils" else ()
            found[*kind, *words[place : place + 2]] = words
    return sorted(found.values(), key=lambda words: "evaluate" in words)  # it needs a model


def start(words, folder):
    """Start a command as printed, with two processes instead of more; return its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    instead = {"--num_processes": "2", "--main_process_ip": "127.0.0.1"}
    instead |= {"--main_process_port": port} if "--machine_rank" in words else {}
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    environment = os.environ | {"PATH": path, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment |= {"COURSE_MAX_STEPS": "1", "COURSE_MAX_CLIPS": "4"}
    program = shutil.which(words[0], path=path)
    started = []
    for rank in ("0", "1")[: 2 if "--machine_rank" in words else 1]:
        instead["--machine_rank"] = rank
        given = [instead.get(*pair) for pair in itertools.pairwise(words)]
        process = subprocess.Popen(
            [program, *given], cwd=folder, env=environment, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
    return started


def test_every_printed_command_runs_from_another_folder(sounds, folders, tmp_path):
    shutil.copytree(sounds, tmp_path / "my-sounds")
    for name, task in (("my-clips", "asr"), ("my-voice", "tts"), ("my-calls", "diarization")):
        shutil.copytree(folders[task], tmp_path / name)
    for name in ("shards", "pile"):
        shutil.copytree(sounds, tmp_path / "models/scale-up" / name)
    wanted = printed()
    text = "\n".join(map(" ".join, wanted))
    assert {task for task in recipes.TASKS if f"finetune {task}" in text} == set(recipes.TASKS)
    assert "accelerate launch" in text and "--machine_rank" in text and " evaluate " in text
    for words in wanted:
        if "--out" in words and "--resume" not in words and "evaluate" not in words:
            shutil.rmtree(tmp_path / words[words.index("--out") + 1], ignore_errors=True)
        for process in start(words, tmp_path):
            said, _ = process.communicate()
            assert process.returncode == 0, f"{shlex.join(words)}\n{said}"


def test_a_command_that_accelerate_takes_for_a_file_fails(tmp_path):
    """The form that was printed once: the test above would notice it."""
    (line,) = commands("use `accelerate launch course-utils lessons` here")
    (process,) = start(line.split(), tmp_path)
    said, _ = process.communicate()
    assert process.returncode != 0 and "can't open file" in said
