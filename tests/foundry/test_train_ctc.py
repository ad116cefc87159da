import numpy as np
import torch

from course_utils.foundry import train_ctc
from course_utils.foundry.sentences import ALPHABET


def pairs(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        frames = int(rng.integers(20, 60))
        text = "".join(rng.choice(list(ALPHABET), 8)).strip() or "a"
        yield torch.from_numpy(rng.standard_normal((frames, 320))).float(), train_ctc.encode(text)


def test_banks_give_back_what_went_in(tmp_path):
    made = list(pairs(7))
    train_ctc.Bank.of(made[:4]).save(tmp_path / "bank.npz")
    bank = train_ctc.join([train_ctc.Bank.load(tmp_path / "bank.npz"), train_ctc.Bank.of(made[4:])])
    assert len(bank) == 7
    features, ends, labels = bank.batch([5, 0])
    for row, number in enumerate((5, 0)):
        expected, tokens = made[number]
        assert ends[row] == len(expected)
        assert torch.allclose(features[row, : ends[row]], expected, atol=2e-3)
        assert not features[row, ends[row] :].any()
        assert labels[row][labels[row] >= 0].tolist() == list(tokens)


def test_every_utterance_is_in_one_batch_and_batches_keep_their_size():
    lengths = np.random.default_rng(1).integers(10, 300, 500)
    groups = train_ctc.batches(lengths, epoch=0)
    assert sorted(row for group in groups for row in group) == list(range(500))
    for group in groups:
        assert max(lengths[group]) * len(group) <= train_ctc.BATCH_FRAMES
    assert groups != train_ctc.batches(lengths, epoch=1)


def test_the_network_has_a_loss_and_three_million_parameters():
    model = train_ctc.new_model()
    assert 2e6 < model.num_parameters() < 4e6
    features, ends, labels = train_ctc.Bank.of(list(pairs(3))).batch([0, 1, 2])
    attention = (torch.arange(features.shape[1]) < ends[:, None]).long()
    loss = model(input_features=features, attention_mask=attention, labels=labels).loss
    assert torch.isfinite(loss) and loss > 0
    assert model.config.inputs_to_logits_ratio == 640  # four frames of 10 ms at 16 kHz


def test_silence_is_transcribed_as_some_text():
    model = train_ctc.new_model().eval()
    (text,) = train_ctc.transcribe(model, [np.zeros(16_000, np.float32)])
    assert isinstance(text, str) and set(text) <= set(ALPHABET + "<unk>")
