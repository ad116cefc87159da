"""What the recognisers of the course are trained and scored on, and how they are written."""

import json
from pathlib import Path
from string import Template

import datasets
import torch
from transformers import pipeline

from course_utils import audio, scoring
from course_utils.catalog import POCKET
from course_utils.simulation.augmentation import RATE
from foundry import speech
from foundry.guided import CLOSED, KNOWN
from foundry.sentences import DIGITS


def rendered_training(cache, splits=("train",)):
    """List the rendered training utterances, as `speech.rendered` does; leave without any."""
    rows = [row for row in speech.rendered(cache) if row["split"] in splits]
    if not rows:
        raise SystemExit(f"No rendered speech in {cache}; run foundry.speech render first.")
    return rows


def training_rows(cache, domains):
    """List the training utterances of some domains: those rendered only, then the shipped ones.

    Parameters
    ----------
    cache : pathlib.Path
        Folder that :mod:`~foundry.speech` rendered into.
    domains : collection of str
        Which to take.

    Returns
    -------
    list of (str or dict, str, dict or None)
        What :func:`course_utils.audio.load` takes, what is said, and what was rendered, where
        it is known.
    """
    rendered = rendered_training(cache)
    rows = [row for row in rendered if not row["shipped"] and row["domain"] in domains]
    rows = [(row["path"], row["text"], row) for row in rows]
    return rows + [(row["audio"], row["text"], None) for row in shipped("train", domains)]


def shipped(split, domains):
    """Return the shipped utterances of some domains as a list of rows."""
    table = datasets.Dataset.from_parquet(str(POCKET / "speech" / f"{split}.parquet"))
    return [row for row in table if row["domain"] in domains]


def digit_rows(folder):
    """List the Free Spoken Digit Dataset: path, word and speaker of each recording."""
    paths = sorted((folder / "fsdd" / "recordings").glob("*.wav"))
    if not paths:
        raise SystemExit(f"No recorded digits in {folder}/fsdd: name their folder with --real.")
    parts = [(str(path), *path.stem.split("_")) for path in paths]
    return [(path, DIGITS[int(digit)], speaker) for path, digit, speaker, _ in parts]


def score(references, predictions):
    """Score transcripts: ``wer`` with its 95 % interval over utterances, ``cer``, how many."""
    sides = {"references": references, "predictions": predictions}
    return {
        **scoring.load("wer").compute(**sides),
        "interval": scoring.confidence_interval(**sides),
        **scoring.load("cer").compute(**sides),
        "utterances": len(references),
    }


def score_by_domain(rows, predictions, together):
    """Score each domain of some rows, and groups of them: a dict from name to domains."""
    groups = together | {name: (name,) for name in sorted({row["domain"] for row in rows})}
    table = {}
    for name, members in groups.items():
        chosen = [n for n, row in enumerate(rows) if row["domain"] in members]
        table[name] = score([rows[n]["text"] for n in chosen], [predictions[n] for n in chosen])
    return table


def score_digits(transcribe, rows):
    """Score a function from clips to texts on recorded digits."""
    clips = [audio.load(path, RATE)[0] for path, *_ in rows]
    return score([word for _, word, *_ in rows], transcribe(clips))


def recogniser(folder):
    """Open an exported model with ``pipeline``; give a function from clips to texts."""
    recognise = pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    if recognise.model.dtype != torch.float32:
        raise SystemExit(f"{folder} computes in {recognise.model.dtype}, not in float32.")

    def transcribe(clips):
        rows = ({"array": clip, "sampling_rate": RATE} for clip in clips)
        return [recognise(row)["text"].strip() for row in rows]

    return transcribe


def score_test(transcribe, rows=None):
    """Score a function from clips to texts on the shipped test split, domain by domain.

    Besides, ``closed`` and ``known`` are the domains of :data:`guided.CLOSED` and of
    :data:`guided.KNOWN` together.
    """
    rows = shipped("test", speech.PACKED) if rows is None else rows
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    return score_by_domain(rows, transcribe(clips), {"closed": CLOSED, "known": KNOWN})


def percent(scores):
    """Write a score as a row's cells: WER, its interval, CER, utterances."""
    low, high = scores["interval"]
    wer = f"{scores['wer']:.1%} | {low:.1%} to {high:.1%}"
    return f"{wer} | {scores['cer']:.1%} | {scores['utterances']}"


def table(scores):
    """Write named scores as the rows of a table."""
    return "\n".join(f"| {name} | {percent(row)} |" for name, row in scores.items())


def write_results(parameters, training, real, out, card, people=None):
    """Score an exported recogniser; write ``results.json`` and its card with the figures.

    Parameters
    ----------
    parameters : int
        How many the model has.
    training : dict
        What `guided.history` gives, and more stages; ``$firststeps`` in a card is the ``steps`` of
        the stage ``first``.
    real : pathlib.Path
        Folder with ``fsdd`` in it.
    out : pathlib.Path
        The model's folder.
    card : str
        Name of the card's template, beside this module.
    people : dict, optional
        Scores of models that had not heard a person on that person, by name. Without, this model
        is scored on all of them: it has heard none.
    """
    transcribe = recogniser(out)
    if people is None:
        rows = digit_rows(real)
        groups = {who: [row for row in rows if row[2] == who] for _, _, who in rows}
        people = {who: score_digits(transcribe, group) for who, group in groups.items()}
    results = {
        "parameters": parameters,
        "training": training,
        "test": score_test(transcribe),
        "people": people,
    }
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = Template(Path(__file__).with_name(card).read_text("utf-8"))
    filled = text.substitute(
        parameters=f"{parameters / 1e6:.2f}",
        size=f"{(out / 'model.safetensors').stat().st_size / 1e6:.1f}",
        hours=training["hours"],
        studio=training["studio"],
        **{
            f"{stage}{name}": value
            for stage, facts in training.items()
            if isinstance(facts, dict)
            for name, value in facts.items()
        },
        test=table(results["test"]),
        people=table(results["people"]),
    )
    (out / "README.md").write_text(filled, "utf-8")
    print(f"{out}: {json.dumps(results['test'])}")
