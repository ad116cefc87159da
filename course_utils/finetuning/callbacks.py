"""Callbacks for :class:`transformers.Trainer`."""


def live_curves():
    """Build a callback that draws the training curves anew after every evaluation.

    Returns
    -------
    transformers.TrainerCallback
        For ``Trainer(callbacks=[…])``. The picture replaces itself in the cell's output.
    """
    # A function around the class, so that importing this module needs no transformers.
    from transformers import TrainerCallback

    class LiveCurves(TrainerCallback):
        """Keeps one picture up to date, on a fresh figure each time."""

        def __init__(self):
            self.shown = None

        def on_evaluate(self, args, state, control, **kwargs):
            import matplotlib.pyplot as plt
            from IPython.display import display

            from course_utils import plotting

            figure = plotting.training_curves(state.log_history).figure
            if self.shown is None:
                self.shown = display(figure, display_id=True)
            else:
                self.shown.update(figure)
            plt.close(figure)

    return LiveCurves()
