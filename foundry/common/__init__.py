"""What several of the trainings share: the training loop, files, sound synthesis."""
