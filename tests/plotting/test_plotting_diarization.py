from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from course_utils import plotting

STEP = 0.1  # all times are multiples of it
MISS, FALSE_ALARM, CONFUSION = "#56b4e9", "#009e73", "#d55e00"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def turn(speaker, start, end):
    return {"speaker": speaker, "start": start, "end": end}


def random_turns(rng, names):
    turns = []
    for name in names:
        for _ in range(rng.integers(1, 4)):
            start, length = rng.integers(0, 250), rng.integers(5, 60)
            turns.append(turn(name, start * STEP, (start + length) * STEP))
    return turns


def frames(turns, count=400):
    """Return the speakers of every frame, asking in its middle."""
    moments = (np.arange(count) + 0.5) * STEP
    return [
        {one["speaker"] for one in turns if one["start"] <= moment < one["end"]}
        for moment in moments
    ]


def drawn(ax, name):
    """Return the rectangles of one label, (left, right, low, high) in data, and their colour."""
    (found,) = [bars for bars in ax.containers if bars.get_label() == name]
    boxes = [bar.get_bbox() for bar in found]
    (colour,) = {to_hex(bar.get_facecolor()) for bar in found}
    return [(box.x0, box.x1, box.y0, box.y1) for box in boxes], colour


def heights(boxes, count=400):
    """Return how high the rectangles stand in every frame."""
    total = np.zeros(count)
    for left, right, low, high in boxes:
        total[round(left / STEP) : round(right / STEP)] += high - low
    return total


def labels(ax):
    return [tick.get_text() for tick in ax.get_yticklabels()]


def legend(ax):
    return {
        text.get_text(): to_hex(patch.get_facecolor())
        for text, patch in zip(
            ax.get_legend().get_texts(), ax.get_legend().get_patches(), strict=True
        )
    }


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5, 6, 7])  # every kind of error occurs
def test_drawn_errors_are_those_of_a_count_frame_by_frame(seed):
    rng = np.random.default_rng(seed)
    names = ["Alice", "Bob", "Cleo"]
    said, heard = random_turns(rng, names[: 2 + seed % 2]), random_turns(rng, ["1", "2", "3"])
    ax = plotting.turns(said, heard)
    pairs = dict(name.split(" → ") for name in labels(ax) if "→" in name)
    true, found = frames(said), frames(heard)

    def agreement(pairs):
        return sum(
            len({pairs[name] for name in there} & here)
            for here, there in zip(true, found, strict=True)
        )

    every = [dict(zip("123", order, strict=True)) for order in permutations([*names])]
    assert agreement(pairs) == max(map(agreement, every))

    counts = {MISS: [], FALSE_ALARM: [], CONFUSION: []}
    for here, there in zip(true, found, strict=True):
        right = len({pairs[name] for name in there} & here)
        counts[MISS].append(max(len(here) - len(there), 0))
        counts[FALSE_ALARM].append(max(len(there) - len(here), 0))
        counts[CONFUSION].append(min(len(here), len(there)) - right)
    assert all(sum(count) for count in counts.values())
    boxes = []
    for name, colour in (("missed", MISS), ("false alarm", FALSE_ALARM), ("confused", CONFUSION)):
        mine, shown = drawn(ax, name)
        assert shown == colour
        np.testing.assert_allclose(heights(mine), 0.8 * np.array(counts[colour]), atol=1e-9)
        assert legend(ax)[f"{name} ({sum(counts[colour]) * STEP:.1f} s)"] == colour
        boxes += mine
    # They stand on one line, on top of each other and never over each other.
    ground = max(high for *_, high in boxes)
    stack = [[] for _ in true]
    for left, right, low, high in boxes:
        for frame in range(round(left / STEP), round(right / STEP)):
            stack[frame].append((ground - high, ground - low))
    for pieces in stack:
        edges = [0.0] + [edge for piece in sorted(pieces) for edge in piece]
        np.testing.assert_allclose(edges[0:-1:2], edges[1::2], atol=1e-9)


def test_every_speaker_has_a_row_and_counterparts_have_one_colour():
    said = [turn("Alice", 0, 4), turn("Bob", 3, 6), turn("Alice", 7, 8)]
    # Rows follow the true speakers, not who was first: "x" with no one comes last.
    heard = [turn("x", 0, 0.2), turn("1", 0.3, 0.4), turn("1", 3, 6), turn("2", 0.5, 9.5)]
    ax = plotting.turns(said, heard, title="Call")
    assert labels(ax) == ["Alice", "Bob", "2 → Alice", "1 → Bob", "x → no one"]
    alice, bob = drawn(ax, "Alice"), drawn(ax, "Bob")
    assert [box[:2] for box in alice[0]] == [(0, 4), (7, 8)]
    assert drawn(ax, "2 → Alice")[1] == alice[1] != bob[1] == drawn(ax, "1 → Bob")[1]
    assert drawn(ax, "x → no one")[1] == "#999999"
    errors = {MISS, FALSE_ALARM, CONFUSION}
    assert not errors & {alice[1], bob[1]}
    for name, tick in zip(labels(ax), ax.get_yticks(), strict=True):
        assert all(low < tick < high for *_, low, high in drawn(ax, name)[0])
    assert ax.yaxis_inverted() and ax.get_title() == "Call" and ax.get_xlabel() == "Time (s)"
    assert ax.get_xlim() == (0, 9.5)
    headings = [text.get_text() for text in ax.texts]
    assert headings == ["Reference", "Hypothesis", "Errors"]


def test_turns_alone_have_neither_errors_nor_legend():
    ax = plotting.turns([turn("Bob", 3, 6), turn("Alice", 0, 4)])
    assert labels(ax) == ["Alice", "Bob"]  # by first speaking
    assert ax.get_legend() is None and not ax.texts and len(ax.containers) == 2


def test_a_silent_side_is_said_to_be_silent():
    ax = plotting.turns([turn("Alice", 1, 4)], [])
    assert "Hypothesis: no speech" in [text.get_text() for text in ax.texts]
    ((left, right, low, high),), _ = drawn(ax, "missed")
    assert (left, right, high - low) == (1, 4, pytest.approx(0.8))
    assert list(legend(ax)) == ["missed (3.0 s)", "false alarm (0.0 s)", "confused (0.0 s)"]
    ax = plotting.turns([], [turn("1", 1, 4)])
    assert list(legend(ax)) == ["missed (0.0 s)", "false alarm (3.0 s)", "confused (0.0 s)"]


def test_everything_drawn_lies_inside_the_figure():
    many = [turn(f"a speaker with a long name {n}", n, n + 2) for n in range(9)]
    pictures = [
        plotting.turns(many, many[2:], title="Many"),
        plotting.turns(many[:1], many[:1]),
        plotting.similarity_matrix(
            np.eye(2), ["a_recording_with_a_long_name.wav", "b"], title="Two"
        ),
        plotting.similarity_matrix(np.eye(30), [f"voice {n // 3}" for n in range(30)]),
        plotting.embedding_map(np.eye(20), [f"speaker {n}" for n in range(20)], title="Many"),
    ]
    for ax in pictures:
        ax.figure.canvas.draw()
        width, height = ax.figure.canvas.get_width_height()
        box = ax.figure.get_tightbbox().transformed(ax.figure.dpi_scale_trans)
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1


def test_names_are_written_as_they_are():
    names = ["$\\frac$", "_hidden", "a$b$c"]  # the first is no formula that could be drawn
    said = [turn(name, start, start + 1) for start, name in enumerate(names)]
    pictures = [
        plotting.turns(said, said),
        plotting.similarity_matrix(np.eye(3), names),
        plotting.embedding_map(np.eye(3), names),
    ]
    for ax in pictures:
        ax.figure.canvas.draw()
    assert labels(pictures[0])[:3] == names == labels(pictures[1])
    assert [text.get_text() for text in pictures[2].get_legend().get_texts()] == names


def test_voices_show_every_similarity_and_divide_the_speakers():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = vectors @ vectors.T
    ax = plotting.similarity_matrix(similarities, ["Al", "Al", "Al", "Bo"], title="Four")
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), similarities)
    assert image.get_clim() == (min(0, similarities.min()), 1)
    assert [text.get_text() for text in ax.texts] == [f"{value:.2f}" for value in similarities.flat]
    assert labels(ax) == ["Al", "Bo"] and ax.get_yticks().tolist() == [1.0, 3.0]
    assert sorted({line.get_xdata()[0] for line in ax.lines} - {0}) == [2.5]
    assert not plotting.similarity_matrix(np.eye(2), ["Al", "Bo"]).lines
    assert not any(
        text.get_text() for text in plotting.similarity_matrix(np.eye(21), range(21)).texts
    )


def test_the_map_keeps_distances_that_lie_in_a_plane():
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(12, 2)) @ np.linalg.qr(rng.normal(size=(6, 2)))[0].T + 5
    names = ["Al", "Bo", "Cy"] * 4
    ax = plotting.embedding_map(flat, names)
    points = np.empty((12, 2))
    for place, speaker in enumerate(["Al", "Bo", "Cy"]):
        points[place::3] = ax.collections[place].get_offsets()
        assert ax.collections[place].get_label() == speaker
    for one in range(12):
        np.testing.assert_allclose(
            np.linalg.norm(points - points[one], axis=1), np.linalg.norm(flat - flat[one], axis=1)
        )
    spread = points.var(0) / points.var(0).sum()
    assert "Principal component 1" in ax.get_xlabel()
    assert f"({spread[0]:.0%} of" in ax.get_xlabel() and f"({spread[1]:.0%} of" in ax.get_ylabel()
    assert spread[0] > spread[1] and ax.get_aspect() == 1
    assert len({to_hex(dots.get_facecolor()[0]) for dots in ax.collections}) == 3


def test_the_map_of_speakers_tells_thirty_apart():
    ax = plotting.embedding_map(np.eye(30), range(30))
    looks = {
        (to_hex(dots.get_facecolor()[0]), dots.get_paths()[0].vertices.tobytes())
        for dots in ax.collections
    }
    assert len(looks) == 30


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.turns([]), "turns of 0 speakers"),
        (lambda: plotting.turns([turn(str(n), 0, 1) for n in range(41)]), "turns of 41 speakers"),
        (lambda: plotting.turns([turn("A", 2, 1)]), r"reference\[0\] runs from 2 s to 1 s"),
        (lambda: plotting.turns([turn("A", 0, 1)], [turn(0, 0, 1)]), r"hypothesis\[0\] has the sp"),
        (lambda: plotting.turns({"call": []}), "pick one recording"),
        (lambda: plotting.similarity_matrix([1.0], ["A"]), r"shape \(1,\)"),
        (lambda: plotting.similarity_matrix(np.ones((2, 3)), ["A", "B"]), r"shape \(2, 3\)"),
        (lambda: plotting.similarity_matrix([[5.0]], ["A"]), "divide each embedding by its length"),
        (lambda: plotting.similarity_matrix([[np.nan]], ["A"]), "between -1 and 1"),
        (lambda: plotting.similarity_matrix(np.eye(2), ["A"]), "1 names for 2 embeddings"),
        (lambda: plotting.embedding_map([[1.0, 2.0]], ["A"]), "at least two embeddings"),
        (lambda: plotting.embedding_map([1.0, 2.0], ["A", "B"]), "at least two embeddings"),
        (lambda: plotting.embedding_map(np.ones((2, 2)), ["A", "B"]), "not all the same"),
        (lambda: plotting.embedding_map(np.eye(2), ["A"]), "1 names for 2 embeddings"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("old", "new"), [("voices", "similarity_matrix"), ("voice_map", "embedding_map")]
)
def test_a_renamed_function_says_its_new_name(old, new):
    with pytest.raises(AttributeError, match=f"plotting.{old} is now called plotting.{new}"):
        getattr(plotting, old)
