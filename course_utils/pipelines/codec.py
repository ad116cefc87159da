"""A small audio codec: tokens for frames of a spectrogram, and the sound back from them.

Like EnCodec it has several codebooks: each one looks up what the ones before missed (residual
vector quantisation), and `encode` and `decode` are called alike, so that MusicGen takes one for the
other. Unlike EnCodec it has no network. What is looked up are log-mel spectra, and the sound comes
back by Griffin and Lim's search for phases (1984): the codebooks are all there is to learn.
"""

import math

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.audio_utils import mel_filter_bank
from transformers.models.encodec.modeling_encodec import (
    EncodecDecoderOutput,
    EncodecEncoderOutput,
)


class SpectralCodecConfig(PreTrainedConfig):
    """Configuration of :class:`SpectralCodec`.

    Parameters
    ----------
    sampling_rate : int
        Of the waveform, in hertz.
    window_length, hop_length : int
        Of the spectrogram, in samples.
    spectra : int
        Spectra in a frame, which share their tokens.
    num_mel_bins : int
        Bands of the spectrogram.
    num_quantizers, codebook_size : int
        Number of codebooks, and of entries in each.
    floor : float
        Smallest magnitude that is told from silence.
    rounds : int
        Rounds of the search for phases.
    """

    model_type = "spectral-codec"

    def __init__(
        self,
        sampling_rate=16_000,
        window_length=1024,
        hop_length=320,
        spectra=2,
        num_mel_bins=128,
        num_quantizers=8,
        codebook_size=256,
        floor=0.02,
        rounds=32,
        **kwargs,
    ):
        self.sampling_rate = sampling_rate
        self.window_length = window_length
        self.hop_length = hop_length
        self.spectra = spectra
        self.num_mel_bins = num_mel_bins
        self.num_quantizers = num_quantizers
        self.codebook_size = codebook_size
        self.floor = floor
        self.rounds = rounds
        super().__init__(**kwargs)

    @property
    def frame_rate(self):
        """Frames a second."""
        return math.ceil(self.sampling_rate / (self.hop_length * self.spectra))


class SpectralCodec(PreTrainedModel):
    """From waveforms to tokens and back; see the module.

    Parameters
    ----------
    config : SpectralCodecConfig
    """

    config_class = SpectralCodecConfig
    main_input_name = "input_values"

    def __init__(self, config):
        super().__init__(config)
        size = config.spectra * config.num_mel_bins
        books = torch.zeros(config.num_quantizers, config.codebook_size, size)
        self.codebooks = torch.nn.Parameter(books, requires_grad=False)
        self.post_init()

    def _init_weights(self, module):
        """Leave the codebooks as they are: they are fitted, not trained."""

    def _filters(self):
        config = self.config
        return torch.from_numpy(
            mel_filter_bank(
                config.window_length // 2 + 1,
                config.num_mel_bins,
                0.0,
                config.sampling_rate / 2,
                config.sampling_rate,
                mel_scale="slaney",
            )
        ).to(self.device, torch.float32)

    def _stft(self, samples):
        window = torch.hann_window(self.config.window_length, device=samples.device)
        return torch.stft(
            samples, len(window), self.config.hop_length, window=window, return_complex=True
        )

    @torch.no_grad()
    def frames(self, samples):
        """Compute what is looked up: logarithms of mel spectra.

        Parameters
        ----------
        samples : torch.Tensor, shape (batch, n)

        Returns
        -------
        torch.Tensor, shape (batch, n // (hop_length * spectra), spectra * num_mel_bins)
        """
        config = self.config
        count = samples.shape[1] // (config.hop_length * config.spectra)
        magnitudes = self._stft(samples.float()).abs()[:, :, : count * config.spectra]
        mel = magnitudes.transpose(1, 2) @ self._filters()
        return mel.clamp(min=config.floor).log().reshape(len(samples), count, -1)

    @torch.no_grad()
    def sound(self, frames):
        """Make waveforms of frames; the inverse of `frames`, but for the phases."""
        config = self.config
        mel = frames.reshape(len(frames), -1, config.num_mel_bins).float().exp()
        mel = mel * (mel > 1.5 * config.floor)  # what is below the floor is silence
        target = (mel @ torch.linalg.pinv(self._filters())).clamp(min=0).transpose(1, 2)
        target = torch.nn.functional.pad(target, (0, 1))
        window = torch.hann_window(config.window_length, device=target.device)
        length = config.hop_length * mel.shape[1]
        turns = torch.rand(target.shape, generator=torch.Generator().manual_seed(0))
        phases = torch.polar(torch.ones_like(turns), 2 * torch.pi * turns).to(target.device)
        before = torch.zeros_like(phases)
        for _ in range(config.rounds):
            samples = torch.istft(
                target * phases, len(window), config.hop_length, window=window, length=length
            )
            found = self._stft(samples)
            # Steps beyond the solution find it sooner (Perraudin, Balazs and Sondergaard 2013).
            phases = found + 0.99 * (found - before)
            phases = phases / phases.abs().clamp(min=1e-8)
            before = found
        return torch.istft(
            target * phases, len(window), config.hop_length, window=window, length=length
        )

    @torch.no_grad()
    def encode(self, input_values, padding_mask=None, **kwargs):
        """Turn waveforms, shape ``(batch, 1, n)``, into tokens, as ``EncodecModel.encode`` does."""
        left = self.frames(input_values[:, 0])
        codes = []
        for book in self.codebooks:
            nearest = torch.cdist(left, book.expand(len(left), -1, -1)).argmin(-1)
            left = left - book[nearest]
            codes.append(nearest)
        codes = torch.stack(codes, 1)[None]
        return EncodecEncoderOutput(codes, [None] * codes.shape[1], 0)

    @torch.no_grad()
    def decode(self, audio_codes, audio_scales=None, **kwargs):
        """Turn tokens into waveforms, as ``EncodecModel.decode`` does.

        Parameters
        ----------
        audio_codes : torch.Tensor, shape (1, batch, codebooks, frames)
            Of the first codebooks only, if you like.
        """
        codes = audio_codes[0].unbind(1)
        frames = sum(book[code] for book, code in zip(self.codebooks, codes, strict=False))
        return EncodecDecoderOutput(self.sound(frames)[:, None])


def register():
    """Let MusicGen open a folder with this codec in it."""
    AutoConfig.register(SpectralCodecConfig.model_type, SpectralCodecConfig, exist_ok=True)
    AutoModel.register(SpectralCodecConfig, SpectralCodec, exist_ok=True)
