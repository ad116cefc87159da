"""Training of the speech recognisers."""
