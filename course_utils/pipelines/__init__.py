"""What Transformers' pipelines lack: ``pipeline("speaker-diarization", …)``, a vocoder, a codec.

:func:`register` adds them to Transformers. Afterwards a speaker model, or a segmentation model,
opens like every other::

    pipelines.register()
    diarize = transformers.pipeline("speaker-diarization", model="…")
    diarize("meeting.wav")  # [{"speaker": "speaker_1", "start": 0.4, "end": 2.1}, …]

``AutoModel`` then opens vocoders, for ``pipeline("text-to-speech", vocoder=…)``, and the codec of a
small MusicGen, for ``pipeline("text-to-audio")``. `synthesis` tells architectures of text to speech
apart, so that one cell speaks with any of them.
"""

from transformers import AutoConfig, AutoModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES
from transformers.pipelines import PIPELINE_REGISTRY

from course_utils.pipelines import embedding
from course_utils.pipelines.clustering import speech_regions
from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig
from course_utils.pipelines.diarization import TASK, SpeakerDiarizationPipeline
from course_utils.pipelines.embedding import FbankFeatureExtractor, SpeakerEmbedder
from course_utils.pipelines.segmentation import windows
from course_utils.pipelines.synthesis import Utterance, look_inside, mel_extractor, voice_input
from course_utils.pipelines.vocoder import HarmonicVocoder, HarmonicVocoderConfig

__all__ = ["TASK", "SpeakerDiarizationPipeline", "register", "speech_regions", "windows"]
__all__ += ["FbankFeatureExtractor", "SpeakerEmbedder"]
__all__ += ["Utterance", "look_inside", "mel_extractor", "voice_input"]
__all__ += ["HarmonicVocoder", "HarmonicVocoderConfig", "SpectralCodec", "SpectralCodecConfig"]


def register():
    """Add all of this to Transformers; calling it again changes nothing."""
    if TASK not in PIPELINE_REGISTRY.get_supported_tasks():
        # Without model classes: Transformers takes the one that a checkpoint's config.json names.
        PIPELINE_REGISTRY.register_pipeline(
            TASK, pipeline_class=SpeakerDiarizationPipeline, type="audio"
        )
    embedding.register()
    for model in (HarmonicVocoder, SpectralCodec):
        AutoConfig.register(model.config_class.model_type, model.config_class, exist_ok=True)
        AutoModel.register(model.config_class, model, exist_ok=True)
    # Transformers' own vocoders by name, since AutoModel.register ignores its own in 5.15.
    MODEL_MAPPING_NAMES["fastspeech2_conformer_hifigan"] = "FastSpeech2ConformerHifiGan"
    MODEL_MAPPING_NAMES["speecht5_hifigan"] = "SpeechT5HifiGan"
