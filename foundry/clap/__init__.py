"""Sounds with captions, and the model that embeds both in one space (CLAP)."""
