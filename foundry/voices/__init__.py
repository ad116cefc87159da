"""Training of the speaker model and of the diarizer."""
