"""The encoder that several shipped models share: a small Wav2Vec2-BERT on mel features."""

import torch
from transformers import Wav2Vec2BertConfig

from foundry.speech.speech_features import MELS, STRIDE


def config_of(hidden, layers, heads, stride=STRIDE, **others):
    """Describe an encoder that reads :mod:`foundry.speech.speech_features`.

    Parameters
    ----------
    hidden, layers, heads : int
        Width, depth and attention heads.
    stride : int
        Frames side by side in a vector of its input.
    **others
        What the model adds: sizes and options of its own.

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
        # No dropout: recordings vary enough, and drawing it takes time.
        hidden_dropout=0.0,
        activation_dropout=0.0,
        final_dropout=0.0,
        feat_proj_dropout=0.0,
        attention_dropout=0.0,
        conformer_conv_dropout=0.0,
        apply_spec_augment=False,
        **others,
    )


def spread(model):
    """Draw the weights anew, wider than by default, and give the model.

    The default start (0.02 for every weight) suits far wider networks.
    """
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.xavier_uniform_(value)
    return model
