"""Cards of ``sounds`` and ``pocket-sounds``, from their templates and the measured scores."""

from pathlib import Path
from string import Template

from foundry.common.files import fill_card

HERE = Path(__file__).parent


def data_card(splits, first_seed, labels, bitrate):
    """Return the text of the card of the data set.

    Parameters
    ----------
    splits : dict of str to int
        Number of clips of each class, by split.
    first_seed : dict of str to int
        First seed of each split.
    labels : list of str
        Names of the classes.
    bitrate : int
        Bit rate of the clips, in bit/s.

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
    return Template((HERE / "sounds_card.md").read_text("utf-8")).substitute(
        clips=sum(splits.values()) * count,
        count=count,
        splits="\n".join(rows),
        labels=", ".join(labels),
        kilobits=f"{bitrate / 1000:.0f}",
    )


def write_model_card(out, results, labels, real_labels):
    """Write the card of the classifier.

    Parameters
    ----------
    out : pathlib.Path
        Folder of the model.
    results : dict
        Scores from ``train_sounds final``.
    labels : list of str
        Names of all classes.
    real_labels : collection of str
        Names of the classes with real recordings among the training clips.
    """
    training, validation = results["training"], results["cross-validation"]
    test, first, second = (
        results["synthetic test"],
        training["pretraining"],
        training["fine-tuning"],
    )
    folds = list(next(iter(validation["accuracy"].values())))
    confusion = []
    for label, named in validation["confusion"].items():
        others = sorted(((n, other) for other, n in named.items() if other != label), reverse=True)
        wrong = ", ".join(f"{other} {n}" for n, other in others) or "-"
        confusion.append(f"| {label} | {named.get(label, 0)} of {sum(named.values())} | {wrong} |")
    fill_card(
        HERE / "classifier_card.md",
        out,
        parameters=f"{results['parameters'] / 1e6:.2f}",
        count=len(labels),
        labels=", ".join(labels),
        synthetic=training["synthetic clips"],
        recordings=training["recordings"],
        real_labels=", ".join(sorted(real_labels)),
        synthetic_labels=", ".join(sorted(set(labels) - set(real_labels))),
        batch=training["batch"],
        pre_steps=first["steps"],
        pre_parts=" + ".join(map(str, first["parts"])),
        pre_rate=f"{first['rate']:g}",
        fine_steps=second["steps"],
        parts=" + ".join(map(str, second["parts"])),
        fine_rate=f"{second['rate']:g}",
        kept=f"{training['share of patches']:.0%}",
        base_steps=training["baseline"]["steps"],
        test=f"{test['accuracy']:.1%}",
        test_clips=test["clips"],
        mean=f"{validation['mean']['synthetic, then both']:.1%}",
        fold_names=" | ".join(f"fold {fold}" for fold in folds),
        rules=" | ".join("---" for _ in folds),
        folds="\n".join(
            f"| {name} | {' | '.join(f'{by[fold]:.1%}' for fold in folds)} | "
            f"{validation['mean'][name]:.1%} |"
            for name, by in validation["accuracy"].items()
        ),
        confusion="\n".join(confusion),
        wrong=", ".join(f"{path} as {label}" for path, label in test["wrong"]) or "none",
    )
