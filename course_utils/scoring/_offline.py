"""The base of the course's metrics: `evaluate.Metric` without network and without files."""

import evaluate


class OfflineMetric(evaluate.Metric):
    """A metric that keeps what it is given in memory.

    By default, a metric writes its predictions to the Hugging Face cache and locks the file, which
    a read-only home forbids and which two processes on one home must share.
    """

    def __init__(self):
        super().__init__(keep_in_memory=True)

    def pair(self, references, predictions):
        """Check references and predictions; return both as lists of one length."""
        raise NotImplementedError

    def add(self, *, prediction=None, reference=None):
        """Add one prediction and its reference."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions=None, references=None):
        """Add predictions and references, in the same order."""
        references, predictions = self.pair(references, predictions)
        super().add_batch(predictions=predictions, references=references)

    def compute(self, *, predictions=None, references=None, **options):
        """Score what is given here and what was added before."""
        if predictions is None and references is None and self.writer is None:
            raise ValueError("There is nothing to score: give predictions and references.")
        return super().compute(predictions=predictions, references=references, **options)

    def _build_data_dir(self):
        return self._data_dir_root  # never written to, so not created either
