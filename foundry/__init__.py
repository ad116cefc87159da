"""Scripts that made the shipped data sets and models; see the README of this folder.

No lesson imports this package. ``python -m foundry`` rebuilds everything, and ``python -m
foundry.FOLDER.SCRIPT --help`` describes one script.
"""
