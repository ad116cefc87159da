"""On a CUDA GPU, the shipped models answer as they do on the CPU, and every recipe trains."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, pipeline

from course_utils import audio, catalog, data, pipelines, scoring
from course_utils.finetuning import recipes, training
from course_utils.simulation import conversations

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU"),
]
pipelines.register()


def clips(name, count):
    """Return the first test clips of a data set as the pipelines take them."""
    rows = data.load(name, split="test").select(range(count))
    return [{"array": audio.load(row["audio"], 16_000)[0], "sampling_rate": 16_000} for row in rows]


def both(task, role, **options):
    """Return the same pipeline on the CPU and on the GPU."""
    return [
        pipeline(task, model=catalog.model(role), device=device, **options)
        for device in ("cpu", "cuda")
    ]


@pytest.mark.parametrize(
    ("role", "rows"), [("sound-classifier", "sounds"), ("genre-classifier", "genres")]
)
def test_classifiers_agree(role, rows):
    slow, fast = (p(clips(rows, 20), top_k=1) for p in both("audio-classification", role))
    assert [best["label"] for (best,) in slow] == [best["label"] for (best,) in fast]
    difference = [a["score"] - b["score"] for (a,), (b,) in zip(slow, fast, strict=True)]
    assert np.abs(difference).max() < 0.01


@pytest.mark.parametrize("role", ["recogniser", "ctc-recogniser"])
def test_recognisers_agree(role):
    slow, fast = (p(clips("speech", 20)) for p in both("automatic-speech-recognition", role))
    pairs = {"references": [a["text"] for a in slow], "predictions": [b["text"] for b in fast]}
    assert scoring.load("wer").compute(**pairs)["wer"] < 0.02


@pytest.mark.parametrize("beside", [{}, {"speaker_model": "speaker-encoder"}])
@pytest.mark.parametrize("role", ["speaker-encoder", "diarizer"])
def test_diarizers_agree(role, beside):
    if beside and role == "speaker-encoder":
        pytest.skip("a speaker encoder needs no second one")
    beside = {key: catalog.model(name) for key, name in beside.items()}
    talk = conversations.simulate(data.load("speech", split="test"), 1)["audio"]
    slow, fast = (p(talk) for p in both("speaker-diarization", role, **beside))
    der = scoring.load("der").compute(references=[slow], predictions=[fast], collar=0.0)["der"]
    assert slow and der < 0.02


def test_speaker_embeddings_agree():
    clip = clips("speech", 1)[0]["array"]
    slow, fast = (
        pipelines.SpeakerEmbedder(catalog.model("speaker-encoder"), device)(clip)
        for device in ("cpu", "cuda")
    )
    assert slow @ fast > 0.999


def test_the_synthesiser_speaks_with_its_vocoder_on_the_gpu():
    vocoder = AutoModel.from_pretrained(catalog.model("vocoder"), dtype="float32").eval()
    voice = pipelines.SpeakerEmbedder(catalog.model("voice-encoder"))(
        clips("speech", 1)[0]["array"]
    )
    options = {"forward_params": {"speaker_embedding": torch.tensor(voice)[None].cuda()}}
    speak = pipeline(
        "text-to-speech",
        model=catalog.model("synthesiser"),
        vocoder=vocoder.to("cuda"),
        device="cuda",
    )
    samples = np.squeeze(speak("turn on the light in the kitchen", **options)["audio"])
    assert np.isfinite(samples).all() and 0.5 < len(samples) / 16_000 < 6


def test_the_music_generator_plays():
    play = pipeline("text-to-audio", model=catalog.model("music-generator"), device="cuda")
    made = play("fast techno in a minor key", forward_params={"max_new_tokens": 30})
    assert np.isfinite(made["audio"]).all() and np.abs(made["audio"]).max() > 0.01


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("task", recipes.TASKS)
def test_each_recipe_trains(task, precision, tmp_path):
    summary = training.finetune(task, tmp_path, steps=2, batch_size=2, precision=precision)
    assert summary["steps"] == 2
