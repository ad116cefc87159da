"""Configuration of the encoder of several shipped models: a small Wav2Vec2-BERT."""

import torch
from transformers import Wav2Vec2BertConfig

from foundry.speech.speech_features import MELS, STRIDE


def config_of(hidden, layers, heads, stride=STRIDE, **others):
    """Return the configuration of an encoder for :mod:`foundry.speech.speech_features`.

    Parameters
    ----------
    hidden, layers, heads : int
        Hidden size, number of layers, number of attention heads.
    stride : int
        Number of frames stacked into an input vector.
    **others
        More options of the configuration.

    Returns
    -------
    transformers.Wav2Vec2BertConfig
    """
    return Wav2Vec2BertConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        feature_projection_input_dim=stride * MELS,
        conv_depthwise_kernel_size=15,
        position_embeddings_type="rotary",
        layerdrop=0.0,
        # No dropout: augmentation regularises enough, and dropout takes time.
        hidden_dropout=0.0,
        activation_dropout=0.0,
        final_dropout=0.0,
        feat_proj_dropout=0.0,
        attention_dropout=0.0,
        conformer_conv_dropout=0.0,
        apply_spec_augment=False,
        **others,
    )


def init_xavier(model):
    """Initialise all matrices by Xavier's uniform distribution and return the model.

    The default, a standard deviation of 0.02, is meant for much wider networks.
    """
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.xavier_uniform_(value)
    return model
