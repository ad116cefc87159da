"""What Transformers' pipelines lack: ``pipeline("speaker-diarization", …)``, a vocoder, a codec.

:func:`register` adds them to Transformers. Afterwards a speaker model, or a model of speaker
activity, opens like every other::

    from transformers import pipeline
    from course_utils import pipelines

    pipelines.register()
    diarize = pipeline("speaker-diarization", model="…")
    diarize("meeting.wav")  # [{"speaker": "speaker_1", "start": 0.4, "end": 2.1}, …]

It adds vocoders to ``AutoModel`` as well, for ``pipeline("text-to-speech", vocoder=…)``, and
the codec of a small MusicGen, for ``pipeline("text-to-audio")``.
"""

from transformers.pipelines import PIPELINE_REGISTRY

from course_utils.pipelines import codec, vocoder
from course_utils.pipelines.clustering import speech_regions
from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig
from course_utils.pipelines.diarization import TASK, SpeakerDiarizationPipeline
from course_utils.pipelines.vocoder import HarmonicVocoder, HarmonicVocoderConfig

__all__ = [
    "TASK",
    "HarmonicVocoder",
    "HarmonicVocoderConfig",
    "SpeakerDiarizationPipeline",
    "SpectralCodec",
    "SpectralCodecConfig",
    "register",
    "speech_regions",
]


def register():
    """Add the task, the vocoder and the codec to Transformers; calling it again changes nothing."""
    if TASK not in PIPELINE_REGISTRY.get_supported_tasks():
        # Without model classes: the one that a checkpoint's configuration names is taken.
        PIPELINE_REGISTRY.register_pipeline(
            TASK, pipeline_class=SpeakerDiarizationPipeline, type="audio"
        )
    vocoder.register()
    codec.register()
