"""Simulated conversations, and the rooms, microphones and noise they are heard through."""
