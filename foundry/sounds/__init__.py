"""Synthesised everyday sounds, and the model that names them."""
