"""Scores of the models that know voices: verification, diarization, and the cards with them."""

import json
from itertools import combinations
from pathlib import Path
from string import Template

import numpy as np
from transformers import pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.formats import rttm
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE, over_telephone
from foundry import speech_scores
from foundry.speech import PACKED
from foundry.speech_features import place

CONVERSATIONS = 60
"""Simulated conversations of a split that are scored."""

FIRST = {"validation": 500_000, "test": 600_000}
"""Seeds of a split's conversations begin here, far from those of training."""

COLLAR = 0.25
"""Seconds around each true start and end, half of them on either side, that are not scored."""

PIECE = 1.0
"""Seconds of the pieces of meetings whose voices are compared."""


def embedder(folder):
    """Open an exported speaker model; give a function from clips to vectors of length 1."""
    voice_of = pipelines.SpeakerEmbedder(folder)

    def embed(clips):
        return np.stack([voice_of(clip) for clip in clips])

    return embed


def verification(embed, clips, speakers, groups=None):
    """Compare every two clips: equal error rate, its threshold, number of clips and pairs.

    Parameters
    ----------
    embed : callable
        From :func:`embedder`.
    clips : list of numpy.ndarray
        Mono at 16 kHz.
    speakers : list of str
        Who speaks in each.
    groups : list, optional
        Only clips of one group are compared, for instance those of one recording.

    Returns
    -------
    dict
        ``eer``, ``threshold``, ``clips``, ``pairs``.
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
    """Score verification on unseen voices, as rendered and as recorded, and on real people."""
    table, music = {}, data.load("genres", "test")
    for split in ("validation", "test"):
        rows = speech_scores.shipped(split, PACKED)
        clips = [audio.load(row["audio"], RATE)[0] for row in rows]
        speakers = [row["speaker"] for row in rows]
        table[f"{split}, as rendered"] = verification(embed, clips, speakers)
        heard = [place(np.random.default_rng(n), clip) for n, clip in enumerate(clips)]
        table[f"{split}, rooms and noise"] = verification(embed, heard, speakers)
        line = [over_telephone(clip) for clip in heard]
        table[f"{split}, also a telephone"] = verification(embed, line, speakers)
        heard = [
            conversations.add_music(np.random.default_rng(n), clip, music)
            for n, clip in enumerate(heard)
        ]
        table[f"{split}, also music"] = verification(embed, heard, speakers)
    rows = speech_scores.digit_rows(real)
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
    """Load the excerpts of meetings: name, samples and true turns of each."""
    turns = rttm.load(real / "ami" / "ami.rttm")
    paths = sorted((real / "ami").glob("*.wav"))
    return [(path.stem, audio.load(path, RATE)[0], turns[path.stem]) for path in paths]


def _meeting_voices(real):
    """Cut out of the meetings pieces of `PIECE` seconds in which one person speaks alone."""
    clips, speakers, groups = [], [], []
    for name, samples, turns in meetings(real):
        for turn in turns:
            others = [other for other in turns if other["speaker"] != turn["speaker"]]
            for start in np.arange(turn["start"], turn["end"] - PIECE, PIECE):
                end = start + PIECE
                if all(other["end"] <= start or other["start"] >= end for other in others):
                    clips.append(samples[round(start * RATE) : round(end * RATE)])
                    speakers.append(turn["speaker"])
                    groups.append(name)
    return clips, speakers, groups


def held_out(split, scene, count=CONVERSATIONS, **options):
    """Simulate conversations of unseen voices: 2 or 3 speakers, 10 to 20 % overlap, half a minute.

    Parameters
    ----------
    split : {"validation", "test"}
        Whose voices.
    scene : str
        One of :data:`course_utils.simulation.conversations.SCENES`.
    count : int
        How many.
    **options
        For :func:`course_utils.simulation.conversations.simulate`.

    Returns
    -------
    list of dict
        As :func:`course_utils.simulation.conversations.simulate` gives them.
    """
    rows = speech_scores.shipped(split, PACKED)
    first = FIRST[split]
    return [conversations.simulate(rows, first + n, scene=scene, **options) for n in range(count)]


def score(diarize, recordings, **options):
    """Score a diarizer on recordings.

    Parameters
    ----------
    diarize : callable
        From samples to turns.
    recordings : list of (numpy.ndarray, list of dict)
        Samples and true turns.
    **options
        For the diarizer.

    Returns
    -------
    dict
        ``der`` with its ``interval`` and its parts as shares of the speech, with a collar of
        :data:`COLLAR`; ``der0`` and ``jer`` without; ``speakers``, the share of the recordings in
        which as many were found as there are; ``recordings``.
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


def diarize_all(folder, real):
    """Score an exported model in the diarization pipeline: simulated conversations, meetings."""
    pipelines.register()
    diarize = pipeline(pipelines.TASK, model=str(folder), device="cpu")
    kinds = {
        "room": {"scene": "room"},
        "room and music": {"scene": "room", "music": data.load("genres", "test")},
        "conference call": {"scene": "conference call"},
    }
    table = {}
    for kind, options in kinds.items():
        recordings = [(made["audio"], made["turns"]) for made in held_out("test", **options)]
        table[f"conversations, {kind}"] = score(diarize, recordings)
    table["meetings (AMI)"] = score(diarize, [(samples, t) for _, samples, t in meetings(real)])
    return table


def verification_rows(table):
    """Write scores of verification as the rows of a table."""
    return "\n".join(
        f"| {name} | {row['eer']:.1%} | {row['threshold']:.2f} | {row['clips']} | {row['pairs']} |"
        for name, row in table.items()
    )


def diarization_rows(table):
    """Write scores of diarization as the rows of a table."""
    lines = []
    for name, row in table.items():
        low, high = row["interval"]
        parts = " | ".join(f"{row[part]:.1%}" for part in ("miss", "false_alarm", "confusion"))
        lines.append(
            f"| {name} | {row['der']:.1%} | {low:.1%} to {high:.1%} | {parts} | {row['der0']:.1%} "
            f"| {row['jer']:.1%} | {row['speakers']:.0%} | {row['recordings']} |"
        )
    return "\n".join(lines)


def write_results(training, real, out, card, before=None):
    """Score an exported model; write ``results.json`` and its card with the figures.

    Parameters
    ----------
    training : dict
        What the card says of the training, by the names of its template.
    real : pathlib.Path
        Folder with ``fsdd`` and ``ami`` in it.
    out : pathlib.Path
        The model's folder.
    card : str
        Name of the card's template, beside this module.
    before : dict, optional
        From `verify_all`, for the model before the last part of its training.
    """
    config = json.loads((out / "config.json").read_text())
    results = {"training": training}
    if config["architectures"][0].endswith("ForXVector"):
        results["verification"] = verify_all(embedder(out), real)
        results["before"] = before
    results["diarization"] = diarize_all(out, real)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = Template(Path(__file__).with_name(card).read_text("utf-8"))
    filled = text.substitute(
        training,
        size=f"{(out / 'model.safetensors').stat().st_size / 1e6:.1f}",
        threshold=config["diarization_threshold"],
        verification=verification_rows(results.get("verification", {})),
        before=verification_rows(before or {}),
        diarization=diarization_rows(results["diarization"]),
    )
    (out / "README.md").write_text(filled, "utf-8")
    print(f"{out}: {json.dumps(results)}")
