"""The cards of ``sounds`` and ``pocket-sounds``, written from what the scripts measured."""

DATA_CARD = """---
license: cc-by-4.0
pretty_name: Pocket sounds
task_categories:
- audio-classification
tags:
- audio
- synthetic
size_categories:
- n<1K
---

# Pocket sounds

{clips} sound events of {count} classes, synthesised with numpy and scipy: no recording was used.
16 kHz, mono, 2 to 3 s, Ogg/Opus at about {kilobits:.0f} kbit/s, embedded in Parquet.

| split | clips | a class | first seed |
| --- | --- | --- | --- |
{splits}

Classes: {labels}.

## Columns

- `audio`: `bytes` (Ogg/Opus) and `path`, such as `dog/train-0007.ogg`;
- `label`: a `ClassLabel` with the names above;
- `seconds`: length of the clip;
- `seed`: makes the clip again, with `foundry.sounds.sound_data.render`;
- `parameters`: JSON text with what describes the event, such as `pitch` in hertz (the highest
  fundamental of an animal's call, the hum note's double of a bell), `period` in seconds (clock,
  sea), `blades` a second (helicopter), `events` (barks, ticks, strokes).

## How the splits differ

Seeds never meet: they start at the numbers in the table. The main parameter of each class (pitch,
pace, density) is cut into twelve cells of equal width: cells 1 and 7, counted from 0, belong to
the test split, 4 and 10 to validation, the others to training. A test clip therefore has a pitch
or a pace that no training clip has, inside the range that training covers. All other parameters
(formants, roughness, background, microphone) are drawn anew for every clip, from the same
ranges in all splits.

## How a clip is made

An event is synthesised (`sounds_voices.py`, `sounds_things.py`), coloured by a gentle random
microphone curve and mixed with steady background noise 40 to 65 dB below it: close recordings in a
quiet place, so that a first listener hears what is meant. `pocket-sounds` is trained on harder
versions (`close=False`): rooms, noise up to 18 dB below the event, dull or overdriven microphones.

## Limits

These are sketches of sounds, good for lessons and for pretraining, not a benchmark: a model that
scores well here knows the synthesis, not the world. Backgrounds are stationary, two classes never
overlap, and the classes that are mostly noise (rain, sea, fire, helicopter) are the least true to
life. The ranges were chosen by ear, by eye and by comparison with spectrograms of ESC-10
recordings of folds 1 to 3.

## Rebuild

    python -m foundry.sounds.sound_data --out course_utils/pocket/sounds
"""


def data_card(splits, first_seed, labels, bitrate):
    """Write the card of the data set.

    Parameters
    ----------
    splits : dict of str to int
        Clips a class in each split.
    first_seed : dict of str to int
        Where the seeds of each split begin.
    labels : list of str
        The classes.
    bitrate : int
        Of the clips, in bit/s.

    Returns
    -------
    str
        Markdown with YAML front matter.
    """
    count = len(labels)
    rows = [
        f"| {split} | {clips * count} | {clips} | {first_seed[split]:,} |"
        for split, clips in splits.items()
    ]
    return DATA_CARD.format(
        clips=sum(splits.values()) * count,
        count=count,
        splits="\n".join(rows),
        labels=", ".join(labels),
        kilobits=bitrate / 1000,
    )


MODEL_CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: audio-classification
tags:
- audio-classification
- audio-spectrogram-transformer
- small
datasets:
- sounds
metrics:
- accuracy
---

# pocket-sounds

A small Audio Spectrogram Transformer (`ASTForAudioClassification`, {parameters:.2f} M parameters)
that names {count} everyday sounds:
{labels}.

    from transformers import pipeline
    classify = pipeline("audio-classification", model=FOLDER)
    classify({{"array": samples, "sampling_rate": 16000}})    # float32, mono, 16 kHz

It hears the first 5 seconds of a clip (64 mel bands, 496 frames of 10 ms); the weights are stored
in half precision and computed in single precision.

## Training data

- {synthetic} synthetic clips, made by `foundry.sounds.sound_data` from the training seeds and
  the training parameter ranges of the data set `sounds`;
- {recordings} real recordings, folds 1 to 3 of ESC-10: K. J. Piczak, "ESC: Dataset for
  Environmental Sound Classification", ACM Multimedia 2015, doi:10.1145/2733373.2806390, CC BY 3.0;
  single clips by their Freesound authors under CC0 or CC BY. They are not part of this project.

Heard in real recordings: {real_labels}.
Learned from synthetic clips alone: {synthetic_labels}.

## Procedure

{pre_steps} steps of {pre_parts} synthetic clips, hard and close (AdamW, peak learning rate
{pre_rate:g}), then {fine_steps} steps of {parts} clips: real, hard synthetic, close synthetic (peak
{fine_rate:g}); each step sees a random {kept:.0%} of a clip's patches (patchout); warm-up, cosine
decay, mixup, masking, random stretch, pitch, tone curve, background and padding; the exponential
average of the weights at the last step is the model. No epoch was picked on a
tested fold; earlier versions of the recipe were, however, compared on folds 1 and 2.

## Scores

| what | accuracy |
| --- | --- |
| `sounds`, test split, through `pipeline` ({test_clips} clips) | {test:.1%} |
| ESC-10, three-fold cross-validation on folds 1 to 3, mean | **{mean:.1%}** |

Cross-validation, accuracy on the fold that was left out (80 clips of 5 s each, all {count} labels
allowed):

| training | {fold_names} | mean |
| --- | {rules} | --- |
{folds}

The last row is the recipe of this model; the middle row is the same network from random weights on
the recordings of the two other folds alone, {base_steps} steps of {batch}. The shipped model is
trained on all three folds, so no score of it on those folds is given: it would be meaningless. The
synthesis was designed with folds 1 to 3 at hand, so that only other folds are entirely unseen.

Named in the cross-validation (rows: what it is; 24 clips each):

| recording of | named right | named as something else |
| --- | --- | --- |
{confusion}

Synthetic test clips named wrongly: {wrong}.

## Limits

- One label for the whole clip; what comes after 5 s is not heard, mixtures get one of their parts.
- Sounds outside the list are forced into it. A low top score is a hint, not a test.
- The labels learned from synthetic clips alone are untested on real recordings.
- Steady noises (rain, sea waves, helicopter, and engines at a distance) resemble each other most.

## Rebuild

    python -m foundry.sounds.train_sounds features --work DIR
    python -m foundry.sounds.train_sounds pretrain --work DIR
    python -m foundry.sounds.train_sounds validate --work DIR --real ESC10_FOLDER
    python -m foundry.sounds.train_sounds final --work DIR --real ESC10_FOLDER --out OUT

`validate` made the cross-validation figures, `final` the synthetic score, `results.json` and this
card.
"""


def model_card(results, labels, real_labels):
    """Write the card of the model.

    Parameters
    ----------
    results : dict
        What ``train_sounds final`` measured.
    labels : list of str
        All labels.
    real_labels : collection of str
        Those with real recordings among the training clips.

    Returns
    -------
    str
        Markdown with YAML front matter.
    """
    training, validation = results["training"], results["cross-validation"]
    test = results["synthetic test"]
    folds = list(next(iter(validation["accuracy"].values())))
    confusion = []
    for label, named in validation["confusion"].items():
        others = sorted(((n, other) for other, n in named.items() if other != label), reverse=True)
        wrong = ", ".join(f"{other} {n}" for n, other in others) or "-"
        confusion.append(f"| {label} | {named.get(label, 0)} of {sum(named.values())} | {wrong} |")
    return MODEL_CARD.format(
        parameters=results["parameters"] / 1e6,
        count=len(labels),
        labels=", ".join(labels),
        synthetic=training["synthetic clips"],
        recordings=training["recordings"],
        real_labels=", ".join(sorted(real_labels)),
        synthetic_labels=", ".join(sorted(set(labels) - set(real_labels))),
        batch=training["batch"],
        pre_steps=training["pretraining"]["steps"],
        pre_parts=" + ".join(map(str, training["pretraining"]["parts"])),
        parts=" + ".join(map(str, training["fine-tuning"]["parts"])),
        kept=training["share of patches"],
        pre_rate=training["pretraining"]["rate"],
        fine_steps=training["fine-tuning"]["steps"],
        fine_rate=training["fine-tuning"]["rate"],
        base_steps=training["baseline"]["steps"],
        test=test["accuracy"],
        test_clips=test["clips"],
        mean=validation["mean"]["synthetic, then both"],
        fold_names=" | ".join(f"fold {fold}" for fold in folds),
        rules=" | ".join("---" for _ in folds),
        folds="\n".join(
            f"| {name} | {' | '.join(f'{by[fold]:.1%}' for fold in folds)} | "
            f"{validation['mean'][name]:.1%} |"
            for name, by in validation["accuracy"].items()
        ),
        confusion="\n".join(confusion),
        wrong=", ".join(f"{path} as {guess}" for path, guess in test["wrong"]) or "none",
    )
