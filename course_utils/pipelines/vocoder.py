"""A small vocoder: from a mel spectrogram to a waveform by a source and a filter.

A voice is a buzz or a hiss (the source), coloured by throat and mouth (the filter). The network
reads the spectrogram and says for each frame how high the buzz is, whether there is one, and how
buzz and hiss are coloured; the sound itself is computed (differentiable signal processing, Engel et
al. 2020). So it needs few weights and little training, and its pitch is steady by construction.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

WINDOW = 1024
"""Samples of a window in which the filters are applied."""


class HarmonicVocoderConfig(PreTrainedConfig):
    """Configuration of :class:`HarmonicVocoder`.

    Parameters
    ----------
    sampling_rate : int
        Of the waveform, in hertz.
    hop_length : int
        Samples from one frame of the spectrogram to the next.
    num_mel_bins : int
        Bands of the spectrogram.
    hidden_size, dilations
        Channels of the network, and the dilation of each of its layers.
    lowest_pitch, highest_pitch, pitch_bins
        Range of the fundamental frequency in hertz, and in how many steps it is told.
    voicing : float
        Logit from which on a frame has a voice. Below 0, since text-to-speech models write smoother
        spectrograms than recordings have, and a voice without buzz is a whisper.
    """

    model_type = "harmonic-vocoder"

    def __init__(
        self,
        sampling_rate=16_000,
        hop_length=256,
        num_mel_bins=80,
        hidden_size=192,
        dilations=(1, 2, 4, 1, 2, 4),
        lowest_pitch=60.0,
        highest_pitch=500.0,
        pitch_bins=96,
        voicing=-1.5,
        **kwargs,
    ):
        self.sampling_rate = sampling_rate
        self.hop_length = hop_length
        self.num_mel_bins = num_mel_bins
        self.hidden_size = hidden_size
        self.dilations = list(dilations)
        self.lowest_pitch = lowest_pitch
        self.highest_pitch = highest_pitch
        self.pitch_bins = pitch_bins
        self.voicing = voicing
        super().__init__(**kwargs)


class _Layer(nn.Module):
    """Looks at frames around, then mixes channels; added to what came in."""

    def __init__(self, size, dilation):
        super().__init__()
        self.around = nn.Conv1d(size, size, 5, padding=2 * dilation, dilation=dilation, groups=size)
        self.norm = nn.LayerNorm(size)
        self.wide = nn.Linear(size, 3 * size)
        self.narrow = nn.Linear(3 * size, size)

    def forward(self, states):
        inner = self.norm(self.around(states.transpose(1, 2)).transpose(1, 2))
        return states + self.narrow(functional.gelu(self.wide(inner)))


class HarmonicVocoder(PreTrainedModel):
    """From log-mel spectrograms to waveforms; see the module.

    Parameters
    ----------
    config : HarmonicVocoderConfig
    """

    config_class = HarmonicVocoderConfig
    main_input_name = "spectrogram"

    def __init__(self, config):
        super().__init__(config)
        size, bands = config.hidden_size, config.num_mel_bins
        # Log-magnitudes that white noise has in each band, and mean and spread of the features.
        self.register_buffer("flat", torch.zeros(bands))
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("scale", torch.ones(bands))
        # From bands to bins: 1 at a band's centre, falling to its neighbours'.
        self.register_buffer("spread", torch.zeros(bands, WINDOW // 2 + 1))
        self.first = nn.Conv1d(bands, size, 7, padding=3)
        self.layers = nn.ModuleList(_Layer(size, dilation) for dilation in config.dilations)
        self.norm = nn.LayerNorm(size)
        self.pitch = nn.Linear(size, config.pitch_bins)
        self.voiced = nn.Linear(size, 1)
        self.colours = nn.Linear(size, 2 * bands)
        self.post_init()

    def _init_weights(self, module):
        """Begin with the colours that the spectrogram has."""
        if module is self.colours:
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def bins(self):
        """Give the pitches that can be told, in hertz, evenly spaced in semitones."""
        config = self.config
        edges = torch.log(torch.tensor([config.lowest_pitch, config.highest_pitch]))
        return torch.exp(torch.linspace(*edges.tolist(), config.pitch_bins, device=self.device))

    def read(self, spectrogram):
        """Say what is in each frame.

        Parameters
        ----------
        spectrogram : torch.Tensor
            Shape ``(batch, frames, bands)``.

        Returns
        -------
        pitch, voiced, colours : torch.Tensor
            Logits of the pitch bins ``(batch, frames, pitch_bins)`` and of voicing ``(batch,
            frames)``; decimal logarithms of the gains of buzz and hiss ``(batch, frames, 2,
            bands)``.
        """
        states = (spectrogram - self.mean) / self.scale
        states = self.first(states.transpose(1, 2)).transpose(1, 2)
        for layer in self.layers:
            states = layer(states)
        states = self.norm(states)
        colours = self.colours(states).unflatten(2, (2, -1))
        colours = colours + (spectrogram - self.flat)[:, :, None]
        return self.pitch(states), self.voiced(states)[..., 0], colours

    def hertz(self, logits):
        """Turn logits of the pitch bins into a frequency: the mean around the likeliest bin."""
        best = logits.argmax(-1, keepdim=True)
        places = torch.arange(logits.shape[-1], device=logits.device)
        near = logits.masked_fill((places - best).abs() > 3, -torch.inf).softmax(-1)
        return torch.exp(near @ torch.log(self.bins()))

    def synthesise(self, pitch, voiced, colours, generator=None):
        """Compute the waveform.

        Parameters
        ----------
        pitch : torch.Tensor
            Fundamental frequency in hertz, shape ``(batch, frames)``.
        voiced : torch.Tensor
            0 to 1, same shape.
        colours : torch.Tensor
            From `read`.
        generator : torch.Generator, optional
            Of the hiss; by default, the same hiss each time.

        Returns
        -------
        torch.Tensor
            Shape ``(batch, frames * hop_length)``.
        """
        hop = self.config.hop_length
        samples = pitch.shape[1] * hop
        with torch.no_grad():
            buzz = self._buzz(*(self._held(part, samples) for part in (pitch, voiced)))
            if generator is None:
                generator = torch.Generator(self.device).manual_seed(0)
            hiss = torch.randn(buzz.shape, generator=generator, device=self.device)
        window = torch.hann_window(WINDOW, device=self.device)
        sound = 0
        for source, colour in zip((buzz, hiss), colours.unbind(2), strict=True):
            spectrum = torch.stft(
                source, WINDOW, hop, window=window, return_complex=True, pad_mode="constant"
            )
            gain = torch.exp(np.log(10) * (colour @ self.spread)).transpose(1, 2)
            # A frame more than the spectrogram has lies at the very end.
            gain = torch.cat([gain, gain[..., -1:]], 2)
            sound = sound + spectrum * gain
        return torch.istft(sound, WINDOW, hop, window=window, length=samples)

    def _held(self, values, samples):
        """Bring values of frames, whose middles lie a hop apart, to the rate of samples."""
        hop = self.config.hop_length
        values = torch.cat([values, values[:, -1:]], 1)[:, None]
        return functional.interpolate(
            values, values.shape[2] * hop - hop + 1, mode="linear", align_corners=True
        )[:, 0, :samples]

    def _buzz(self, pitch, voiced):
        """Add up all harmonics below half the sampling rate; their power is that of the hiss."""
        rate = self.config.sampling_rate
        # In double precision: after a minute the phase is in the tens of thousands.
        phase = torch.cumsum(pitch.double() / rate, 1)
        phase = (2 * torch.pi * (phase - phase.floor())).float()
        count = torch.floor(rate / 2 / pitch)
        # The sum of cos(k x) for k from 1 to n, in closed form.
        half = phase / 2
        sine = torch.sin(half)
        near = sine.abs() < 1e-4
        total = torch.sin((count + 0.5) * phase) / torch.where(near, torch.ones_like(sine), sine)
        total = torch.where(near, count, (total - 1) / 2)
        return voiced * total * torch.sqrt(2 / count)

    def forward(self, spectrogram):
        """Make a waveform.

        Parameters
        ----------
        spectrogram : torch.Tensor
            Log-mel spectrogram of shape ``(frames, bands)`` or ``(batch, frames, bands)``.

        Returns
        -------
        torch.Tensor
            Shape ``(frames * hop_length,)`` or with a batch in front, from -1 to 1.
        """
        batch = spectrogram if spectrogram.ndim == 3 else spectrogram[None]
        pitch, voiced, colours = self.read(batch)
        there = (voiced > self.config.voicing).float()
        made = self.synthesise(self.hertz(pitch), there, colours).clamp(-1, 1)
        return made if spectrogram.ndim == 3 else made[0]


def register():
    """Let ``AutoModel`` open vocoders: this one, and those of FastSpeech2 and SpeechT5."""
    AutoConfig.register(HarmonicVocoderConfig.model_type, HarmonicVocoderConfig, exist_ok=True)
    AutoModel.register(HarmonicVocoderConfig, HarmonicVocoder, exist_ok=True)
    # By name, since older Transformers pass over their own configurations in AutoModel.register.
    MODEL_MAPPING_NAMES["fastspeech2_conformer_hifigan"] = "FastSpeech2ConformerHifiGan"
    MODEL_MAPPING_NAMES["speecht5_hifigan"] = "SpeechT5HifiGan"
