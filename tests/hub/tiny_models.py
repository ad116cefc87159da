"""Tiny random checkpoints of the architectures that the catalogue's originals have.

Their files are those of the originals: the same names, tokenizers and feature extractors of the
same kinds, weights as the original has them, and the entries of the configurations that lessons or
pipelines read.
"""

import json

import sentencepiece
import torch
import transformers as tf
from tokenizers import pre_tokenizers
from transformers.models.whisper.tokenization_whisper import LANGUAGES

SMALL = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
}  # fmt: skip
RAW = SMALL | {
    "conv_dim": (8,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2,
    "mask_time_length": 4,
}  # fmt: skip
GTZAN = "blues,classical,country,disco,hiphop,jazz,metal,pop,reggae,rock"
AUDIOSET = "Speech,Music,Dog,Bark,Cat,Meow,Rain,Siren,Church bell,Chainsaw,Sneeze,Tick-tock"
LETTERS = "|ETAONIHSRDLUMWCFGYPBVK'XJQZ"
BOOK = 32
"""Entries of a codebook, and the id behind them that begins a piece."""
VOICE = 16
"""Length of a speaker embedding, which a speaker model makes and a synthesiser takes."""


def labels(names):
    return {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}}


def ast(folder):
    names = AUDIOSET.split(",")
    names += [f"Sound {number}" for number in range(len(names), 527)]
    config = tf.ASTConfig(**SMALL, num_mel_bins=128, max_length=1024, **labels(names))
    tf.ASTForAudioClassification(config).save_pretrained(folder)
    tf.ASTFeatureExtractor(mean=-4.27, std=4.57).save_pretrained(folder)


def raw_extractor(folder, **options):
    options = {"do_normalize": True, "return_attention_mask": False} | options
    tf.Wav2Vec2FeatureExtractor(**options).save_pretrained(folder)


def distilhubert(folder):
    tf.HubertModel(tf.HubertConfig(**RAW)).save_pretrained(folder)
    raw_extractor(folder)


def gtzan(folder):
    config = tf.HubertConfig(**RAW, classifier_proj_size=16, **labels(GTZAN.split(",")))
    tf.HubertForSequenceClassification(config).save_pretrained(folder)
    raw_extractor(folder, return_attention_mask=True)


def wav2vec2(folder):
    entries = ["<pad>", "<s>", "</s>", "<unk>", *LETTERS]
    config = tf.Wav2Vec2Config(**RAW, vocab_size=len(entries), pad_token_id=0)
    tf.Wav2Vec2ForCTC(config).save_pretrained(folder)
    raw_extractor(folder)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(
        json.dumps({entry: number for number, entry in enumerate(entries)}), encoding="utf-8"
    )
    tf.Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)


def as_pickle(model, folder):
    """Keep the weights in the older format, as some originals have nothing else."""
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


def wavlm_speaker(folder):
    config = tf.WavLMConfig(
        **RAW, tdnn_dim=(16, 16, 16, 16, 32), xvector_output_dim=VOICE, num_buckets=32
    )
    as_pickle(tf.WavLMForXVector(config), folder)
    raw_extractor(folder, do_normalize=False, return_attention_mask=True)


def wavlm_diarizer(folder):
    config = tf.WavLMConfig(**RAW, num_labels=2, num_buckets=32)
    as_pickle(tf.WavLMForAudioFrameClassification(config), folder)
    raw_extractor(folder, do_normalize=False, return_attention_mask=True)


def whisper(folder):
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "t"), ("h", "e"), ("Ġ", "a"), ("i", "n"), ("Ġt", "he")]
    entries = [*pieces, *("".join(pair) for pair in merges)]
    end, start = "<|endoftext|>", "<|startoftranscript|>"
    languages = [f"<|{code}|>" for code in LANGUAGES][:99]
    tasks = ["<|translate|>", "<|transcribe|>"]
    special = [start, *languages, *tasks, "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>"]
    tokenizer = tf.WhisperTokenizer(
        vocab={entry: number for number, entry in enumerate([*entries, end])}, merges=merges,
        unk_token=end, bos_token=end, eos_token=end, pad_token=end,
        additional_special_tokens=special, model_max_length=448,
    )  # fmt: skip
    tokenizer.add_tokens([f"<|{number * 0.02:.2f}|>" for number in range(1501)])
    tokenizer.save_pretrained(folder)
    number = tokenizer.convert_tokens_to_ids
    # The original hears 30 s at once; a third of it takes a third of the time.
    tf.WhisperFeatureExtractor(feature_size=80, chunk_length=10).save_pretrained(folder)
    config = tf.WhisperConfig(
        vocab_size=len(tokenizer), max_source_positions=500, d_model=16, encoder_layers=1,
        decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, pad_token_id=number(end), bos_token_id=number(end),
        eos_token_id=number(end), decoder_start_token_id=number(start),
    )  # fmt: skip
    tf.WhisperForConditionalGeneration(config).save_pretrained(folder)
    tf.GenerationConfig(
        bos_token_id=number(end), eos_token_id=number(end), pad_token_id=number(end),
        decoder_start_token_id=number(start), is_multilingual=True, return_timestamps=False,
        lang_to_id={code: number(code) for code in languages},
        task_to_id={"translate": number(tasks[0]), "transcribe": number(tasks[1])},
        no_timestamps_token_id=number("<|notimestamps|>"),
        prev_sot_token_id=number("<|startofprev|>"), alignment_heads=[[0, 0], [0, 1]],
        begin_suppress_tokens=[number("Ġ"), number(end)],
        suppress_tokens=[number('"'), *map(number, special[:1])],
        max_initial_timestamp_index=50,
        max_length=16,  # 448 in the original; a random model never ends by itself
    ).save_pretrained(folder)  # fmt: skip


def vits(folder):
    """Write a voice of one speaker that reads characters; each second token is a blank, id 0."""
    characters = "k'z y udh-es3wc_pxm4i05rafnbvoj61gqt2l8"
    vocabulary = folder / "vocab.json"
    entries = {character: number for number, character in enumerate(dict.fromkeys(characters))}
    vocabulary.write_text(json.dumps(entries), encoding="utf-8")
    tf.VitsTokenizer(
        str(vocabulary), pad_token="k", language="eng", add_blank=True, phonemize=False
    ).save_pretrained(folder)
    config = tf.VitsConfig(
        vocab_size=len(entries), hidden_size=16, num_hidden_layers=1, ffn_dim=32, flow_size=8,
        spectrogram_bins=17, upsample_initial_channel=32, duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1, prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1, resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),), speaking_rate=3.0,
    )  # fmt: skip
    tf.VitsModel(config).save_pretrained(folder)


def speecht5(folder):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox jumps over a lazy dog, isn't it? THE END."]),
        model_prefix=str(folder / "spm_char"), model_type="char", vocab_size=43,
        bos_id=0, pad_id=1, eos_id=2, unk_id=3, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "spm_char.vocab").unlink()
    tokenizer = tf.SpeechT5Tokenizer(str(folder / "spm_char.model"))
    tokenizer.add_tokens(["<mask>", "<ctc_blank>"])
    tokenizer.save_pretrained(folder)
    tf.SpeechT5FeatureExtractor().save_pretrained(folder)
    config = tf.SpeechT5Config(
        vocab_size=len(tokenizer), hidden_size=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, speech_decoder_prenet_units=16, speech_decoder_postnet_units=16,
        speaker_embedding_dim=VOICE, conv_dim=(8,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        reduction_factor=8,  # 2 in the original, which takes four times as many steps
    )  # fmt: skip
    model = tf.SpeechT5ForTextToSpeech(config)
    # An untrained model would end at once; this one speaks as long as it may.
    torch.nn.init.constant_(model.speech_decoder_postnet.prob_out.bias, -5.0)
    as_pickle(model, folder)


def hifigan(folder):
    config = tf.SpeechT5HifiGanConfig(
        upsample_initial_channel=32, resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]]
    )
    as_pickle(tf.SpeechT5HifiGan(config), folder)


def musicgen(folder):
    text = tf.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    sound = tf.EncodecConfig(
        sampling_rate=32_000, audio_channels=1, normalize=False, num_filters=4, hidden_size=16,
        codebook_size=BOOK, codebook_dim=16, upsampling_ratios=[8, 8, 8, 5], num_lstm_layers=1,
        target_bandwidths=[0.26], use_causal_conv=False, chunk_length_s=None, overlap=None,
    )  # fmt: skip
    music = tf.MusicgenDecoderConfig(
        vocab_size=BOOK, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=32,
        num_codebooks=4, pad_token_id=BOOK, bos_token_id=BOOK,
    )  # fmt: skip
    model = tf.MusicgenForConditionalGeneration(
        tf.MusicgenConfig(text_encoder=text, audio_encoder=sound, decoder=music)
    )
    model.generation_config = tf.GenerationConfig(
        do_sample=True, guidance_scale=3.0, max_length=1500, pad_token_id=BOOK, bos_token_id=BOOK,
        decoder_start_token_id=BOOK,
    )  # fmt: skip
    model.save_pretrained(folder)
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words += [(piece, -3.0) for piece in "▁abcdefghijklmnopqrstuvwxyz,/-"]
    words += [(piece, -2.0) for piece in ("▁music", "▁rock", "▁with")]
    tf.T5Tokenizer(vocab=words, extra_ids=10).save_pretrained(folder)
    tf.EncodecFeatureExtractor(feature_size=1, sampling_rate=32_000).save_pretrained(folder)


def clap(folder):
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "a"), ("Ġ", "s"), ("o", "u"), ("n", "d")]
    entries = ["<s>", "<pad>", "</s>", "<unk>", *pieces, *map("".join, merges), "<mask>"]
    tokenizer = tf.RobertaTokenizer(
        vocab={entry: number for number, entry in enumerate(entries)}, merges=merges,
        model_max_length=512,
    )  # fmt: skip
    extractor = tf.ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")
    tf.ClapProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    extractor.save_pretrained(folder)
    sound = {
        "patch_embeds_hidden_size": 8, "hidden_size": 64, "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 2, 2, 2], "projection_dim": 16,
    }  # fmt: skip
    text = SMALL | {"vocab_size": len(entries), "projection_dim": 16}
    config = tf.ClapConfig(audio_config=sound, text_config=text, projection_dim=16)
    as_pickle(tf.ClapModel(config), folder)


MAKERS = {
    "MIT/ast-finetuned-audioset-10-10-0.4593": ast,
    "ntu-spml/distilhubert": distilhubert,
    "facebook/wav2vec2-base-960h": wav2vec2,
    "openai/whisper-tiny": whisper,
    "microsoft/wavlm-base-plus-sv": wavlm_speaker,
    "microsoft/wavlm-base-plus-sd": wavlm_diarizer,
    "sanchit-gandhi/distilhubert-finetuned-gtzan": gtzan,
    "facebook/musicgen-small": musicgen,
    "facebook/mms-tts-eng": vits,
    "microsoft/speecht5_tts": speecht5,
    "microsoft/speecht5_hifigan": hifigan,
    "laion/clap-htsat-unfused": clap,
}


def make(hub, folder):
    """Write the files of a model into a folder, the same at each call."""
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    MAKERS[hub](folder)
