"""Answering many clips of mixed length: `course-utils evaluate` against a list and `pipeline()`."""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from measure import comparison, growth, paired, shares

from course_utils import audio, catalog, data
from course_utils.finetuning import inference

CLIPS = 500
RATE = 16_000
BATCH = 8
JOBS = (
    ("classification", "audio-classification", "classifier-base", CLIPS),
    ("asr", "automatic-speech-recognition", "ctc-recogniser", CLIPS),
    ("asr", "automatic-speech-recognition", "recogniser", 100),  # which takes its time
)
# Of each model: the file and the function in which its network runs, and its extractor.
INSIDE = {
    "classifier-base": (
        "modeling_audio_spectrogram_transformer", "audio_spectrogram_transformer", "forward",
    ),
    "ctc-recogniser": ("modeling_wav2vec2_bert", "seamless_m4t", "forward"),
    "recogniser": ("generation_whisper", "whisper", "generate"),
}  # fmt: skip


def speech(count, folder):
    """Write clips of 0.5 s to 10 s, cut from utterances in a row, and return their paths."""
    rows = data.load("speech", "train")
    whole = np.concatenate([audio.load(row["audio"], RATE)[0] for row in rows])
    rng, paths = np.random.default_rng(0), []
    for number in range(count):
        length = round(RATE * float(np.exp(rng.uniform(np.log(0.5), np.log(10)))))
        start = rng.integers(len(whole) - length)
        paths.append(Path(folder, f"{number:03d}.wav"))
        audio.save(paths[-1], whole[start : start + length], RATE)
    return paths


def ours(task, model, folder):
    """Answer a folder as the command does, results written to a file."""
    out = Path(folder, "answers.jsonl")
    out.unlink(missing_ok=True)
    found = inference.evaluate(task, model, out, data=str(folder), batch_size=BATCH)
    assert found["errors"] == 0
    return None


def tutorial(kind, model, paths):
    """Load a pipeline, give it a list, a clip a call as it does by default."""
    pipe = transformers.pipeline(kind, model=catalog.model(model), device="cpu")
    clips = [{"array": audio.load(path, RATE)[0], "sampling_rate": RATE} for path in paths]
    window = getattr(pipe.feature_extractor, "chunk_length", None)  # a Whisper hears no more
    options = {"chunk_length_s": window} if window else {}
    return [json.dumps(answer) for answer in pipe(clips, **options)]


def bare(task, model, paths):
    """Sort, pad and answer in batches without the pipeline."""
    checkpoint = catalog.model(model)
    clips = sorted((audio.load(path, RATE)[0] for path in paths), key=len)
    batches = [clips[first : first + BATCH] for first in range(0, len(clips), BATCH)]
    if task == "classification":
        extractor = transformers.AutoFeatureExtractor.from_pretrained(checkpoint)
        network = transformers.AutoModelForAudioClassification.from_pretrained(checkpoint)
    else:
        processor = transformers.AutoProcessor.from_pretrained(checkpoint)
        extractor = processor.feature_extractor
        network = transformers.AutoModelForCTC.from_pretrained(checkpoint)
    network, answers = network.float().eval(), []
    with torch.inference_mode():
        for batch in batches:
            made = extractor(batch, sampling_rate=RATE, padding=True, return_tensors="pt")
            best = network(**made).logits.argmax(-1)
            answers += best.tolist() if task == "classification" else processor.batch_decode(best)
    return answers


def compared(task, kind, model, paths, folder):
    """Return the row of one job."""
    ways = {
        "ours": lambda: ours(task, model, folder),
        "pipeline(list)": lambda: tutorial(kind, model, paths) and None,
    }
    if model != "recogniser":  # which generates, so that there is little to do without
        ways["sorted batches without pipeline"] = lambda: bare(task, model, paths) and None
    work = f"{kind}, {model}, {len(paths)} clips of 0.5 s to 10 s"
    found = comparison(work, paired(ways, rounds=2), **{"pipeline(list)": 1.5})
    found["rate"] = len(paths) / found["seconds"]
    return found


def measure_all():
    """Yield the rows of this section, more each time."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    rows, grown = [], []
    for task, kind, model, count in JOBS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compared(task, kind, model, speech(count, folder), folder))
            yield {"rows": rows}
    profile = profiles()
    yield {"rows": rows, "profile": profile}
    for count in (30, 120, 480):
        folder = tempfile.TemporaryDirectory()
        speech(count, folder.name)
        grown.append((count, folder))
    folders = dict(grown)
    line = growth(
        "CTC recognition", (30, 120, 480),
        lambda count: ours("asr", "ctc-recogniser", folders[count].name), "clips", repeats=1,
        note="a fixed part, opening the model",
    )  # fmt: skip
    for folder in folders.values():
        folder.cleanup()
    yield {"rows": rows, "growth": [line], "profile": profile}


def profiles():
    """Tell where the time of each job goes, on 100 clips."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        speech(100, folder)
        for task, _, model, _ in JOBS:
            network, extractor, function = INSIDE[model]
            parts = {
                "decoding": ("course_utils/audio.py", "load"),
                "features": (f"feature_extraction_{extractor}.py", "__call__"),
                "the network": (f"{network}.py", function),
            }
            ours(task, model, folder)  # what is imported on demand is imported
            found.append(
                shares(f"{model}, 100 clips", lambda t=task, m=model: ours(t, m, folder), parts)
            )
    return found
