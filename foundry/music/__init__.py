"""Synthesised music in eight genres, and the models that name and play it."""
