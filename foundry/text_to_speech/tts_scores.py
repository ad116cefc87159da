"""Scores and cards of the text-to-speech model and the vocoder: WER, similarity, distortion."""

import time
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import torch
from transformers import AutoModel, pipeline

from course_utils import audio, pipelines, scoring
from course_utils.formats import spelling
from course_utils.scoring import speech
from course_utils.simulation.augmentation import RATE
from foundry.common.files import fill_card
from foundry.recognition import recognition_scores
from foundry.speech import synthesiser
from foundry.speech.speech_data import PACKED
from foundry.text_to_speech.tts_features import HOP, extractor, mel_of
from foundry.voices import voice_scores

DOMAINS = ("home", "everyday", "phrasebook")
"""Domains of the test sentences; digits are left out, as recognisers write sequences as numbers."""

SENTENCES = 50
"""Number of test sentences, evenly spaced in the test split."""

TRAINING_VOICES = ("Beth", "Jack", "Nina", "Ralph")
"""Voices of the training split in the scores."""

TEST_VOICES = ("Alice", "Bob", "Carol", "Dave")
"""Voices of the test split in the scores; the model gets only their speaker embeddings."""


def held_out(count=SENTENCES):
    """Return ``count`` shipped clips of the test split, evenly spaced."""
    rows = recognition_scores.shipped("test", DOMAINS)
    return [rows[n] for n in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def griffin_lim(mel):
    """Return the waveform of a mel spectrogram by the algorithm of Griffin and Lim (1984).

    Parameters
    ----------
    mel : numpy.ndarray
        Spectrogram from :func:`foundry.text_to_speech.tts_features.mel_of`, shape ``(frames, 80)``.

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


def transcriber(judge):
    """Return a function from clips and reference texts to normalised transcripts of a recogniser.

    Numbers are spelled out. Transcripts are cut at three times the length of the reference, because
    a recogniser can repeat itself endlessly on noise.
    """
    recognise = pipeline("automatic-speech-recognition", model=str(judge), device="cpu")

    def hear(clips, texts):
        answers = [recognise({"array": clip, "sampling_rate": RATE})["text"] for clip in clips]
        return [
            scoring.normalise_text(spelling.spell_out(answer[: 3 * len(text)]))
            for text, answer in zip(texts, answers, strict=True)
        ]

    return hear


def mean_embeddings(embed, split, names):
    """Return voice to mean embedding over its clips in a shipped split, float32, shape ``(n,)``."""
    rows = [row for row in recognition_scores.shipped(split, PACKED) if row["speaker"] in names]
    clips = {name: [] for name in names}
    for row in rows:
        clips[row["speaker"]].append(audio.load(row["audio"], RATE)[0])
    return {name: embed(own).mean(0) for name, own in clips.items()}


def score(speak, voices, hear, texts, embed):
    """Return the scores of synthesised sentences.

    Parameters
    ----------
    speak : callable
        Function from a text and a speaker embedding, shape ``(1, n)``, to samples at 16 kHz.
    voices : dict
        Name to speaker embedding.
    hear : callable
        Function from `transcriber`.
    texts : list of str
        Sentences.
    embed : callable
        Function from clips to unit-length embeddings.

    Returns
    -------
    dict
        For each voice and ``all``: ``wer`` of normalised texts, its ``interval``, ``cer``, number
        of ``utterances``, ``similarity`` (mean cosine to the given embedding) and
        ``real_time_factor`` (computing time divided by the duration of the speech).
    """
    parts, all_references, all_predictions = {}, [], []
    for name, vector in voices.items():
        began = time.perf_counter()
        clips = [speak(text, torch.as_tensor(vector)[None]) for text in texts]
        took = time.perf_counter() - began
        references = [scoring.normalise_text(text) for text in texts]
        predictions = hear(clips, references)
        parts[name] = recognition_scores.score(references, predictions) | {
            "similarity": float((embed(clips) @ (vector / np.linalg.norm(vector))).mean()),
            "real_time_factor": took * RATE / sum(map(len, clips)),
        }
        all_references, all_predictions = all_references + references, all_predictions + predictions
    means = {
        measure: float(np.mean([part[measure] for part in parts.values()]))
        for measure in ("similarity", "real_time_factor")
    }
    return parts | {"all": recognition_scores.score(all_references, all_predictions) | means}


def score_speaker(out, judge):
    """Return the scores of an exported text-to-speech model.

    Parameters
    ----------
    out : pathlib.Path
        Folder of the model; the vocoder and the speaker encoder are beside it.
    judge : pathlib.Path
        Folder of a recogniser.

    Returns
    -------
    dict
        Results of `score` for training voices (``heard``), for test voices (``unheard``), and for
        training voices with Griffin-Lim instead of the vocoder (``griffin_lim``).
    """
    embed, hear = voice_scores.embedder(out.parent / "pocket-speaker"), transcriber(judge)
    speaker = synthesiser.load(out)
    speak = partial(synthesiser.say, speaker)
    texts = [row["text"] for row in held_out()]

    @torch.inference_mode()
    def speak_griffin_lim(text, vector):
        tokens = speaker.tokenizer(text, return_tensors="pt")
        return griffin_lim(speaker.model(**tokens, speaker_embedding=vector).spectrogram[0].numpy())

    known = mean_embeddings(embed, "train", TRAINING_VOICES)
    return {
        "heard": score(speak, known, hear, texts, embed),
        "unheard": score(speak, mean_embeddings(embed, "test", TEST_VOICES), hear, texts, embed),
        "griffin_lim": score(speak_griffin_lim, known, hear, texts, embed),
    }


def score_vocoder(out, judge, real):
    """Return the scores of an exported vocoder on spectrograms of recordings.

    Parameters
    ----------
    out : pathlib.Path
        Folder of the model.
    judge : pathlib.Path
        Folder of a recogniser.
    real : pathlib.Path
        Folder that contains ``fsdd``.

    Returns
    -------
    dict
        ``wer`` on clips of the test split, for the ``vocoder``, the ``recordings`` and
        ``griffin_lim``; ``mcd`` (mel-cepstral distortion in dB) on these clips and on recorded
        digits, five in a row; ``real_time_factor``.
    """
    pipelines.register()
    vocoder = AutoModel.from_pretrained(out, dtype=torch.float32).eval()
    hear, rows = transcriber(judge), held_out()
    texts = [row["text"] for row in rows]
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    digits = [audio.load(path, RATE)[0] for path, *_ in recognition_scores.digit_rows(real)]
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
        "wer": {
            name: recognition_scores.score(texts, hear(own, texts)) for name, own in made.items()
        },
        "mcd": {
            "speech": distortion(clips, made["vocoder"]),
            "speech, Griffin-Lim": distortion(clips, made["griffin_lim"]),
            "people": distortion(lines, [through(line) for line in lines]),
            "people, Griffin-Lim": distortion(lines, [griffin_lim(mel_of(line)) for line in lines]),
        },
        "real_time_factor": took * RATE / sum(map(len, clips)),
    }


def rows_of(table):
    """Return results of `score` as rows of a Markdown table."""
    return "\n".join(
        f"| {name} | {recognition_scores.percent(row)} | {row['similarity']:.2f} |"
        for name, row in table.items()
    )


def write_speaker_card(out, results):
    """Write the card of the text-to-speech model from its results."""
    tables = {name: rows_of(results[name]) for name in ("heard", "unheard", "griffin_lim")}
    factor = f"{results['heard']['all']['real_time_factor']:.2f}"
    template = Path(__file__).with_name("tts_card.md")
    fill_card(template, out, results["training"], factor=factor, **tables)


def write_vocoder_card(out, results):
    """Write the card of the vocoder from its results."""
    fill_card(
        Path(__file__).with_name("vocoder_card.md"),
        out,
        results["training"],
        factor=f"{results['real_time_factor']:.2f}",
        wer=recognition_scores.table(results["wer"]),
        mcd="\n".join(f"| {name} | {value:.1f} |" for name, value in results["mcd"].items()),
    )
