"""Training and test data of the recognisers, their scores and their cards."""

from pathlib import Path

import datasets
import torch
from transformers import pipeline

from course_utils import audio, scoring
from course_utils.catalog import POCKET
from course_utils.simulation.augmentation import RATE
from foundry.common.files import fill_card
from foundry.recognition.phone_head import SMALL_VOCABULARY, TRAINED_DOMAINS
from foundry.speech import speech_data
from foundry.speech.sentences import DIGITS


def rendered_training(cache, splits=("train",)):
    """Return the rendered utterances of some splits, as `speech_data.rendered` does.

    Raises SystemExit if there are none.
    """
    rows = [row for row in speech_data.rendered(cache) if row["split"] in splits]
    if not rows:
        raise SystemExit(
            f"No rendered speech in {cache}; run foundry.speech.speech_data render first."
        )
    return rows


def training_rows(cache, domains):
    """Return the training utterances of some domains: the rendered ones, then the shipped ones.

    Parameters
    ----------
    cache : pathlib.Path
        Folder of :func:`foundry.speech.speech_data.render`.
    domains : collection of str
        Domains to take.

    Returns
    -------
    list of (str or dict, str, dict or None)
        Clip for :func:`course_utils.audio.load`, text, and row of `speech_data.rendered` (None for
        shipped utterances).
    """
    rendered = rendered_training(cache)
    rows = [row for row in rendered if not row["shipped"] and row["domain"] in domains]
    return [(row["path"], row["text"], row) for row in rows] + shipped_rows("train", domains)


def shipped_rows(split, domains):
    """Return the shipped utterances of some domains as `training_rows` does."""
    return [(row["audio"], row["text"], None) for row in shipped(split, domains)]


def shipped(split, domains):
    """Return the shipped utterances of some domains as a list of rows."""
    table = datasets.Dataset.from_parquet(str(POCKET / "speech" / f"{split}.parquet"))
    return [row for row in table if row["domain"] in domains]


def digit_rows(folder):
    """Return path, word and speaker of each recording of the Free Spoken Digit Dataset."""
    paths = sorted((folder / "fsdd" / "recordings").glob("*.wav"))
    if not paths:
        raise SystemExit(f"No recorded digits in {folder}/fsdd; name their folder with --real.")
    parts = [(str(path), *path.stem.split("_")) for path in paths]
    return [(path, DIGITS[int(digit)], speaker) for path, digit, speaker, _ in parts]


def score(references, predictions):
    """Return ``wer``, its 95 % ``interval``, ``cer`` and the number of ``utterances``."""
    sides = {"references": references, "predictions": predictions}
    return {
        **scoring.load("wer").compute(**sides),
        "interval": scoring.confidence_interval(**sides),
        **scoring.load("cer").compute(**sides),
        "utterances": len(references),
    }


def score_by_domain(rows, predictions, groups):
    """Return the scores of groups of domains (a dict of name to domains), then of each domain."""
    groups = groups | {name: (name,) for name in sorted({row["domain"] for row in rows})}
    table = {}
    for name, members in groups.items():
        chosen = [n for n, row in enumerate(rows) if row["domain"] in members]
        table[name] = score([rows[n]["text"] for n in chosen], [predictions[n] for n in chosen])
    return table


def score_digits(transcribe, rows):
    """Return the scores of a function from clips to texts on recorded digits."""
    clips = [audio.load(path, RATE)[0] for path, *_ in rows]
    return score([word for _, word, *_ in rows], transcribe(clips))


def score_people(transcribe, rows):
    """Return the scores of `score_digits` for each person of `digit_rows`."""
    groups = {who: [row for row in rows if row[2] == who] for _, _, who in rows}
    return {who: score_digits(transcribe, group) for who, group in groups.items()}


def recogniser(folder):
    """Return a function from clips to texts that uses an exported model in ``pipeline``."""
    recognise = pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    if recognise.model.dtype != torch.float32:
        raise SystemExit(f"{folder} computes in {recognise.model.dtype}, not in float32.")

    def transcribe(clips):
        rows = ({"array": clip, "sampling_rate": RATE} for clip in clips)
        return [recognise(row)["text"].strip() for row in rows]

    return transcribe


def score_split(transcribe, split):
    """Return the scores of a function from clips to texts on a shipped split, by domain.

    The groups ``closed`` and ``known`` are the domains of :data:`phone_head.SMALL_VOCABULARY` and
    of :data:`phone_head.TRAINED_DOMAINS`.
    """
    rows = shipped(split, speech_data.PACKED)
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    return score_by_domain(
        rows, transcribe(clips), {"closed": SMALL_VOCABULARY, "known": TRAINED_DOMAINS}
    )


def percent(scores):
    """Return cells of a Markdown table: WER, its interval, CER, number of utterances."""
    low, high = scores["interval"]
    wer = f"{scores['wer']:.1%} | {low:.1%} to {high:.1%}"
    return f"{wer} | {scores['cer']:.1%} | {scores['utterances']}"


def _wer(scores):
    """Return a WER and its interval."""
    low, high = scores["interval"]
    return f"{scores['wer']:.1%} ({low:.1%} to {high:.1%})"


def table(scores):
    """Return named scores as rows of a Markdown table."""
    return "\n".join(f"| {name} | {percent(row)} |" for name, row in scores.items())


def write_card(out, results):
    """Write the card of a recogniser from its results.

    In the template ``$firststeps`` is ``steps`` of the stage ``first``.
    """
    training = results["training"]
    kind = "ctc" if "long" in training else "whisper"
    fill_card(
        Path(__file__).with_name(f"{kind}_card.md"),
        out,
        parameters=f"{results['parameters'] / 1e6:.2f}",
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
        empty=", ".join(f"{kind} {n} of {of}" for kind, (n, of) in results["empty"].items()),
        **{f"sequences{when}": _wer(row) for when, row in results.get("sequences", {}).items()},
        **{f"digits{when}": f"{wer:.1%}" for when, wer in results.get("digits", {}).items()},
        curve="\n".join(
            f"| {point['hours']} h | {point['steps']} | {_wer(point['known'])} "
            f"| {_wer(point['everyday'])} |"
            for point in results["curve"]
        ),
    )
