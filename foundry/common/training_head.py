"""A model with an additional output layer for a second task that only training uses."""

import torch


class TrainingHead(torch.nn.Module):
    """A Transformers model and a linear layer that reads its hidden states.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Model to train and to export; the head is dropped after training.
    hidden_size : int
        Dimension of the hidden states.
    outputs : int
        Number of outputs of the head.
    """

    def __init__(self, model, hidden_size, outputs):
        super().__init__()
        self.model = model
        self.model.set_attn_implementation("eager")  # faster than sdpa in training on a CPU
        self.head = torch.nn.Linear(hidden_size, outputs)
