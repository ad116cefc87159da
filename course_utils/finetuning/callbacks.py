"""Callbacks for :class:`transformers.Trainer`."""


def live_curves(metric):
    """Build a callback that draws the training curves anew after every evaluation.

    Parameters
    ----------
    metric : str
        Name that ``compute_metrics`` gives the score, without the prefix ``eval_``.

    Returns
    -------
    transformers.TrainerCallback
        For ``Trainer(callbacks=[…])``. The picture replaces itself in the cell's output.
    """
    # A function rather than a module-level class, so that importing this needs no transformers.
    from transformers import TrainerCallback

    class LiveCurves(TrainerCallback):
        def __init__(self):
            self.handle = None

        def on_train_begin(self, args, state, control, **kwargs):
            self.handle = None

        def on_evaluate(self, args, state, control, **kwargs):
            import matplotlib.pyplot as plt
            from IPython.display import display

            from course_utils import plotting

            figure = plotting.training_curves(state.log_history, metric=metric).figure
            if self.handle is None:
                self.handle = display(figure, display_id=True)
            else:
                self.handle.update(figure)
            plt.close(figure)

    return LiveCurves()
