"""Training and test data of the recognisers, their scores and their cards."""

from pathlib import Path

import datasets
import torch
from transformers import pipeline

from course_utils import audio, scoring
from course_utils.catalog import POCKET
from course_utils.simulation.augmentation import RATE
from foundry.common.files import fill_card, write_results
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
    rows = [(row["path"], row["text"], row) for row in rows]
    return rows + [(row["audio"], row["text"], None) for row in shipped("train", domains)]


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


def recogniser(folder):
    """Return a function from clips to texts that uses an exported model in ``pipeline``."""
    recognise = pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    if recognise.model.dtype != torch.float32:
        raise SystemExit(f"{folder} computes in {recognise.model.dtype}, not in float32.")

    def transcribe(clips):
        rows = ({"array": clip, "sampling_rate": RATE} for clip in clips)
        return [recognise(row)["text"].strip() for row in rows]

    return transcribe


def score_test(transcribe, rows=None):
    """Return the scores of a function from clips to texts on the shipped test split, by domain.

    The groups ``closed`` and ``known`` are the domains of :data:`phone_head.SMALL_VOCABULARY` and
    of :data:`phone_head.TRAINED_DOMAINS`.
    """
    rows = shipped("test", speech_data.PACKED) if rows is None else rows
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    return score_by_domain(
        rows, transcribe(clips), {"closed": SMALL_VOCABULARY, "known": TRAINED_DOMAINS}
    )


def percent(scores):
    """Return cells of a Markdown table: WER, its interval, CER, number of utterances."""
    low, high = scores["interval"]
    wer = f"{scores['wer']:.1%} | {low:.1%} to {high:.1%}"
    return f"{wer} | {scores['cer']:.1%} | {scores['utterances']}"


def table(scores):
    """Return named scores as rows of a Markdown table."""
    return "\n".join(f"| {name} | {percent(row)} |" for name, row in scores.items())


def score_recogniser(parameters, training, real, out, people=None):
    """Score an exported recogniser; write ``results.json`` and its card.

    Parameters
    ----------
    parameters : int
        Number of parameters.
    training : dict
        Facts about the training from `phone_head.history`, and more stages.
    real : pathlib.Path
        Folder that contains ``fsdd``.
    out : pathlib.Path
        Folder of the model.
    people : dict, optional
        Scores by person, each of a model that was trained without this person. By default the
        model itself is scored on each person; then it must not be trained on any.
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
    write_results(out, results)
    write_card(out, results)


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
        **_about_silence(results),
    )


def _about_silence(results):
    """Return what the card says about clips without speech: data, stage, and scores."""
    if "empty" not in results:
        missing = "It hallucinates on silence: no training text was empty."
        return {"silencedata": "", "silencestage": "", "silence": missing}
    stage = results["training"]["nospeech"]
    empty = ", ".join(f"{kind} {count} of {of}" for kind, (count, of) in results["empty"].items())
    digits = "from {before:.1%} to {after:.1%}".format(**results["digits"])
    return {
        "silencedata": f"""

For the fourth stage, clips without speech, with an empty text: silence and noise, training clips
of `sounds` and `genres`, and folds 1 and 2 of ESC-10 (K. J. Piczak, "ESC: Dataset for Environmental
Sound Classification", ACM Multimedia 2015, doi:10.1145/2733373.2806390, CC BY 3.0; single clips by
their Freesound authors under CC0 or CC BY). Beside them the training split of `speech`, the
recorded digits, and {stage["synthesised"]} new sentences of the four domains, spoken by
`pocket-fastspeech`.""",
        "silencestage": f"""
In the fourth stage, {stage["steps"]} steps (AdamW, peak {stage["rate"]}), the layers of the
decoder learned to write nothing where nobody speaks, and where somebody does, to write what they
wrote before (Kullback-Leibler divergence, weight {stage["weight"]}). The sentences by
`pocket-fastspeech` were added after a run without them had raised the WER on the test split.""",
        "silence": f"""The transcript is empty for most clips without speech, not for all. Of
  held-out ones: {empty} (fold 3).
  It can also be empty for speech that is far from the microphone. The fourth stage changed the WER
  on the recorded digits, its training data, {digits}; the scores by person are those
  before it.""",
    }
