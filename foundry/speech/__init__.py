"""The shipped speech: what is said, by which voice, and its features."""
