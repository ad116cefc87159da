"""Damaged files for every reader: `python fuzzing.py READER` in a process of its own.

Each mutant is read under a time limit and, together, in bounded memory. What is printed, as JSON,
is how many gave a result, how many the documented error, what went wrong otherwise, and how far the
memory grew.
"""

import json
import logging
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import warnings
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "critical", "MPLBACKEND": "Agg"}
os.environ |= {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parents[1] / "audio"))

import numpy as np
from test_audio_fuzz import mutate

SECONDS = 300
"""Seconds after which a reader counts as one that hangs, on a slow and busy machine too."""
MEMORY = 10 * 2**30
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of the unit in which the system tells how much memory a process had."""
# Texts that trip readers: breaks, quotes, paths, numbers too large, half a surrogate pair.
WORDS = [
    "..", "../x", "/etc/passwd", "\\", "\0", '"', ",", ",,", "\n", "\r", "\n\n", "\t", " ",
    "\ufeff", "\u202e", "\u2028", "-->", "<b>", "&", "1e999", "-1", "nan", "9" * 400, "9" * 5000,
    "٣", "null", "true", "[" * 50, "{", "}", "SPEAKER", "WEBVTT", "audio", "file_name",
    "00:00:00,000",
]  # fmt: skip
NUMBERS = ["0", "-1", "1", "7", "2.5", "999999", "99999999999", "1e9", "null", '"x"', "[]", "{}"]


def damaged(content, rng):
    """Return a copy with a word put in, a number exchanged, or bytes mutated; or all of it."""
    if rng.random() < 0.5:
        content = mutate(content, rng)
    for _ in range(rng.randrange(3)):
        at, word = rng.randrange(len(content) + 1), rng.choice(WORDS).encode()
        content = content[:at] + word + content[at + rng.choice([0, 0, 1, 6]) :]
    if rng.random() < 0.4 and (found := list(re.finditer(rb"\d+", content))):
        place = rng.choice(found)
        content = content[: place.start()] + rng.choice(NUMBERS).encode() + content[place.end() :]
    return content


def rttm(folder):
    from course_utils.formats import rttm

    turns = [{"speaker": s, "start": n * 1.25, "end": n + 2.0} for n, s in enumerate("abba")]
    seed = rttm.to_rttm({"call": turns, "other": turns[:1]}) + ";; a comment\nLEXEME call 1 0 1 a\n"

    def read(path):
        for turns in rttm.load(path).values():
            assert all(0 <= t["start"] < t["end"] < float("inf") for t in turns)

    return {"call.rttm": seed.encode()}, read, rttm.RttmError, 6_000


def subtitles(folder):
    from course_utils.formats import subtitles

    texts = ("one", "two\n\nlines", "3")
    chunks = [{"timestamp": (n, n + 0.5), "text": text} for n, text in enumerate(texts)]

    def read(path):
        for chunk in subtitles.load(path):
            assert all(0 <= time < float("inf") for time in chunk["timestamp"])
            assert isinstance(chunk["text"], str)

    seed = subtitles.to_srt(chunks).encode()
    return {"a.srt": seed}, read, subtitles.SubtitleError, 3_000


def ledger(folder):
    from course_utils.course import progress

    os.environ["COURSE_HOME"] = str(folder)
    for number in range(3):
        progress.record(f"task {number}", metric="wer", baseline=0.5, finetuned=0.25, seconds=9)
    seed = progress.path().read_bytes()

    def read(path):
        before = progress.latest()
        print(progress.table(before), file=Unread)
        progress.record("another", metric="wer", baseline=0.5)
        assert [entry for entry in progress.latest() if entry["task"] != "another"] == before

    return {"progress.json": seed}, read, progress.LedgerError, 5_000


def metadata(folder):
    from course_utils import audio, data

    (folder / "sub").mkdir()
    for name in ("a.wav", "b.wav", "sub/c.wav"):
        audio.save(folder / name, np.full(160, 0.1, np.float32), 16_000)
    seed = (
        'file_name,label,text,take\na.wav,dog,"Hello, ""you""",1\nb.wav,cat,NA,2.5\n'
        'sub/c.wav,007,"two\nlines",3\n'
    )

    def read(path):
        for row in data.load_folder(folder):
            assert Path(row["audio"]["path"]).resolve().is_relative_to(folder.resolve())

    return {"metadata.csv": seed.encode()}, read, data.DataError, 1_500


def parquet(folder):
    from course_utils import data

    rows = data.load("sounds", "test").select(range(3))
    rows.to_parquet(folder / "train.parquet")
    seed = (folder / "train.parquet").read_bytes()

    def read(path):
        for row in data.load_parquet(path):
            assert set(row["audio"]) == {"bytes", "path"}

    return {"train.parquet": seed}, read, data.DataError, 1_500


def results(folder):
    """Answers of an earlier run, which `evaluate` takes up again; the recipe needs no model."""
    from course_utils import audio
    from course_utils.finetuning import inference, recipes
    from course_utils.finetuning.recipes.classification import Classification

    class Loud(Classification):
        def __init__(self, checkpoint):
            pass

        def open(self, rows):
            pass

        def answer(self, rows):
            return [{"label": "loud", "score": 1.0} for _ in rows]

    recipes.find = lambda task: Loud
    for name in ("loud/a.wav", "loud/b.wav", "quiet/c.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        audio.save(folder / name, np.full(1_600, 0.1, np.float32), 16_000)
    out = folder / "answers.jsonl"

    def read(path):
        found = inference.evaluate("classification", "sound-classifier", out, data=str(folder))
        assert found["answered"] == 3

    out.unlink(missing_ok=True)
    read(out)
    return {"answers.jsonl": out.read_bytes()}, read, recipes.RecipeError, 1_000


def checkpoint(folder, name, task, kind, **small):
    """A small model's folder, opened as `evaluate` and `finetune` open it."""
    import transformers

    from course_utils import catalog
    from course_utils.finetuning import checkpoints, recipes

    source = catalog.model(name)
    config = transformers.AutoConfig.from_pretrained(source)
    for key, value in small.items():
        setattr(config, key, value)
    seed = folder / "seed"
    kind.from_config(config).save_pretrained(seed)
    if task == "asr":
        transformers.AutoProcessor.from_pretrained(source).save_pretrained(seed)
    else:
        transformers.AutoFeatureExtractor.from_pretrained(source).save_pretrained(seed)
    files = {path.name: path.read_bytes() for path in seed.iterdir()}

    def read(path):
        with checkpoints.opening("the model", task):
            recipe = recipes.find(task)(checkpoints.checkpoint_of(str(folder)))
            if task == "classification":
                recipe.options = {"id2label": {0: "a", 1: "b"}, "ignore_mismatched_sizes": True}
            recipe.open([])
            recipe.fresh_model()

    return files, read, recipes.RecipeError, 300


def classifier(folder):
    from transformers import AutoModelForAudioClassification as Kind

    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    return checkpoint(
        folder, "sound-classifier", "classification", Kind, intermediate_size=8, **small
    )


def recogniser(folder):
    from transformers import AutoModelForSpeechSeq2Seq as Kind

    small = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
    small |= {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    small |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    return checkpoint(folder, "recogniser", "asr", Kind, **small)


def resume(folder):
    """A checkpoint of a run, which `finetune --resume` goes on from."""
    from course_utils import audio
    from course_utils.finetuning import recipes, training

    for place, name in enumerate(("loud/a", "loud/b", "quiet/c", "quiet/d")):
        (folder / "sounds" / name).parent.mkdir(parents=True, exist_ok=True)
        clip = np.full(1_600, 0.1 * place, np.float32)
        audio.save(folder / "sounds" / f"{name}.wav", clip, 16_000)
    (folder / "start").mkdir()
    files, *_ = classifier(folder / "start")
    for name, content in files.items():
        (folder / "start" / name).write_bytes(content)
    run = {"data": str(folder / "sounds"), "model": str(folder / "start"), "batch_size": 2}
    run |= {"save_steps": 1, "deterministic": True}
    training.finetune("classification", folder / "whole", steps=1, **run)
    checkpoint = Path("checkpoints", "checkpoint-1")
    files = {path.name: path.read_bytes() for path in (folder / "whole" / checkpoint).iterdir()}
    files.pop(training.WHOLE)  # the mark, of which nothing but the name is read

    def read(path):
        shutil.rmtree(folder / "run", ignore_errors=True)
        (folder / "run" / checkpoint).mkdir(parents=True)
        for name in files:
            shutil.copy(folder / name, folder / "run" / checkpoint / name)
        (folder / "run" / checkpoint / training.WHOLE).touch()
        training.finetune("classification", folder / "run", steps=2, resume=True, **run)

    return files, read, recipes.RecipeError, 60


READERS = (resume, rttm, subtitles, ledger, metadata, parquet, results, classifier, recogniser)


class Unread:
    """Where tables go; a text that cannot be encoded fails here as in a terminal."""

    @staticmethod
    def write(text):
        text.encode()


def hang(*_):
    raise TimeoutError(f"takes more than {SECONDS} s")


def main(name):
    """Read every mutant and print what came of it."""
    make = next(reader for reader in READERS if reader.__name__ == name)
    memory = Path("/dev/shm")  # which is faster than a disk
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    try:
        files, read, error_class, count = make(folder)
        print(json.dumps(fuzz(folder, files, read, error_class, count)))
    finally:
        shutil.rmtree(folder)


def fuzz(folder, files, read, error_class, count):
    """Damage one file at a time, put the others back, read."""
    logging.disable()
    if sys.platform == "linux":  # macOS reserves more for every process
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, hang)
    rng, names, failures, tally = random.Random(20_26), sorted(files), [], [0, 0]
    for file, content in files.items():
        (folder / file).write_bytes(content)
    read(folder / names[0])  # what is imported on demand is no growth
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    name = names[0]
    for index in range(count):
        (folder / name).write_bytes(files[name])
        name = rng.choice(names)
        (folder / name).write_bytes(damaged(files[name], rng))
        signal.alarm(SECONDS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(folder / name)
            tally[0] += 1
        except error_class as error:
            tally[1] += 1
            if not str(error) or "\n" in str(error):
                failures.append([index, name, f"not one sentence: {error}"])
        except BaseException as error:
            failures.append([index, name, repr(error)[:300]])
        finally:
            signal.alarm(0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "results": tally[0], "errors": tally[1], "failures": failures, "grown": grown * UNIT,
    }  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
