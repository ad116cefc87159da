"""Shipped cards are what the templates and ``results.json`` give, with no figure edited by hand.

That the weights score so is the subject of ``test_shipped_models.py``.
"""

import json
import shutil

import pytest

from course_utils.catalog import POCKET
from foundry.clap import clap_scores
from foundry.music import music_scores
from foundry.recognition import recognition_scores
from foundry.sounds import sound_cards, sound_data
from foundry.text_to_speech import tts_scores
from foundry.voices import voice_scores


def sounds_card(out, results):
    sound_cards.write_model_card(out, results, sound_data.LABELS, set(sound_data.ESC10.values()))


CARDS = {
    "pocket-sounds": sounds_card,
    "pocket-clap": clap_scores.write_card,
    "pocket-ctc": recognition_scores.write_card,
    "pocket-whisper": recognition_scores.write_card,
    "pocket-speaker": voice_scores.write_card,
    "pocket-diarizer": voice_scores.write_card,
    "pocket-fastspeech": tts_scores.write_speaker_card,
    "pocket-vocoder": tts_scores.write_vocoder_card,
    "pocket-genres": music_scores.write_classifier_card,
    "pocket-music": music_scores.write_card,
}


@pytest.mark.parametrize("name", CARDS)
def test_the_shipped_card_is_the_template_with_the_stored_scores(name, tmp_path):
    shutil.copytree(POCKET / name, tmp_path / name)
    results = json.loads((POCKET / name / "results.json").read_text(encoding="utf-8"))
    (tmp_path / name / "README.md").unlink()
    CARDS[name](tmp_path / name, results)
    made = (tmp_path / name / "README.md").read_text("utf-8")
    assert made == (POCKET / name / "README.md").read_text("utf-8")


def test_the_shipped_card_of_the_sounds_is_its_template():
    made = sound_cards.data_card(
        sound_data.SPLITS, sound_data.FIRST_SEED, sound_data.LABELS, sound_data.BITRATE
    )
    assert made == (POCKET / "sounds" / "README.md").read_text("utf-8")
