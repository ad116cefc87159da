"""Training of the synthesiser and of its vocoder."""
