"""Scores and cards of the speaker encoder and the diarizer: verification and diarization."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
from transformers import pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.formats import rttm
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE, over_telephone
from foundry.common.files import fill_card, write_results
from foundry.recognition import recognition_scores
from foundry.speech.speech_data import PACKED
from foundry.speech.speech_features import simulate_channel

CONVERSATIONS = 60
"""Number of simulated conversations in a score."""

FIRST_SEED = {"validation": 500_000, "test": 600_000}
"""First seed of the conversations of a split; training uses smaller ones."""

COLLAR = 0.25
"""Collar of the DER in seconds, half of it on either side of each boundary of the reference."""

SEGMENT = 1.0
"""Length of the segments of meetings for verification, in seconds."""


def embedder(folder):
    """Return a function from clips to the unit-length embeddings of an exported speaker model."""
    voice_of = pipelines.SpeakerEmbedder(folder)

    def embed(clips):
        return np.stack([voice_of(clip) for clip in clips])

    return embed


def verification(embed, clips, speakers, groups=None):
    """Return the equal error rate of speaker verification over all pairs of clips.

    Parameters
    ----------
    embed : callable
        Function from :func:`embedder`.
    clips : list of numpy.ndarray
        Mono at 16 kHz.
    speakers : list of str
        Speaker of each clip.
    groups : list, optional
        Group of each clip, such as its recording; only pairs within a group are compared.

    Returns
    -------
    dict
        ``eer``, its ``threshold``, number of ``clips`` and of ``pairs``.
    """
    vectors = embed(clips)
    groups = [0] * len(clips) if groups is None else groups
    pairs = [(a, b) for a, b in combinations(range(len(clips)), 2) if groups[a] == groups[b]]
    first, second = np.array(pairs).T
    alike = np.sum(vectors[first] * vectors[second], axis=1)
    same = np.array(speakers)[first] == np.array(speakers)[second]
    rate, threshold = scoring.equal_error_rate(alike, same)
    return {"eer": rate, "threshold": threshold, "clips": len(clips), "pairs": len(pairs)}


def verify_all(embed, real):
    """Return the verification scores on unseen voices, clean and augmented, and on people."""
    table, music = {}, data.load("genres", "test")
    for split in ("validation", "test"):
        rows = recognition_scores.shipped(split, PACKED)
        clips = [audio.load(row["audio"], RATE)[0] for row in rows]
        speakers = [row["speaker"] for row in rows]
        table[f"{split}, as rendered"] = verification(embed, clips, speakers)
        noisy = [simulate_channel(np.random.default_rng(n), clip) for n, clip in enumerate(clips)]
        table[f"{split}, rooms and noise"] = verification(embed, noisy, speakers)
        line = [over_telephone(clip) for clip in noisy]
        table[f"{split}, also a telephone"] = verification(embed, line, speakers)
        mixed = [
            conversations.add_music(np.random.default_rng(n), clip, music)
            for n, clip in enumerate(noisy)
        ]
        table[f"{split}, also music"] = verification(embed, mixed, speakers)
    rows = recognition_scores.digit_rows(real)
    words = [(audio.load(path, RATE)[0], who) for path, _, who in rows]
    table["people, one digit"] = verification(embed, *map(list, zip(*words, strict=True)))
    lines = []
    for person in sorted({who for _, who in words}):
        own = [clip for clip, who in words if who == person]
        own = [own[n] for n in np.random.default_rng(0).permutation(len(own))]
        lines += [(np.concatenate(own[n : n + 5]), person) for n in range(0, len(own), 5)]
    table["people, five digits"] = verification(embed, *map(list, zip(*lines, strict=True)))
    clips, speakers, groups = _meeting_voices(real)
    table["meetings (AMI)"] = verification(embed, clips, speakers, groups)
    return table


def meetings(real):
    """Return name, samples and reference turns of each excerpt of the AMI meetings."""
    turns = rttm.load(real / "ami" / "ami.rttm")
    paths = sorted((real / "ami").glob("*.wav"))
    return [(path.stem, audio.load(path, RATE)[0], turns[path.stem]) for path in paths]


def _meeting_voices(real):
    """Return non-overlapped segments of `SEGMENT` seconds, their speakers and meetings."""
    clips, speakers, groups = [], [], []
    for name, samples, turns in meetings(real):
        for turn in turns:
            others = [other for other in turns if other["speaker"] != turn["speaker"]]
            for start in np.arange(turn["start"], turn["end"] - SEGMENT, SEGMENT):
                end = start + SEGMENT
                if all(other["end"] <= start or other["start"] >= end for other in others):
                    clips.append(samples[round(start * RATE) : round(end * RATE)])
                    speakers.append(turn["speaker"])
                    groups.append(name)
    return clips, speakers, groups


def held_out(split, scene, count, **options):
    """Simulate conversations of unseen voices: 2 or 3 speakers, 10 to 20 % overlap, half a minute.

    Parameters
    ----------
    split : {"validation", "test"}
        Split of the voices.
    scene : str
        One of :data:`course_utils.simulation.conversations.SCENES`.
    count : int
        Number of conversations.
    **options
        Options of :func:`course_utils.simulation.conversations.simulate`.

    Returns
    -------
    list of dict
        Results of :func:`course_utils.simulation.conversations.simulate`.
    """
    rows = recognition_scores.shipped(split, PACKED)
    first = FIRST_SEED[split]
    return [conversations.simulate(rows, first + n, scene=scene, **options) for n in range(count)]


def score(diarize, recordings, **options):
    """Return the scores of a diarizer.

    Parameters
    ----------
    diarize : callable
        Function from samples to turns.
    recordings : list of (numpy.ndarray, list of dict)
        Samples and reference turns.
    **options
        Options of the diarizer.

    Returns
    -------
    dict
        With the collar :data:`COLLAR`: ``der``, its ``interval`` and its parts as shares of the
        speech. Without collar: ``der0`` and ``jer``. ``speakers`` is the share of recordings with
        the right number of speakers, ``recordings`` their number.
    """
    references = [turns for _, turns in recordings]
    predictions = [diarize(samples, **options) for samples, _ in recordings]
    sides = {"references": references, "predictions": predictions}
    parts = scoring.load("der").compute(**sides, collar=COLLAR)
    counts = [
        len({t["speaker"] for t in a}) == len({t["speaker"] for t in b})
        for a, b in zip(references, predictions, strict=True)
    ]
    return {
        "der": parts["der"],
        "interval": scoring.confidence_interval(
            references, predictions, metric="der", collar=COLLAR
        ),
        **{name: parts[name] / parts["total"] for name in ("miss", "false_alarm", "confusion")},
        "der0": scoring.load("der").compute(**sides)["der"],
        **scoring.load("jer").compute(**sides),
        "speakers": float(np.mean(counts)),
        "recordings": len(recordings),
    }


def diarizer(folder):
    """Return the pipeline of an exported model."""
    pipelines.register()
    return pipeline(pipelines.TASK, model=str(folder), device="cpu")


def diarize_all(diarize, real):
    """Return the scores of a pipeline from `diarizer` on simulated conversations and AMI."""
    kinds = {
        "room": {"scene": "room"},
        "room and music": {"scene": "room", "music": data.load("genres", "test")},
        "conference call": {"scene": "conference call"},
    }
    table = {}
    for kind, options in kinds.items():
        recordings = [
            (made["audio"], made["turns"])
            for made in held_out("test", count=CONVERSATIONS, **options)
        ]
        table[f"conversations, {kind}"] = score(diarize, recordings)
    table["meetings (AMI)"] = score(diarize, [(samples, t) for _, samples, t in meetings(real)])
    return table


def verification_rows(table):
    """Return verification scores as rows of a Markdown table."""
    return "\n".join(
        f"| {name} | {row['eer']:.1%} | {row['threshold']:.2f} | {row['clips']} | {row['pairs']} |"
        for name, row in table.items()
    )


def diarization_rows(table):
    """Return diarization scores as rows of a Markdown table."""
    lines = []
    for name, row in table.items():
        low, high = row["interval"]
        parts = " | ".join(f"{row[part]:.1%}" for part in ("miss", "false_alarm", "confusion"))
        lines.append(
            f"| {name} | {row['der']:.1%} | {low:.1%} to {high:.1%} | {parts} | {row['der0']:.1%} "
            f"| {row['jer']:.1%} | {row['speakers']:.0%} | {row['recordings']} |"
        )
    return "\n".join(lines)


def score_encoder(training, real, out, before):
    """Score an exported speaker encoder; write ``results.json`` and its card.

    Parameters
    ----------
    training : dict
        Facts about the training, by their names in the template of the card.
    real : pathlib.Path
        Folder that contains ``fsdd`` and ``ami``.
    out : pathlib.Path
        Folder of the model.
    before : dict
        Scores of `verify_all` for the model before robust training.
    """
    results = {
        "training": training,
        "verification": verify_all(embedder(out), real),
        "before": before,
        "diarization": diarize_all(diarizer(out), real),
    }
    write_results(out, results)
    write_card(out, results)


def write_card(out, results):
    """Write the card of a speaker encoder or a diarizer from its results."""
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    if "verification" in results:
        kind, verification = "speaker", verification_rows(results["verification"])
        more = {"verification": verification, "before": verification_rows(results["before"])}
    else:
        kind, more = "diarizer", {"before": diarization_rows(results["before"])}
        for name in ("silent", "silent_before"):
            more[name] = "{} of {}".format(*results[name])
    fill_card(
        Path(__file__).with_name(f"{kind}_card.md"),
        out,
        results["training"],
        threshold=config["diarization_threshold"],
        diarization=diarization_rows(results["diarization"]),
        **more,
    )
