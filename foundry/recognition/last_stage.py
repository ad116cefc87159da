"""Last stage of a recogniser: new sentences and clips without speech, then averaged weights.

Every batch has equal parts of several feature caches, among them speech by ``pocket-fastspeech``
(`new_speech`) and clips without speech (`no_speech`). The exported weights are a mean of those
before the stage and those after it (WiSE-FT).
"""

import json

import torch

from foundry.common.files import write_results
from foundry.common.train_loop import adamw
from foundry.recognition import no_speech, phone_head, recognition_scores
from foundry.speech.feature_cache import schedule

TRAINED = "trained"
"""Subfolder of the work folder with the model before this stage."""

CURVE = {"steps": 600, "rate": 1e-3}
"""Steps and peak learning rate of each training of the learning curve."""

CURVE_SHARES = (0, 1 / 256, 1 / 64, 1 / 16)
"""Shares of the new sentences in the learning curve."""

CURVE_DOMAINS = ("known", "everyday")
"""Groups of domains that the learning curve scores."""


class LastStage:
    """The last stage of a recogniser in a work folder.

    Parameters
    ----------
    head : type
        Subclass of `phone_head.PhoneHead`.
    export : callable
        Function that writes a model to a folder.
    weight : float
        Share of the weights after the stage in the exported ones, 0 to 1; the rest are those
        before it.
    work : pathlib.Path
        Folder of the model before the stage (`TRAINED`), and for the checkpoints.
    """

    def __init__(self, head, export, weight, work):
        self.head, self.export, self.weight, self.work = head, export, weight, work

    def fine_tune(self, new, others, name, out, steps, rate):
        """Train the model of `TRAINED`, export it and score it on the validation split.

        Parameters
        ----------
        new, others : list of FeatureCache
            Training data: new speech, and others. Each is an equal part of every batch.
        name : str
            Name of the checkpoint.
        out : pathlib.Path
            Folder for the model.
        steps, rate : int, float
            As for :func:`phone_head.fit_phone_head`.

        Returns
        -------
        transcribe : callable
            Function from clips to texts.
        point : dict
            Point of the learning curve: ``hours`` of new speech that the steps heard, ``steps``,
            and the scores of `CURVE_DOMAINS`.
        """
        model = self.head.architecture.from_pretrained(self.work / TRAINED, dtype=torch.float32)
        caches, path = [*new, *others], self.work / f"{name}.safetensors"
        options = {"seed": 4, "steps": steps, "rate": rate, "optimizers": adamw}
        phone_head.fine_tune(self.head(model), caches, path, self.weight, **options)
        self.export(model, out)
        transcribe = recognition_scores.recogniser(out)
        hours = hours_heard(self.head, new, len(caches), steps)
        return transcribe, _point(transcribe, hours, steps)

    def learning_curve(self, new, others):
        """Train a model with each share of the new sentences; write ``<work>/curve.json``.

        The first point is the model before. Without new sentences, the first of the others take
        their place in the batches.
        """
        curve = [_point(recognition_scores.recogniser(self.work / TRAINED), 0.0, 0)]
        for number, share in enumerate(CURVE_SHARES):
            part = [cache.select(range(int(share * len(cache)))) for cache in new] if share else []
            rest = others if part else others[: len(new)] + others
            name = f"curve-{number}"
            _, point = self.fine_tune(part, rest, name, self.work / name, **CURVE)
            curve.append(point)
            print(point, flush=True)
        (self.work / "curve.json").write_text(json.dumps(curve), encoding="utf-8")

    def final(self, results, new, others, out, settings, **counts):
        """Fine-tune on everything; add the training and its point of the curve to the results.

        Parameters
        ----------
        results : dict
            That of `results`; changed in place.
        new, others, out
            As for `fine_tune`.
        settings : dict
            ``steps`` and ``rate``, as for `fine_tune`.
        **counts : int
            Numbers of the new utterances by kind, for the card.

        Returns
        -------
        callable
            Function from clips to texts.
        """
        transcribe, point = self.fine_tune(new, others, "broad", out, **settings)
        results["curve"].append(point)
        results["training"]["broad"] = settings | counts | {"hours": point["hours"]}
        return transcribe

    def results(self):
        """Return the results of the model before, with the learning curve as ``curve``.

        Raises SystemExit if a step is missing.
        """
        trained, curve = self.work / TRAINED / "results.json", self.work / "curve.json"
        for path, what, step in (
            (trained, "trained model", "export"),
            (curve, "learning curve", "curve"),
        ):
            if not path.exists():
                raise SystemExit(f"No {what} in {path.parent}; run the step {step} first.")
        results = json.loads(trained.read_text(encoding="utf-8"))
        return results | {"curve": json.loads(curve.read_text(encoding="utf-8"))}


def _point(transcribe, hours, steps):
    scores = recognition_scores.score_split(transcribe, "validation")
    return {"hours": hours, "steps": steps, **{name: scores[name] for name in CURVE_DOMAINS}}


def hours_heard(head, new, parts, steps):
    """Return the hours of new speech that some steps hear.

    Parameters
    ----------
    head : type
        As for `LastStage`.
    new : list of FeatureCache
        Caches of `new_speech`: each utterance as it is, then augmented.
    parts : int
        Number of parts of a batch.
    steps : int
        Number of training steps.

    Returns
    -------
    float
        Hours of the utterances as they are, each counted once.
    """
    vectors = 0
    for cache in new:
        plan = schedule(cache.lengths(), steps, head.max_vectors // parts)
        heard = {row // 2 for batch in plan for row in batch}
        vectors += sum(int(cache.lengths()[2 * number]) for number in heard)
    return round(vectors * head.vector_seconds / 3600, 2)


def report(results, transcribe, real, out):
    """Score a model after its last stage; write ``results.json`` and its card.

    Parameters
    ----------
    results : dict
        What is known of the model so far: ``parameters``, ``training``, ``curve`` and scores by
        person (``people``).
    transcribe : callable
        Function from clips to texts.
    real : pathlib.Path
        Folder that contains ``esc10``.
    out : pathlib.Path
        Folder of the model.
    """
    results["test"] = recognition_scores.score_split(transcribe, "test")
    results["empty"] = no_speech.score(transcribe, real)
    write_results(out, results)
    recognition_scores.write_card(out, results)
