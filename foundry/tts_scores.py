"""Scores of generated speech: what a recogniser that had no part in it understands, whose it is."""

import json
import time
from pathlib import Path
from string import Template

import librosa
import numpy as np
import torch
from transformers import AutoModel, pipeline

from course_utils import audio, pipelines, scoring
from course_utils.formats import spelling
from course_utils.scoring import speech
from course_utils.simulation.augmentation import RATE
from foundry import speech_scores, voice_scores
from foundry.speech import PACKED
from foundry.tts_features import HOP, extractor, mel_of

DOMAINS = ("home", "everyday", "phrasebook")
"""Not digits: recognisers write several in a row as one number."""

SENTENCES = 50
"""Sentences of the test split that are spoken, evenly spaced, none of them in training."""

HEARD = ("af_heart", "am_michael", "bf_emma", "bm_george")
"""Training voices that speak them."""

UNHEARD = ("af_sarah", "am_liam", "bf_lily", "bm_lewis")
"""Voices of the test split that speak them too: models know no more of them than a vector."""


def held_out(count=SENTENCES):
    """List shipped clips of the test split, whose sentences training never heard."""
    rows = speech_scores.shipped("test", DOMAINS)
    return [rows[n] for n in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def griffin_lim(mel):
    """Make a waveform of a mel spectrogram without a network (Griffin and Lim 1984).

    Parameters
    ----------
    mel : numpy.ndarray
        As :func:`.tts_features.mel_of` gives it, shape ``(frames, 80)``.

    Returns
    -------
    numpy.ndarray
        float32, mono at 16 kHz.
    """
    filters = extractor().mel_filters
    magnitudes = np.maximum(np.linalg.pinv(filters.T) @ 10 ** np.asarray(mel, np.float64).T, 0)
    return librosa.griffinlim(magnitudes, n_iter=60, hop_length=HOP, random_state=0).astype(
        np.float32
    )


def heard_by(judge):
    """Open a recogniser; give a function from clips and what they say to what it writes.

    It writes "3" for "three", and in noise it may repeat itself for ever: both are put right.
    """
    recognise = pipeline("automatic-speech-recognition", model=str(judge), device="cpu")

    def hear(clips, texts):
        answers = [recognise({"array": clip, "sampling_rate": RATE})["text"] for clip in clips]
        return [
            scoring.normalise_text(spelling.spell_out(answer[: 3 * len(text)]))
            for text, answer in zip(texts, answers, strict=True)
        ]

    return hear


def voices_of(embed, split, names):
    """Give the vectors of some shipped voices: the mean over their clips, float32, ``(n,)``."""
    rows = [row for row in speech_scores.shipped(split, PACKED) if row["speaker"] in names]
    clips = {name: [] for name in names}
    for row in rows:
        clips[row["speaker"]].append(audio.load(row["audio"], RATE)[0])
    return {name: embed(own).mean(0) for name, own in clips.items()}


def score(speak, voices, hear, texts, embed):
    """Have sentences spoken by voices and written down by a recogniser that had no part in it.

    Parameters
    ----------
    speak : callable
        From a text and a voice's vector, shape ``(1, n)``, to samples at 16 kHz.
    voices : dict
        From name to vector.
    hear : callable
        From `heard_by`.
    texts : list of str
        What is said.
    embed : callable
        From clips to vectors of length 1.

    Returns
    -------
    dict
        Of each voice and ``all``: ``wer`` (normalised texts) with its ``interval``, ``cer``,
        ``utterances``, ``similarity`` (mean cosine to the voice asked for) and
        ``real_time_factor``, seconds of computation for a second of speech.
    """
    parts, said, heard = {}, [], []
    for name, vector in voices.items():
        began = time.perf_counter()
        clips = [speak(text, torch.as_tensor(vector)[None]) for text in texts]
        took = time.perf_counter() - began
        references = [scoring.normalise_text(text) for text in texts]
        predictions = hear(clips, references)
        parts[name] = speech_scores.score(references, predictions) | {
            "similarity": float((embed(clips) @ (vector / np.linalg.norm(vector))).mean()),
            "real_time_factor": took * RATE / sum(map(len, clips)),
        }
        said, heard = said + references, heard + predictions
    means = {
        measure: float(np.mean([part[measure] for part in parts.values()]))
        for measure in ("similarity", "real_time_factor")
    }
    return parts | {"all": speech_scores.score(said, heard) | means}


def score_speaker(out, judge):
    """Score an exported text-to-speech model with the vocoder and the speaker model beside it.

    Parameters
    ----------
    out : pathlib.Path
        The model's folder.
    judge : pathlib.Path
        Folder of a recogniser.

    Returns
    -------
    dict
        What `score` gives, for ``heard`` and ``unheard`` voices and for ``griffin_lim``, heard
        voices without the vocoder.
    """
    embed, hear = voice_scores.embedder(out.parent / "pocket-speaker"), heard_by(judge)
    vocoder = AutoModel.from_pretrained(out.parent / "pocket-vocoder", dtype=torch.float32)
    pipelines.register()
    speaker = pipeline("text-to-speech", model=str(out), vocoder=vocoder.eval(), device="cpu")
    texts = [row["text"] for row in held_out()]

    def speak(text, vector):
        made = speaker(text, forward_params={"speaker_embedding": vector})
        return np.asarray(made["audio"], np.float32).ravel()

    @torch.inference_mode()
    def buzz(text, vector):
        tokens = speaker.tokenizer(text, return_tensors="pt")
        return griffin_lim(speaker.model(**tokens, speaker_embedding=vector).spectrogram[0].numpy())

    heard = voices_of(embed, "train", HEARD)
    return {
        "heard": score(speak, heard, hear, texts, embed),
        "unheard": score(speak, voices_of(embed, "test", UNHEARD), hear, texts, embed),
        "griffin_lim": score(buzz, heard, hear, texts, embed),
    }


def score_vocoder(out, judge, real):
    """Score an exported vocoder: spectrograms of recordings, made audible again.

    Parameters
    ----------
    out : pathlib.Path
        The model's folder.
    judge : pathlib.Path
        Folder of a recogniser.
    real : pathlib.Path
        Folder with ``fsdd`` in it.

    Returns
    -------
    dict
        For ``speech`` (clips of the test split) and ``people`` (recorded digits, five in a row):
        ``mcd`` in decibels and, of ``speech``, ``wer`` of the ``recordings``, of the ``vocoder``
        and of ``griffin_lim``; ``real_time_factor``.
    """
    vocoder = AutoModel.from_pretrained(out, dtype=torch.float32).eval()
    hear, rows = heard_by(judge), held_out()
    texts = [row["text"] for row in rows]
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    digits = [audio.load(path, RATE)[0] for path, *_ in speech_scores.digit_rows(real)]
    lines = [np.concatenate(digits[n : n + 5]) for n in range(0, 150, 5)]

    @torch.inference_mode()
    def through(clip):
        return vocoder(torch.from_numpy(mel_of(clip))).numpy()

    began = time.perf_counter()
    made = {"vocoder": [through(clip) for clip in clips]}
    took = time.perf_counter() - began
    made |= {"recordings": clips, "griffin_lim": [griffin_lim(mel_of(clip)) for clip in clips]}

    def distortion(originals, copies):
        pairs = zip(originals, copies, strict=True)
        return float(np.mean([speech.mel_cepstral_distortion(a, b, RATE) for a, b in pairs]))

    return {
        "wer": {name: speech_scores.score(texts, hear(own, texts)) for name, own in made.items()},
        "mcd": {
            "speech": distortion(clips, made["vocoder"]),
            "speech, Griffin-Lim": distortion(clips, made["griffin_lim"]),
            "people": distortion(lines, [through(line) for line in lines]),
            "people, Griffin-Lim": distortion(lines, [griffin_lim(mel_of(line)) for line in lines]),
        },
        "real_time_factor": took * RATE / sum(map(len, clips)),
    }


def rows_of(table):
    """Write what `score` gives as the rows of a table."""
    return "\n".join(
        f"| {name} | {speech_scores.percent(row)} | {row['similarity']:.2f} |"
        for name, row in table.items()
    )


def write_card(results, training, out, card, **tables):
    """Write ``results.json`` and a card with the figures.

    Parameters
    ----------
    results, training : dict
        Scores, and what the card says of the training by the names of its template.
    out : pathlib.Path
        The model's folder.
    card : str
        Name of the card's template, beside this module.
    **tables
        More to fill in.
    """
    (out / "results.json").write_text(json.dumps({"training": training} | results, indent=1) + "\n")
    size = f"{(out / 'model.safetensors').stat().st_size / 1e6:.1f}"
    text = Template(Path(__file__).with_name(card).read_text("utf-8"))
    (out / "README.md").write_text(text.substitute(training, size=size, **tables), "utf-8")
    print(f"{out}: {json.dumps(results)}")
