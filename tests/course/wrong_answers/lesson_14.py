"""Wrong answers to the exercises of lesson 14, the usual mistakes first."""

import numpy as np


def softmax(values):
    powers = np.exp(values)
    return powers / powers.sum()


def scaled(vector):
    return vector / np.linalg.norm(vector)


WRONG = {
    "14.1": (
        lambda sounds, sentences: sounds @ sentences.T,
        lambda sounds, sentences: (
            sounds @ sentences.T / np.linalg.norm(sounds, axis=1, keepdims=True)
        ),
        lambda sounds, sentences: (
            sentences
            @ sounds.T
            / np.outer(np.linalg.norm(sentences, axis=1), np.linalg.norm(sounds, axis=1))
        ),
        lambda sounds, sentences: (
            sounds @ sentences.T / (np.linalg.norm(sounds) * np.linalg.norm(sentences))
        ),
    ),
    "14.2": (
        lambda similarities, temperature: softmax(similarities),
        lambda similarities, temperature: softmax(similarities * temperature),
        lambda similarities, temperature: softmax(similarities) / temperature,
        lambda similarities, temperature: np.exp(similarities / temperature),
    ),
    "14.3": (
        lambda embed, templates, label: np.mean(
            embed([template.format(label) for template in templates]), axis=0
        ),
        lambda embed, templates, label: scaled(embed([templates[0].format(label)])[0]),
        lambda embed, templates, label: scaled(embed([label])[0]),
        lambda embed, templates, label: scaled(embed(templates).mean(axis=0)),
    ),
    "14.4": (
        lambda curve, tolerance: max(curve, key=curve.get),
        lambda curve, tolerance: min(curve),
        lambda curve, tolerance: max(
            n for n in curve if curve[n] >= max(curve.values()) - tolerance
        ),
        lambda curve, tolerance: min(n for n in curve if curve[n] >= tolerance),
        lambda curve, tolerance: next(
            n for n in curve if curve[n] >= max(curve.values()) - tolerance
        ),
    ),
}
