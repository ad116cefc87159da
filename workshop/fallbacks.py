"""Outputs of a stored lesson without a kernel: widgets as plain HTML, figures as images."""

import base64
import copy
import html

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
_NOTE = '<p class="course-note">{}</p>'
_UNGUESSED = "You have not guessed yet"
_SLIDERS = ("IntSliderModel", "SelectionSliderModel", "CheckboxModel")


def still(notebook):
    """Return a copy whose outputs need neither a kernel nor scripts from a network.

    Widgets become HTML made from their stored state: players play, the answers of a guess can be
    ticked, the explorer shows its last picture. Progress bars are removed.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed lesson.

    Returns
    -------
    nbformat.NotebookNode
    """
    result = copy.deepcopy(notebook)
    state = result.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in result.cells:
        if cell.cell_type == "code":
            outputs = (_still(output, state) for output in cell.outputs)
            cell.outputs = [output for output in outputs if output is not None]
    return result


def widget(state, model_id, text):
    """Return a widget as HTML, or an empty string for a progress bar.

    Parameters
    ----------
    state : dict
        Widget state of the notebook, by model id.
    model_id : str
        Id of the widget.
    text : str
        Plain text of the output, shown if the widget has no stored state.

    Returns
    -------
    str
    """
    if text.startswith(_UNGUESSED):
        return _NOTE.format("In the notebook, your guess is compared with the answer here.")
    if model_id not in state or state[model_id]["model_name"] == "AnyModel":
        return _NOTE.format(html.escape(text))
    names = {model["model_name"] for model in _family(state, model_id)}
    if "FloatProgressModel" in names:
        return ""
    page = _drawn(state, model_id, model_id)
    if names & set(_SLIDERS):
        page += _NOTE.format("In the notebook, controls change this picture.")
    return f'<div class="course-widget">{page}</div>'


def _still(output, state):
    data = output.get("data", {})
    if VIEW in data:
        page = widget(state, data[VIEW]["model_id"], data.get("text/plain", ""))
        output.data = {"text/html": page}
        return output if page else None
    if "image/png" in data:
        # The lessons describe each figure in the text beside it.
        output.data = {
            "text/html": f'<img src="data:image/png;base64,{data["image/png"].strip()}" '
            'alt="Figure drawn by the cell above; the text beside it says what to see">'
        }
    if "<iframe" in data.get("text/html", ""):
        output.data = {"text/html": _NOTE.format("In the notebook, the page of a server is here.")}
    if data.get("text/html") == "":  # left by a progress bar of the Trainer
        return None
    return output


def _family(state, model_id):
    model = state[model_id]
    yield model
    for child in model["state"].get("children", []):
        yield from _family(state, child.removeprefix("IPY_MODEL_"))


def _drawn(state, model_id, group):
    model = state[model_id]
    name, values = model["model_name"], model["state"]
    if name == "HTMLModel":
        return values["value"]  # HTML made by course_utils, which escapes its texts
    if name == "ButtonModel":
        label = html.escape(values["description"])
        return f'<label><input type="radio" name="{html.escape(group)}"> {label}</label> '
    if name == "ImageModel":
        return _picture(model)
    children = values.get("children", [])
    return "".join(_drawn(state, child.removeprefix("IPY_MODEL_"), group) for child in children)


def _picture(model):
    (stored,) = (b for b in model["buffers"] if b["path"] == ["value"])
    raw = base64.b64decode(
        stored["data"]
    )  # decoded and encoded again, so that it holds nothing but base64
    kind = html.escape(model["state"].get("format", "png"))
    source = f"data:image/{kind};base64,{base64.b64encode(raw).decode('ascii')}"
    return f'<img src="{source}" alt="Spectrogram; the sentence below says what it resolves">'
