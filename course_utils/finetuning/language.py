"""Tell a multilingual Whisper which language it hears, in training and in transcription."""

from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE


def set_language(model, tokenizer, language):
    """Make a multilingual Whisper transcribe one language; leave any other recogniser alone.

    Without it, the tokenizer of OpenAI's checkpoints begins labels with ``<|startoftranscript|>``
    and ``<|notimestamps|>``, while ``generate`` begins with the language and the task as well: the
    model would be trained on a beginning that it never gets. And ``generate`` guesses the language
    of each clip, which fails on short and noisy ones.

    Parameters
    ----------
    model : transformers.PreTrainedModel or transformers.Pipeline
        Its ``generation_config`` is changed, and saved with the model, so that ``pipeline()`` needs
        no argument later.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its labels begin with the language and the task ``transcribe`` afterwards.
    language : str
        Code or English name, such as "en" or "english".

    Raises
    ------
    ValueError
        If the model is multilingual and does not know the language.
    """
    # In older Transformers, a pipeline has a copy of its model's generation settings.
    owners = model, getattr(model, "model", None)
    configs = [getattr(owner, "generation_config", None) for owner in owners]
    configs = [config for config in configs if getattr(config, "is_multilingual", False)]
    code = TO_LANGUAGE_CODE.get(language.lower(), language.lower())
    for config in configs:
        if f"<|{code}|>" not in config.lang_to_id:
            known = ", ".join(sorted(token.strip("<|>") for token in config.lang_to_id))
            raise ValueError(f"the model does not know the language {language!r}, only {known}")
        config.language, config.task = code, "transcribe"
        tokenizer.set_prefix_tokens(language=code, task="transcribe")
