"""Simulated conversations, and the augmentation of clean recordings by rooms, lines and noise."""
