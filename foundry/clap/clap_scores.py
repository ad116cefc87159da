"""Scores of ``pocket-clap`` on clips, combinations, sounds and recordings that it never saw."""

import functools
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoProcessor

from course_utils import audio, data
from course_utils.simulation.augmentation import RATE
from foundry.clap import clap_data
from foundry.clap.captions import (
    FRAMES,
    OPPOSITE,
    UNSEEN,
    UNSEEN_PAIRS,
    VIA,
    caption,
    description_of,
    held_out,
    names_of,
    relation,
    sample_texts,
    tidy,
)
from foundry.common.files import fill_card
from foundry.music.genre_data import GENRES
from foundry.sounds import sound_data
from foundry.sounds.sound_data import ESC10, LABELS

HERE = Path(__file__).parent

LONG = "somebody recorded {} on a summer day"
"""A sentence around a name that no training caption has."""

OTHER_NAMES = {
    "baby_cry": "an infant weeping",
    "chainsaw": "a motor saw in the forest",
    "clock_tick": "a watch",
    "dog": "a hound",
    "fire": "burning wood",
    "helicopter": "a rotor aircraft",
    "rain": "a downpour",
    "rooster": "a cock in the morning",
    "sea_waves": "surf on a beach",
    "sneeze": "achoo",
}
"""Names of the classes of ESC-10 in words that no training caption has."""

RETRIEVED, QUERIES = 1000, 100
"""Number of clips to search and of sentences to search by."""


class Embedder:
    """The two towers of a model folder: unit vectors of sounds and of sentences."""

    def __init__(self, folder):
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(folder)

    @torch.inference_mode()
    def sounds(self, clips):
        """Return the embeddings of clips at 16 kHz, shape (clips, dimension)."""
        extract = self.processor.feature_extractor
        found = []
        for first in range(0, len(clips), 32):
            inputs = extract(
                list(clips[first : first + 32]), sampling_rate=RATE, return_tensors="pt"
            )
            found.append(unit(self.model.get_audio_features(**inputs)))
        return np.concatenate(found)

    @torch.inference_mode()
    def texts(self, sentences):
        """Return the embeddings of sentences, shape (sentences, dimension)."""
        inputs = self.processor.tokenizer(list(sentences), return_tensors="pt", padding=True)
        return unit(self.model.get_text_features(**inputs))


def unit(outputs):
    """Return vectors of length 1 from the features of a tower."""
    vectors = getattr(outputs, "pooler_output", outputs)
    return torch.nn.functional.normalize(vectors, dim=-1).numpy()


def wordings(labels):
    """Return the candidate sentences of each wording: name of a wording to (labels x sentences)."""
    first = [names_of(label)[0] for label in labels]
    found = {
        "names alone": [[name] for name in first],
        "This is a sound of {}.": [[f"This is a sound of {name}."] for name in first],
        "mean of all names and frames": [
            [frame.format(name) for frame in FRAMES for name in names_of(label)] for label in labels
        ],
        "an unseen sentence": [[LONG.format(names_of(label)[1])] for label in labels],
    }
    if all(label in OTHER_NAMES for label in labels):
        found["unseen words"] = [[OTHER_NAMES[label]] for label in labels]
    return found


def prototypes(embed, sentences):
    """Return one unit vector for each list of sentences: their mean."""
    means = np.stack([embed.texts(some).mean(0) for some in sentences])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def share(hits):
    """Return a share with the number of clips that it rests on."""
    return {"share": float(np.mean(hits)), "clips": len(hits)}


def by_words(embed, vectors, truth, labels):
    """Return the accuracy of clips by each wording of the labels."""
    truth = np.asarray(truth)
    return {
        name: share(np.array(labels)[(vectors @ prototypes(embed, s).T).argmax(1)] == truth)
        for name, s in wordings(labels).items()
    }


def seen_and_unseen(embed, each=12):
    """Score rendered test clips among all sounds, and among all genres."""
    found = {}
    for kind, labels in ("sounds", LABELS), ("genres", list(GENRES)):
        pairs = [(s, label) for label in labels for s, _ in _test_clips(label, each)]
        vectors = embed.sounds([clap_data.padded(samples) for samples, _ in pairs])
        truth = np.array([label for _, label in pairs])
        new = np.isin(truth, UNSEEN)
        by_name = prototypes(embed, [[names_of(label)[0]] for label in labels])
        described = prototypes(embed, [[description_of(label)] for label in labels])
        for words, sentences in ("names", by_name), ("descriptions", described):
            hits = np.array(labels)[(vectors @ sentences.T).argmax(1)] == truth
            found[f"{kind}, {words}"] = {"seen": share(hits[~new]), "unseen": share(hits[new])}
    return found


def _test_clips(label, count):
    return list(clap_data.clips(label, "test", range(count), unseen=True))


def unseen_pairs(embed, each=12):
    """Return the accuracy among four captions: distance (or pace) x live or from a radio."""
    found, hits = {}, []
    for label, first, via in sorted(UNSEEN_PAIRS):
        clips = [clap_data.clip(label, "test", number, first, via) for number in range(each)]
        vectors = embed.sounds([clap_data.padded(samples) for samples, _ in clips])
        name = "level" if label in GENRES else "where"
        four = [(x, y) for x in (first, OPPOSITE[first]) for y in (via, OPPOSITE[via])]
        sentences = [_sentences(label, **{name: x}, via=y) for x, y in four]
        answers = (vectors @ prototypes(embed, sentences).T).argmax(1)
        hits.append(answers == 0)
        found[f"{label} {first} {via}"] = float(np.mean(answers == 0))
    return share(np.concatenate(hits)) | {"by combination": found}


def _sentences(label, **facts):
    """Return captions that mention all given facts; each choice gets the same wordings."""
    if label in GENRES:
        music = tidy(f"{facts.get('level', '')} {label}")
        return [f"{music}, {words}" for words in VIA[facts["via"]]] if "via" in facts else [music]
    facts = {"sound": label, **facts}
    return [caption(np.random.default_rng(n), facts, "clause", full=True)[0] for n in range(6)]


def attributes(embed, each=12):
    """Return the accuracy of each attribute of clips between two captions: it and its opposite."""
    hits = defaultdict(list)
    for label in clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES:
        clips = _test_clips(label, each)
        vectors = embed.sounds([clap_data.padded(samples) for samples, _ in clips])
        for vector, (_, facts) in zip(vectors, clips, strict=True):
            for name in ("where", "via", "level"):
                if (own := facts.get(name)) in OPPOSITE:
                    two = [_sentences(label, **{name: value}) for value in (own, OPPOSITE[own])]
                    answers = prototypes(embed, two) @ vector
                    kind = "pace" if own in clap_data.TEMPOS else name
                    hits[kind].append(answers.argmax() == 0)
    return {name: share(some) for name, some in hits.items()}


def retrieval(embed):
    """Search `RETRIEVED` test clips by `QUERIES` sentences that no training step used."""
    labels = clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES
    clips = [
        clap_data.clip(labels[n % len(labels)], "test", 100 + n // len(labels))
        for n in range(RETRIEVED)
    ]
    vectors = embed.sounds([clap_data.padded(samples) for samples, _ in clips])
    rng, queries = np.random.default_rng(0), []
    for number in rng.permutation(RETRIEVED):
        for _ in range(20):
            text, said = caption(rng, clips[number][1], "clause", full=True)
            if held_out(text) and len(said) > 2:
                queries.append((number, text, said))
                break
        if len(queries) == QUERIES:
            break
    likeness = embed.texts([text for _, text, _ in queries]) @ vectors.T
    ranks, fits = [], []
    for (number, _, said), row in zip(queries, likeness, strict=True):
        ranks.append(int((row > row[number]).sum()))
        fits.append([relation([said], [clips[n][1]]) == 1 for n in np.argsort(-row)[:10]])
    return {
        "clips": RETRIEVED,
        "sentences": len(queries),
        "first": float(np.mean(np.array(ranks) < 1)),
        "first ten": float(np.mean(np.array(ranks) < 10)),
        "median rank": float(np.median(ranks)) + 1,
        "first fits": float(np.mean([some[0] for some in fits])),
        "one of ten fits": float(np.mean([any(some) for some in fits])),
        "of ten fit": float(np.mean(fits)),
    }


def counting_and_order(embed, each=24):
    """Score what a bag of words cannot tell: how many, in which order, and what is absent."""
    pairs = [pair for label in ("dog", "cat") for pair in _test_clips(label, 3 * each)]
    few = [(samples, facts) for samples, facts in pairs if facts["count"] in (1, 2, 3)]
    words = ["once", "twice", "three times"]
    hits = []
    for label, verb in ("dog", "a dog barks {}"), ("cat", "a cat meows {}"):
        own = [(samples, facts) for samples, facts in few if facts["sound"] == label]
        answers = (
            embed.sounds([clap_data.padded(s) for s, _ in own])
            @ embed.texts([verb.format(w) for w in words]).T
        )
        hits += list(answers.argmax(1) + 1 == [facts["count"] for _, facts in own])
    dogs, cats = (embed_half(label, each) for label in ("dog", "cat"))
    joined = [np.concatenate(pair) for pair in zip(dogs, cats, strict=True)]
    order = (
        embed.sounds(joined)
        @ embed.texts(["a dog barks, then a cat meows", "a cat meows, then a dog barks"]).T
    )
    alone = embed.sounds([clap_data.padded(samples) for samples in dogs])
    negation = alone @ embed.texts(["a dog and rain", "a dog and no rain"]).T
    return {
        "counts": share(hits),
        "order": share(order.argmax(1) == 0),
        "negation": share(negation.argmax(1) == 1),
    }


def embed_half(label, count):
    """Return the first 2.5 s of close test clips of a sound."""
    half = round(clap_data.SECONDS * RATE / 2)
    return [
        clap_data.padded(clap_data.sound_clip(label, "test", 500 + n, "near")[0])[:half]
        for n in range(count)
    ]


@functools.cache
def shipped(name, split):
    """Return clips and label names of a split of a shipped data set."""
    rows = data.load(name, split=split)
    names = rows.features["label"].names
    return [audio.load(row["audio"], RATE)[0] for row in rows], np.array(
        [names[i] for i in rows["label"]]
    )


def few_shot(embed, name, counts=(1, 4, 16), seeds=5):
    """Compare names alone with a linear probe on some clips a class of a shipped data set."""
    clips, truth = shipped(name, "test")
    train_clips, train_truth = shipped(name, "train")
    labels = sorted(set(truth.tolist()))
    test, train = embed.sounds(clips), embed.sounds(train_clips)
    found = {
        "0": share(
            np.array(labels)[
                (test @ prototypes(embed, [[names_of(x)[0]] for x in labels]).T).argmax(1)
            ]
            == truth
        )
    }
    for count in counts:
        scores = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            rows = np.concatenate(
                [rng.choice(np.flatnonzero(train_truth == x), count, replace=False) for x in labels]
            )
            scores.append(probe(train[rows], train_truth[rows], test, truth))
        found[str(count)] = {"share": float(np.mean(scores)), "clips": len(truth)}
    return found


def probe(train, train_truth, test, truth):
    """Return the accuracy of a linear probe."""
    head = LogisticRegression(C=10.0, max_iter=2000).fit(train, train_truth)
    return float(head.score(test, truth))


def recordings(embed, folder, folds, seen):
    """Score ESC-10 fold by fold, and a linear probe on the seen folds for the others."""
    clips, truth, of = sound_data.recordings(folder)
    vectors, truth = embed.sounds(clips), np.array(truth)
    labels = list(ESC10.values())
    result = {
        f"fold {fold}": by_words(embed, vectors[of == fold], truth[of == fold], labels)
        for fold in folds
    }
    inside = np.isin(of, seen)
    result["linear probe"] = {
        "share": probe(vectors[inside], truth[inside], vectors[~inside], truth[~inside]),
        "clips": int((~inside).sum()),
    }
    return result


def all_scores(folder, real, folds, seen):
    """Return every score of the card."""
    embed = Embedder(folder)
    return {
        "recordings": recordings(embed, real, folds, seen),
        "rendered": seen_and_unseen(embed),
        "attributes": attributes(embed),
        "unseen combinations": unseen_pairs(embed),
        "retrieval": retrieval(embed),
        "cannot": counting_and_order(embed),
        "few shots": {"genres": few_shot(embed, "genres"), "sounds": few_shot(embed, "sounds")},
        "words": len(set(re.findall(r"[a-z]+", " ".join(sample_texts(400))))),
    }


def write_card(out, results):
    """Write the card of the model from its results."""
    training, real, few = results["training"], results["recordings"], results["few shots"]
    folds = [name for name in real if name.startswith("fold")]
    rows = [
        f"| {wording} | " + " | ".join(percent(real[fold][wording]) for fold in folds) + " |"
        for wording in real[folds[0]]
    ]
    rendered = [
        f"| {name} | {percent(one['seen'])} | {percent(one['unseen'])} |"
        for name, one in results["rendered"].items()
    ]
    shots = [
        f"| `{name}` | " + " | ".join(percent(one) for one in curve.values()) + " |"
        for name, curve in few.items()
    ]
    pairs, found = results["unseen combinations"], results["retrieval"]
    cannot = {name: percent(one) for name, one in results["cannot"].items()}
    heard = {name: percent(one) for name, one in results["attributes"].items()}
    heard |= {f"{name}_clips": one["clips"] for name, one in results["attributes"].items()}
    fill_card(
        HERE / "clap_card.md",
        out,
        parameters=f"{results['parameters'] / 1e6:.2f}",
        rendered=f"{training['rendered']:,}",
        recordings=training["recordings"],
        folds=" and ".join(map(str, training["folds"])),
        unseen_fold=folds[-1].split()[1],
        unseen=", ".join(UNSEEN),
        pairs="; ".join(pairs["by combination"]),
        steps=sum(cycle["steps"] for cycle in training["cycles"]),
        cycles=len(training["cycles"]),
        parts=" + ".join(map(str, training["parts"])),
        rates=", ".join(f"{cycle['rate']:g}" for cycle in training["cycles"]),
        pairs_share=f"{training['pairs']:.0%}",
        fold_names=" | ".join(folds),
        rules=" | ".join(["---:"] * len(folds)),
        esc10="\n".join(rows),
        probe=percent(real["linear probe"]),
        rendered_scores="\n".join(rendered),
        pair_clips=pairs["clips"],
        pair_score=percent(pairs),
        by_pair=", ".join(f"{name} {one:.0%}" for name, one in pairs["by combination"].items()),
        queries=found["sentences"],
        clips=f"{found['clips']:,}",
        first=f"{found['first']:.0%}",
        ten=f"{found['first ten']:.0%}",
        rank=f"{found['median rank']:.0f}",
        first_fits=f"{found['first fits']:.0%}",
        one_fits=f"{found['one of ten fits']:.0%}",
        of_ten=f"{found['of ten fit']:.0%}",
        focus=training["focus"],
        few="\n".join(shots),
        words=results["words"],
        **heard,
        **cannot,
    )


def percent(one):
    """Return a share as text, in percent."""
    return f"{one['share']:.1%}".replace("%", " %")
