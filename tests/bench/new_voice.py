"""Score lesson 09 by judges that had no part in it: likeness and words before and after.

    pip install --no-deps resemblyzer webrtcvad-wheels
    course-utils run 09 --out runs
    python tests/bench/new_voice.py --tuned runs/models/new-voice --judge JUDGE

Resemblyzer, a speaker encoder trained on people, compares the voice with its clips; a recogniser in
the folder JUDGE writes down forty sentences of the validation split, which neither model has heard.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from resemblyzer import VoiceEncoder, preprocess_wav
from safetensors.numpy import load_file
from transformers import AutoModel, pipeline

from course_utils import audio, pipelines, scoring
from course_utils.catalog import POCKET
from foundry.recognition import recognition_scores
from foundry.text_to_speech import tts_scores

RATE = 16_000
SENTENCES = 40


def main():
    """Print word error rate and likeness to the clips for each model, and the WERs' difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tuned", type=Path, required=True, help="folder that lesson 09 saved")
    parser.add_argument("--judge", type=Path, required=True, help="folder of a recogniser")
    parser.add_argument("--voice", default="Bob", help="speaker of the test split")
    options = parser.parse_args()

    encoder = VoiceEncoder("cpu", verbose=False)
    hear = tts_scores.transcriber(options.judge)
    rows = recognition_scores.shipped("test", tts_scores.DOMAINS)
    clips = [audio.load(r["audio"], RATE)[0] for r in rows if r["speaker"] == options.voice]

    def embed(samples):
        return encoder.embed_utterance(preprocess_wav(samples, source_sr=RATE))

    wanted = np.mean([embed(clip) for clip in clips], 0)
    wanted /= np.linalg.norm(wanted)
    vector = load_file(options.tuned / "voice.safetensors")["speaker_embedding"]
    rows = recognition_scores.shipped("validation", tts_scores.DOMAINS)
    places = np.linspace(0, len(rows) - 1, SENTENCES).round().astype(int)
    texts = [rows[place]["text"] for place in places]
    pipelines.register()
    vocoder = AutoModel.from_pretrained(POCKET / "pocket-vocoder", dtype=torch.float32)
    heard = {}
    for name, folder in {
        "by vector": POCKET / "pocket-fastspeech",
        "fine-tuned": options.tuned,
    }.items():
        speak = pipeline("text-to-speech", model=str(folder), vocoder=vocoder.eval(), device="cpu")
        embedding = {"speaker_embedding": torch.from_numpy(vector)[None]}
        made = [np.ravel(speak(text, forward_params=embedding)["audio"]) for text in texts]
        heard[name] = hear(made, texts)
        score = recognition_scores.score(texts, heard[name])
        alike = np.mean([embed(clip) @ wanted for clip in made])
        low, high = score["interval"]
        print(f"{name:<12}WER {score['wer']:.1%} ({low:.1%} to {high:.1%})  likeness {alike:.3f}")
    said = [scoring.normalise_text(text) for text in texts]
    before, after = heard.values()
    low, high = scoring.confidence_interval(said, after, versus=before)
    print(f"WER of fine-tuned - by vector: {100 * low:+.1f} to {100 * high:+.1f} points")
    recorded = np.mean([embed(clip) @ wanted for clip in clips])
    print(f"{'recordings':<12}likeness {recorded:.3f}")


if __name__ == "__main__":
    main()
