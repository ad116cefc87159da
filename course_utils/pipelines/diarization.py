"""``SpeakerDiarizationPipeline``: who speaks when, in a recording of any length."""

import numpy as np
import torch
from transformers import Pipeline
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_AUDIO_FRAME_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES,
)

from course_utils import audio
from course_utils.pipelines.clustering import Clustering
from course_utils.pipelines.segment_and_embed import SegmentAndEmbed
from course_utils.pipelines.segmentation import Segmentation

TASK = "speaker-diarization"


class SpeakerDiarizationPipeline(Pipeline):
    """Find out who speaks when.

    With a speaker model (``AutoModelForAudioXVector``), pieces of speech are embedded and the
    embeddings clustered (module `clustering`). With a segmentation model
    (``AutoModelForAudioFrameClassification``), local speakers are found window by window and
    matched (`segmentation`). With both, the segments are embedded and clustered as well, which
    keeps similar voices apart (`segment_and_embed`).

    Parameters
    ----------
    speaker_model : str or pathlib.Path, optional
        Folder or Hub id of a speaker model, beside a segmentation model.
    *args, **kwargs
        As ``pipeline("speaker-diarization", model=...)`` passes them.
    """

    _load_processor = False
    _load_image_processor = False
    _load_feature_extractor = True
    _load_tokenizer = False

    def __init__(self, *args, speaker_model=None, batch_size=1, **kwargs):
        super().__init__(*args, **kwargs)
        self.batch_size = batch_size
        name = type(self.model).__name__
        settings = self.model.config, self.feature_extractor.sampling_rate
        if name in MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES.values():
            if speaker_model is not None:
                raise ValueError(f"{name} is a speaker model: leave speaker_model out.")
            self.method = Clustering(*settings)
        elif name not in MODEL_FOR_AUDIO_FRAME_CLASSIFICATION_MAPPING_NAMES.values():
            raise ValueError(
                f"{name} cannot diarize: give a model for AutoModelForAudioXVector or for "
                "AutoModelForAudioFrameClassification."
            )
        elif speaker_model is None:
            self.method = Segmentation(*settings)
        else:
            self.method = SegmentAndEmbed(*settings, speaker_model, self.device)

    def __call__(self, inputs, batch_size=None, **options):
        """Return the turns of a recording, or of each recording in a list.

        Parameters
        ----------
        inputs : str, pathlib.Path, bytes, dict or numpy.ndarray, or a list of these
            A file or its bytes; ``{"array": samples, "sampling_rate": hertz}``; or mono samples at
            the model's sampling rate. Other rates and channels are converted.
        batch_size : int, default 1
            Number of windows of a recording that go through the model at once.
        num_speakers : int, optional
            Number of speakers, if you know it; with a segmentation model, the maximum. By default
            it follows from the threshold.
        threshold : float, optional
            Cosine above which two speaker embeddings are one speaker's, from -1 to 1: a higher one
            finds more speakers. Default: ``diarization_threshold`` in the model's ``config.json``,
            otherwise 0.86 for a speaker encoder of type WavLM and 0.5 for other models.

        Returns
        -------
        list of dict
            ``{"speaker": str, "start": float, "end": float}`` in seconds, by start; empty without
            speech. A list of such lists for a list of recordings.

        Raises
        ------
        ValueError
            If an option is out of range, or samples are empty or not finite.
        course_utils.audio.AudioError
            If a recording cannot be read.
        """
        # Transformers' batches hold several inputs; these hold windows of one recording.
        windows = self.batch_size if batch_size is None else batch_size
        return super().__call__(inputs, batch_size=1, windows_per_batch=windows, **options)

    def _sanitize_parameters(self, num_speakers=None, threshold=None, windows_per_batch=None):
        for name, value in (("num_speakers", num_speakers), ("batch_size", windows_per_batch)):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                raise ValueError(f"{name} is {value!r}: give a whole number from 1 on.")
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold!r}: a cosine lies between -1 and 1.")
        given = {"num_speakers": num_speakers, "threshold": threshold}
        forward = {} if windows_per_batch is None else {"windows_per_batch": windows_per_batch}
        return {}, forward, {name: value for name, value in given.items() if value is not None}

    def preprocess(self, inputs):
        """Load a recording at the model's sampling rate."""
        rate = self.feature_extractor.sampling_rate
        if isinstance(inputs, np.ndarray | torch.Tensor):
            inputs = {"array": np.asarray(inputs), "sampling_rate": rate}
        return {"samples": audio.load(inputs, sampling_rate=rate)[0]}

    def _forward(self, model_inputs, windows_per_batch=1):
        """Run the model on all windows of a recording; keep what the method needs of each."""
        samples, kept = model_inputs["samples"], []
        spans, states = self.method.spans(samples), self.method.needs_hidden_states
        extractor = self.feature_extractor
        for first in range(0, len(spans), windows_per_batch):
            batch = spans[first : first + windows_per_batch]
            # A piece shorter than a window is repeated to fill it: silence would count as input.
            windows = [np.resize(samples[start:end], self.method.window) for start, end in batch]
            made = extractor(windows, sampling_rate=extractor.sampling_rate, return_tensors="pt")
            features = made[extractor.model_input_names[0]].to(self.device)
            outputs = self.model(features, output_hidden_states=states)
            kept.append({key: part.cpu() for key, part in self.method.reduce(outputs).items()})
        joint = {key: torch.cat([part[key] for part in kept]).numpy() for key in (kept or [{}])[0]}
        return {"samples": samples, "spans": np.array(spans), "outputs": joint}

    def postprocess(self, model_outputs, num_speakers=None, threshold=None):
        """Turn the model's outputs into turns; number speakers in the order of their first turn."""
        if not len(model_outputs["spans"]):
            return []
        found = self.method.turns(**model_outputs, num_speakers=num_speakers, threshold=threshold)
        length = len(model_outputs["samples"]) / self.feature_extractor.sampling_rate
        found.sort(key=lambda turn: turn[1:])
        labels = dict.fromkeys(label for label, *_ in found)
        names = {label: f"speaker_{number}" for number, label in enumerate(labels, 1)}
        return [
            {"speaker": names[label], "start": float(start), "end": float(min(end, length))}
            for label, start, end in found
        ]
