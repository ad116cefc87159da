"""Wrong answers to the exercises of lesson 02, the usual mistakes first."""

import numpy as np

WRONG = {
    "02.1": (
        lambda logits: logits / logits.sum() if logits.sum() else np.full(len(logits), 1.0),
        np.exp,
        lambda logits: 1 / (1 + np.exp(-logits)),
        np.argmax,
    ),
    "02.2": (
        lambda scores, labels: {r["label"]: r["score"] for r in scores if r["label"] in labels},
        lambda scores, labels: {r["label"]: r["score"] for r in scores},
        lambda scores, labels: dict.fromkeys(labels, 0.5),
    ),
    "02.3": (
        lambda scores, hits, threshold: (np.mean(np.array(scores) > threshold), np.mean(hits)),
        lambda scores, hits, threshold: np.mean(np.array(scores) >= threshold),
        lambda scores, hits, threshold: (
            np.mean(np.array(scores) >= threshold),
            np.mean((np.array(scores) >= threshold) & np.array(hits)),
        ),
        lambda scores, hits, threshold: (
            np.mean(np.array(scores) >= threshold),
            np.sum(hits) / np.sum(np.array(scores) >= threshold),
        ),
    ),
    "02.4": (
        lambda samples, length, step: np.split(samples, 2),
        lambda samples, length, step: [
            samples[i : i + length] for i in range(0, len(samples), step)
        ],
        lambda samples, length, step: [
            samples[i : i + length] for i in range(0, len(samples) - length + 1, length)
        ],
    ),
}
