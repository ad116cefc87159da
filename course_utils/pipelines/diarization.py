"""``SpeakerDiarizationPipeline``: who speaks when, in a recording of any length."""

import numpy as np
import torch
from transformers.pipelines.base import ChunkPipeline

from course_utils import audio
from course_utils.pipelines.clustering import Clustering
from course_utils.pipelines.linking import Linking
from course_utils.pipelines.stitching import Stitching

TASK = "speaker-diarization"
METHODS = {"ForXVector": Clustering, "ForAudioFrameClassification": Stitching}
"""How turns are found, by the end of the name of the model's class."""


class Recording:
    """The samples of a recording, the same for all of its windows and not to be put in batches.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    """

    def __init__(self, samples):
        self.samples = samples


class SpeakerDiarizationPipeline(ChunkPipeline):
    """Find out who speaks when.

    A model of ``AutoModelForAudioXVector`` gives a vector for every two seconds of speech;
    the vectors are clustered (:class:`~course_utils.pipelines.clustering.Clustering`). A model of
    ``AutoModelForAudioFrameClassification`` says for each frame which of a few speakers are active,
    in windows that are stitched together (:class:`~course_utils.pipelines.stitching.Stitching`); it
    can hear two at once. Given both, the second tells apart whom the first took for one
    (:class:`~course_utils.pipelines.linking.Linking`). Each way what is kept of a window is small,
    so a recording of hours needs little more memory than its samples. A model's configuration may
    have ``feature_options``: what its extractor is called with besides the samples.

    Parameters
    ----------
    speaker_model : str or pathlib.Path, optional
        Folder or Hub id of a model for ``AutoModelForAudioXVector`` that tells apart the speakers
        of a model of activity. Without one, its own hidden states have to do.
    *args, **kwargs
        As for every `transformers.Pipeline`; usually made by
        ``pipeline("speaker-diarization", model=...)``.

    Raises
    ------
    ValueError
        If the model is of neither kind, or a speaker model that is given another.
    """

    _load_processor = False
    _load_image_processor = False
    _load_feature_extractor = True
    _load_tokenizer = False

    def __init__(self, *args, speaker_model=None, **kwargs):
        super().__init__(*args, **kwargs)
        name = type(self.model).__name__
        methods = [method for end, method in METHODS.items() if name.endswith(end)]
        if not methods:
            raise ValueError(
                f"{name} cannot diarize: give a model for AutoModelForAudioXVector or for "
                "AutoModelForAudioFrameClassification."
            )
        given = self.model.config, self.feature_extractor.sampling_rate
        if speaker_model is None:
            self.method = methods[0](*given)
        elif methods[0] is Clustering:
            raise ValueError(f"{name} is a speaker model: leave speaker_model out.")
        else:
            self.method = Linking(*given, speaker_model, self.device)

    def __call__(self, inputs, **options):
        """Give the turns of a recording, or of each in a list.

        Parameters
        ----------
        inputs : str, pathlib.Path, bytes, dict or numpy.ndarray, or a list of these
            A file or its bytes; ``{"array": samples, "sampling_rate": hertz}``; or mono samples at
            the model's sampling rate. Other rates and channels are converted.
        num_speakers : int, optional
            How many people speak, if you know: this many clusters, or at most this many speakers
            for a model of activity. Found out by default.
        threshold : float, optional
            What counts as the same speaker, as a cosine between -1 and 1: a higher one finds more
            speakers. By default that of the model's configuration (``diarization_threshold``).
        batch_size : int, default 1
            Windows that go through the model at once.

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
        return super().__call__(inputs, **options)

    def _sanitize_parameters(self, num_speakers=None, threshold=None):
        if num_speakers is not None and (
            isinstance(num_speakers, bool)
            or not isinstance(num_speakers, int | np.integer)
            or num_speakers < 1
        ):
            raise ValueError(f"num_speakers is {num_speakers!r}: give a whole number from 1 on.")
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold!r}: a cosine lies between -1 and 1.")
        given = {"num_speakers": num_speakers, "threshold": threshold}
        return {}, {}, {name: value for name, value in given.items() if value is not None}

    def preprocess(self, inputs):
        """Yield the features of each window, all of the same length."""
        samples = self._samples(inputs)
        recording = Recording(samples)
        (name, *_) = self.feature_extractor.model_input_names
        rate = self.feature_extractor.sampling_rate
        options = getattr(self.model.config, "feature_options", {})
        # Something has to go through the model, even if nobody speaks; its end at 0 tells.
        spans = self.method.spans(samples) or [(0, 0)]
        for number, (start, end) in enumerate(spans, 1):
            # Too short a piece goes round, so that no window needs padding.
            window = np.resize(samples[start:end], self.method.window)
            features = self.feature_extractor(
                window, sampling_rate=rate, return_tensors="pt", **options
            )
            yield {
                name: features[name],
                "recording": recording,
                "span": torch.tensor([[start, end, len(samples)]]),
                "is_last": number == len(spans),
            }

    def _samples(self, inputs):
        rate = self.feature_extractor.sampling_rate
        if isinstance(inputs, np.ndarray | torch.Tensor):
            inputs = {"array": np.asarray(inputs), "sampling_rate": rate}
        return audio.load(inputs, sampling_rate=rate)[0]

    def _forward(self, model_inputs):
        kept = {name: model_inputs.pop(name) for name in ("is_last", "span", "recording")}
        outputs = self.model(**model_inputs, output_hidden_states=self.method.hidden)
        return kept | self.method.reduce(outputs)

    def postprocess(self, model_outputs, num_speakers=None, threshold=None):
        """Make turns of what the windows gave."""
        spans = np.concatenate([output["span"] for output in model_outputs])
        if spans[0, 1] == 0:
            return []
        found = self.method.turns(spans, model_outputs, num_speakers, threshold)
        length = spans[0, 2] / self.feature_extractor.sampling_rate
        # Speakers are numbered in the order in which they are first heard.
        found.sort(key=lambda turn: turn[1:])
        order = {who: place for place, who in enumerate(dict.fromkeys(t[0] for t in found), 1)}
        return [
            {
                "speaker": f"speaker_{order[who]}",
                "start": float(start),
                "end": float(min(end, length)),
            }
            for who, start, end in found
        ]
