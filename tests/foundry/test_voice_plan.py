"""The plan of the invented speakers."""

from collections import defaultdict

import pytest

from foundry.speech import kokoro, sentences, speech_plan, voice_plan


@pytest.fixture(scope="module")
def plan():
    return voice_plan.plan()


def test_everybody_is_made_of_three_voices_of_one_sex_with_weights_of_one_together(plan):
    speakers = defaultdict(list)
    for utterance in plan:
        speakers[utterance.speaker].append(utterance)
    assert len(speakers) == voice_plan.SPEAKERS
    for own in speakers.values():
        assert len(own) == voice_plan.UTTERANCES
        (voices,) = {tuple(u.voices.items()) for u in own}
        assert len(voices) == 3 and sum(weight for _, weight in voices) == pytest.approx(1)
        assert {kokoro.sex_of(voice) for voice, _ in voices} == {own[0].sex}
        assert max(u.speed for u in own) - min(u.speed for u in own) <= 0.161
    weights = [weight for u in plan for weight in u.voices.values()]
    assert min(weights) < -0.2 and max(weights) < 1.5
    assert len({tuple(u.voices) for u in plan}) > 700


def test_no_voice_and_no_sentence_is_held_out(plan):
    used = {voice for u in plan for voice in u.voices}
    assert used.isdisjoint(sum(speech_plan.HELD_OUT.values(), ()))
    assert len(used) == len(kokoro.VOICES) + len(kokoro.FOREIGN) - 8
    assert {sentences.split_of(u.text) for u in plan} == {"train"}
    assert {u.split for u in plan} == {"voices"}


def test_ids_are_unique_and_the_plan_is_the_same_again(plan):
    assert len({u.id for u in plan}) == len(plan)
    assert plan == voice_plan.plan()
    assert plan != voice_plan.plan(seed=1)
