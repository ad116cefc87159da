"""A small audio codec: tokens for the frames of a spectrogram, and a waveform from tokens.

Like EnCodec it uses residual vector quantisation, and `encode` and `decode` have EnCodec's
signatures, so MusicGen accepts it. Unlike EnCodec it has no network: the codebooks hold log-mel
spectra, and the algorithm of Griffin and Lim (1984) finds the phases of the waveform.
"""

import math

import torch
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.audio_utils import mel_filter_bank
from transformers.models.encodec.modeling_encodec import (
    EncodecDecoderOutput,
    EncodecEncoderOutput,
)


class SpectralCodecConfig(PreTrainedConfig):
    """Configuration of :class:`SpectralCodec`."""

    model_type = "spectral-codec"
    sampling_rate: int = 16_000  # hertz
    window_length: int = 1024  # of the STFT, in samples
    hop_length: int = 320  # of the STFT, in samples
    spectra: int = 2  # consecutive spectra that share the tokens of a frame
    num_mel_bins: int = 128
    num_quantizers: int = 8  # codebooks
    codebook_size: int = 256  # entries in each
    floor: float = 0.02  # magnitude of a mel band that counts as silence
    rounds: int = 32  # iterations of the Griffin-Lim algorithm

    @property
    def frame_rate(self):
        """Return the number of frames a second."""
        return math.ceil(self.sampling_rate / (self.hop_length * self.spectra))


class SpectralCodec(PreTrainedModel):
    """Codec from waveforms to tokens and back; see the module."""

    config_class = SpectralCodecConfig
    main_input_name = "input_values"

    def __init__(self, config):
        super().__init__(config)
        size = config.spectra * config.num_mel_bins
        books = torch.zeros(config.num_quantizers, config.codebook_size, size)
        self.codebooks = torch.nn.Parameter(books, requires_grad=False)
        self.post_init()

    def _filters(self):
        config = self.config
        bins, highest = config.window_length // 2 + 1, config.sampling_rate / 2
        filters = mel_filter_bank(
            bins, config.num_mel_bins, 0.0, highest, config.sampling_rate, mel_scale="slaney"
        )
        return torch.from_numpy(filters).float().to(self.device)  # MPS has no float64

    def _transform(self, transform, signal, **options):
        """Call `torch.stft` or `torch.istft` with the codec's window and hop."""
        window = torch.hann_window(self.config.window_length, device=signal.device)
        return transform(signal, len(window), self.config.hop_length, window=window, **options)

    @torch.no_grad()
    def frames(self, samples):
        """Return the log-mel spectra of waveforms, as the codebooks have them.

        From ``(batch, n)`` to ``(batch, n // (hop_length * spectra), spectra * num_mel_bins)``.
        """
        config = self.config
        count = samples.shape[1] // (config.hop_length * config.spectra)
        magnitudes = self._transform(torch.stft, samples.float(), return_complex=True).abs()
        mel = magnitudes[:, :, : count * config.spectra].transpose(1, 2) @ self._filters()
        return mel.clamp(min=config.floor).log().reshape(len(samples), count, -1)

    @torch.no_grad()
    def sound(self, frames):
        """Return waveforms, shape ``(batch, n)``, with the log-mel spectra of `frames`."""
        config = self.config
        mel = frames.reshape(len(frames), -1, config.num_mel_bins).float().exp()
        mel = mel * (mel > 1.5 * config.floor)  # bands near the floor are silent
        # MPS has no singular value decomposition, so the inverse is computed on the CPU.
        inverse = torch.linalg.pinv(self._filters().cpu()).to(mel.device)
        target = (mel @ inverse).clamp(min=0).transpose(1, 2)
        target = torch.nn.functional.pad(target, (0, 1))
        length = config.hop_length * mel.shape[1]
        turns = torch.rand(target.shape, generator=torch.Generator().manual_seed(0))
        phases = torch.polar(torch.ones_like(turns), 2 * torch.pi * turns).to(target.device)
        before = torch.zeros_like(phases)
        for _ in range(config.rounds):
            samples = self._transform(torch.istft, target * phases, length=length)
            found = self._transform(torch.stft, samples, return_complex=True)
            # With momentum it converges sooner (Perraudin, Balazs and Sondergaard 2013).
            phases = found + 0.99 * (found - before)
            phases = phases / phases.abs().clamp(min=1e-8)
            before = found
        return self._transform(torch.istft, target * phases, length=length)

    @torch.no_grad()
    def encode(self, input_values, padding_mask=None, **kwargs):
        """Turn waveforms, shape ``(batch, 1, n)``, into tokens, as ``EncodecModel.encode`` does."""
        residual = self.frames(input_values[:, 0])
        codes = []
        for book in self.codebooks:
            nearest = torch.cdist(residual, book.expand(len(residual), -1, -1)).argmin(-1)
            residual = residual - book[nearest]
            codes.append(nearest)
        codes = torch.stack(codes, 1)[None]
        return EncodecEncoderOutput(codes, [None] * codes.shape[1], 0)

    @torch.no_grad()
    def decode(self, audio_codes, audio_scales=None, **kwargs):
        """Turn tokens into waveforms, as ``EncodecModel.decode`` does.

        `audio_codes` has the shape ``(1, batch, codebooks, frames)``; the first codebooks suffice.
        """
        codes = audio_codes[0].unbind(1)
        frames = sum(book[code] for book, code in zip(self.codebooks, codes, strict=False))
        return EncodecDecoderOutput(self.sound(frames)[:, None])
