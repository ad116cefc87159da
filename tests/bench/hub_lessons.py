"""Time lessons in the hub profile on models of the originals' size: does a CPU end in minutes?

    python tests/bench/hub_lessons.py --whisper FOLDER 02 04 06 08

FOLDER holds openai/whisper-base; without it Whisper is a random model of that size. All other
models have random weights, in the sizes that the originals' configurations give. The recordings are
those of tests/hub, as many as a CPU takes. Wall time and CPU time are printed, and the load before:
on two idle cores, a lesson takes at most its CPU time.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "hub"))  # the builders of the originals
sys.path.insert(0, str(Path(__file__).parents[2]))

import stored
import tiny_data
import tiny_models
import transformers as tf

from course_utils.course import syllabus
from tests.kernels import kernel


def main():
    """Build the originals, run each lesson, print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="+", help="numbers of lessons, such as 04")
    parser.add_argument("--whisper", type=Path, help="folder with openai/whisper-base")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        home = stored.as_cache(build(folder / "originals", options.whisper), folder / "hf")
        settings = {"COURSE_PROFILE": "hub", "HF_HOME": home, "HF_HUB_OFFLINE": 1}
        for lesson in syllabus.lessons():
            if lesson.number in options.lessons:
                run(lesson, folder, settings)


def run(lesson, folder, settings):
    """Run a lesson in a kernel of its own; print its seconds."""
    load, started = os.getloadavg()[0], time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with kernel(folder, **settings, COURSE_HOME=folder / "home") as running:
        running.lesson(lesson)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(
        f"{lesson.number}: {seconds:.0f} s, {spent:.0f} s of CPU; load before {load:.1f}",
        flush=True,
    )


def build(root, whisper):
    """Make all originals; those that lessons 02, 04, 06 and 08 load have their full size."""
    tiny_models.SMALL, tiny_models.VOICE = {}, 512
    tiny_models.RAW = {"mask_time_length": 4}
    tiny_models.MAKERS |= {
        "microsoft/wavlm-base-plus-sv": speaker_model, "facebook/mms-tts-eng": vits,
        "microsoft/speecht5_hifigan": vocoder,
    }  # fmt: skip
    tiny_data.CLIPS = {"sounds": 40, "speech": 24}
    stored.build(root)
    if whisper:
        shutil.rmtree(root / "models/openai/whisper-tiny")
        shutil.copytree(whisper, root / "models/openai/whisper-tiny")
    return root


def speaker_model(folder):
    config = tf.WavLMConfig(tdnn_dim=(512, 512, 512, 512, 1500), xvector_output_dim=512)
    tiny_models.as_pickle(tf.WavLMForXVector(config), folder)
    tiny_models.raw_extractor(folder, do_normalize=False, return_attention_mask=True)


def vits(folder):
    tiny_models.vits(folder)
    tf.VitsModel(tf.VitsConfig()).save_pretrained(folder)


def vocoder(folder):
    tiny_models.as_pickle(tf.SpeechT5HifiGan(tf.SpeechT5HifiGanConfig()), folder)


if __name__ == "__main__":
    main()
