"""A small vocoder: from a mel spectrogram to a waveform, by a source-filter model.

The source is a harmonic tone (voiced) or white noise (unvoiced). A network reads the spectrogram
and predicts for each frame the pitch, whether it is voiced, and the filters of tone and noise; the
waveform is then computed (differentiable digital signal processing, Engel et al. 2020). So it needs
few weights and little training, and its pitch is steady by construction.
"""

import math

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedConfig, PreTrainedModel

WINDOW = 1024  # samples in the STFT window in which the filters are applied


class HarmonicVocoderConfig(PreTrainedConfig):
    """Configuration of :class:`HarmonicVocoder`."""

    model_type = "harmonic-vocoder"
    sampling_rate: int = 16_000  # hertz
    hop_length: int = 256  # samples from one frame of the spectrogram to the next
    num_mel_bins: int = 80
    hidden_size: int = 192  # channels of the network
    dilations: list | tuple = (1, 2, 4, 1, 2, 4)  # of its layers
    lowest_pitch: float = 60.0  # hertz
    highest_pitch: float = 500.0  # hertz
    pitch_bins: int = 96  # between the two, evenly spaced in semitones
    # Logit above which a frame is voiced. Below 0, since text-to-speech models predict smoother
    # spectrograms than those of recordings, and an unvoiced vowel is a whisper.
    voicing: float = -1.5


class _Layer(nn.Module):
    """Depthwise convolution over time, then a feed-forward network, with a residual connection."""

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
    """Vocoder from log-mel spectrograms to waveforms; see the module."""

    config_class = HarmonicVocoderConfig
    main_input_name = "spectrogram"

    def __init__(self, config):
        super().__init__(config)
        size, bands = config.hidden_size, config.num_mel_bins
        # Log-mel spectrum of white noise; mean and standard deviation of the input.
        self.register_buffer("flat", torch.zeros(bands))
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("scale", torch.ones(bands))
        # Interpolates from bands to STFT bins: 1 at a band's centre, 0 at its neighbours' centres.
        self.register_buffer("spread", torch.zeros(bands, WINDOW // 2 + 1))
        self.first = nn.Conv1d(bands, size, 7, padding=3)
        self.layers = nn.ModuleList(_Layer(size, dilation) for dilation in config.dilations)
        self.norm = nn.LayerNorm(size)
        self.pitch = nn.Linear(size, config.pitch_bins)
        self.voiced = nn.Linear(size, 1)
        self.colours = nn.Linear(size, 2 * bands)
        self.post_init()

    def _init_weights(self, module):
        """Start with filters that follow the input spectrogram."""
        if module is self.colours:
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def bins(self):
        """Return the pitch of each bin in hertz, evenly spaced in semitones."""
        config = self.config
        edges = torch.log(torch.tensor([config.lowest_pitch, config.highest_pitch]))
        return torch.exp(torch.linspace(*edges.tolist(), config.pitch_bins, device=self.device))

    def read(self, spectrogram):
        """Predict pitch, voicing and filters from spectrograms ``(batch, frames, bands)``.

        Returns logits of the pitch bins ``(batch, frames, pitch_bins)`` and of voicing ``(batch,
        frames)``, and log10 of the gains of tone and noise ``(batch, frames, 2, bands)``.
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
        """Return the pitch in hertz: the mean around the most likely bin, in log frequency."""
        best = logits.argmax(-1, keepdim=True)
        bins = torch.arange(logits.shape[-1], device=logits.device)
        near = logits.masked_fill((bins - best).abs() > 3, -torch.inf).softmax(-1)
        return torch.exp(near @ torch.log(self.bins()))

    def synthesise(self, pitch, voiced, colours, generator=None):
        """Return the waveform, shape ``(batch, frames * hop_length)``.

        `pitch` (hertz) and `voiced` (0 to 1) have the shape ``(batch, frames)``, `colours` are
        filters from `read`. Without a `generator`, the noise is the same each time.
        """
        hop = self.config.hop_length
        samples = pitch.shape[1] * hop
        with torch.no_grad():
            tone = self._tone(*(self._upsample(part, samples) for part in (pitch, voiced)))
            if generator is None:
                generator = torch.Generator().manual_seed(0)
            noise = torch.randn(tone.shape, generator=generator, device=generator.device)
            noise = noise.to(self.device)
        window = torch.hann_window(WINDOW, device=self.device)
        sound = 0
        for source, colour in zip((tone, noise), colours.unbind(2), strict=True):
            spectrum = torch.stft(
                source, WINDOW, hop, window=window, return_complex=True, pad_mode="constant"
            )
            gain = torch.exp(math.log(10) * (colour @ self.spread)).transpose(1, 2)
            # The STFT has one frame more than the spectrogram.
            gain = torch.cat([gain, gain[..., -1:]], 2)
            sound = sound + spectrum * gain
        return torch.istft(sound, WINDOW, hop, window=window, length=samples)

    def _upsample(self, values, samples):
        """Interpolate from one value a frame to one a sample."""
        hop = self.config.hop_length
        values = torch.cat([values, values[:, -1:]], 1)[:, None]
        return functional.interpolate(
            values, values.shape[2] * hop - hop + 1, mode="linear", align_corners=True
        )[:, 0, :samples]

    def _tone(self, pitch, voiced):
        """Add up all harmonics below half the sampling rate, at the power of white noise."""
        rate = self.config.sampling_rate
        # In double precision, since the phase grows with time; on the CPU, since MPS has none.
        phase = torch.cumsum(pitch.cpu().double() / rate, 1)
        phase = (2 * torch.pi * (phase - phase.floor())).float().to(pitch.device)
        count = torch.floor(rate / 2 / pitch)
        # The sum of cos(k x) for k from 1 to n, in closed form.
        half = phase / 2
        sine = torch.sin(half)
        near = sine.abs() < 1e-4
        total = torch.sin((count + 0.5) * phase) / torch.where(near, torch.ones_like(sine), sine)
        total = torch.where(near, count, (total - 1) / 2)
        return voiced * total * torch.sqrt(2 / count)

    def forward(self, spectrogram):
        """Return the waveform of a log-mel spectrogram, with values from -1 to 1.

        From ``(frames, bands)`` to ``(frames * hop_length,)``, or both with a batch in front.
        """
        batch = spectrogram if spectrogram.ndim == 3 else spectrogram[None]
        pitch, voiced, colours = self.read(batch)
        voiced = (voiced > self.config.voicing).float()
        made = self.synthesise(self.hertz(pitch), voiced, colours).clamp(-1, 1)
        return made if spectrogram.ndim == 3 else made[0]
