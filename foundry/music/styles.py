"""Rhythms, instruments and harmony of each genre of the data set ``genres``.

A rhythm is a string with one character for each step; it is repeated to the end of the clip:

- drums, ``{role: rhythm}``: ``x`` stroke, ``o`` soft stroke, ``.`` nothing;
- bass and accompaniment: ``-`` hold, ``.`` silence; ``1 3 5 7 8`` play that tone of the chord
  (8 is the octave), ``x`` play the whole chord, ``a`` lead into the next chord's root.

The splits use different entries of each list of rhythms and progressions (`share`).
"""

from dataclasses import dataclass, field

SPLITS = ("train", "validation", "test")
_TENTHS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 2)

# Upper case is a major chord, lower case a minor one; "7", "maj7", "o" (diminished) follow it.
PROGRESSIONS = {
    "pop": {
        "major": ["I V vi IV", "I vi IV V", "I IV V IV", "I iii IV V", "I IV I V",
                  "I ii IV I", "I V IV V", "vi IV I V", "I IV vi V", "I vi ii V"],
        "minor": ["i VI III VII", "i iv v i", "i VII VI VII", "i iv VII III", "i v VI iv",
                  "i VI iv V", "i III VII iv", "i VII iv VI", "i iv VI V", "i VI VII i"],
    },
    "jazz": {
        "major": ["Imaj7 vi7 ii7 V7", "ii7 V7 Imaj7 Imaj7", "Imaj7 IVmaj7 iii7 vi7",
                  "Imaj7 ii7 iii7 ii7", "Imaj7 Imaj7 ii7 V7", "iii7 vi7 ii7 V7",
                  "Imaj7 IVmaj7 Imaj7 V7", "Imaj7 ii7 V7 Imaj7", "Imaj7 V7 vi7 ii7",
                  "IVmaj7 V7 iii7 vi7"],
        "minor": ["i7 iv7 V7 i7", "i7 VImaj7 iv7 V7", "i7 VII7 VImaj7 V7", "iv7 VII7 i7 i7",
                  "i7 iv7 i7 V7", "i7 iv7 VII7 IIImaj7", "i7 i7 iv7 V7", "i7 VImaj7 VII7 i7",
                  "i7 V7 iv7 i7", "iv7 i7 V7 i7"],
    },
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """The rules of one genre.

    Attributes
    ----------
    beats, steps : int
        Beats in a bar and steps in a beat; three steps a beat swing.
    tempo : tuple of float
        Lowest and highest, in beats per minute.
    minor : float
        Probability of a minor key.
    harmony : dict
        Key of `PROGRESSIONS` to its relative frequency.
    chord_beats : tuple of int
        Possible lengths of a chord, in beats.
    drums, bass, comp : list
        Rhythms, see the docstring of the module.
    kits, basses, comps, leads : dict
        Name of an instrument to its relative frequency.
    density : tuple of float
        Lowest and highest share of steps on which a note of the melody starts.
    drumless, leadless : float
        Probability that the drums or the melody are left out.
    room : tuple of float
        Lowest and highest energy of the reverberation relative to the direct sound.
    levels : dict
        Gain of a part in dB: "drums", "bass", "comp", "lead".
    """

    beats: int
    steps: int
    tempo: tuple
    minor: float
    harmony: dict
    chord_beats: tuple
    drums: list
    bass: list
    comp: list
    kits: dict
    basses: dict
    comps: dict
    leads: dict
    density: tuple = (0.2, 0.45)
    drumless: float = 0.1
    leadless: float = 0.1
    room: tuple = (0.05, 0.25)
    levels: dict = field(default_factory=dict)


STYLES = {
    "ambient": Style(
        4, 2, (60, 128), 0.5, {"pop": 2, "jazz": 1}, (4, 8),
        drums=[
            {"P": "..o...o."}, {"K": "x.......", "P": "..o...o."}, {"R": "o...o..."},
            {"K": "x.......o.......", "R": "....o..."}, {"P": ".o.o.o.o"}, {"M": "....o..."},
            {"T": "x.....o.", "P": "..o...o."}, {"K": "x...o...", "P": "...o...o"},
            {"R": "o.....o."}, {"T": "x...x...", "R": "..o...o."},
        ],
        bass=["1-------", "1-----5-", "1---5---", "1---....", "1-------5-------", "1-----8-",
              "1--5----", "1-5-----", "1---8---", "1-----1-"],
        comp=["x-------", "x---x---", "15835831", "1-5-3-8-", "1.3.5.8.", "1---5-8-",
              "85318531", "x------.", "13583538", "1-3-5---"],
        kits={"electronic_kit": 4, "brush_kit": 2, "chip_kit": 1, "acoustic_kit": 1},
        basses={"sub_bass": 5, "synth_bass": 3, "upright_bass": 2, "triangle_lead": 2,
                "strings": 1},
        comps={"warm_pad": 5, "strings": 3, "electric_piano": 2, "saw_lead": 2, "organ": 2,
               "square_lead": 1},
        leads={"bell_synth": 2, "flute": 2, "electric_piano": 2, "violin": 2, "piano": 2,
               "saw_lead": 1, "square_lead": 1, "organ": 1},
        density=(0.08, 0.25), drumless=0.45, leadless=0.3, room=(0.4, 0.8),
        levels={"drums": -8.0, "comp": 6.0},
    ),
    "chiptune": Style(
        4, 4, (84, 176), 0.45, {"pop": 2, "jazz": 1}, (2, 4),
        drums=[
            {"K": "x.......x.......", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."},
            {"K": "x.....x.x.......", "S": "....x.......x...", "H": "x.xxx.xxx.xxx.xx"},
            {"K": "x...x...", "H": "..x...x."}, {"K": "x..x..x.", "S": "....x...", "H": "xxxxxxxx"},
            {"K": "x.......x.x.....", "S": "....x.......x.xx", "H": "x.x.x.x.x.x.x.x."},
            {"K": "x.x.....x.......", "S": "....x..x....x...", "H": "..x...x...x...x."},
            {"K": "x...x...x...x.x.", "S": "....x.......x...", "H": "x.x.x.x."},
            {"K": "x..x....x..x....", "S": "....x.......x...", "H": "xxx.xxx."},
            {"K": "x.......x...x...", "S": "....x.......x..x", "H": "xx.xxx.x"},
            {"K": "x.....x...x.....", "S": "....x.......x...", "H": "x..xx..x"},
        ],
        bass=["1.1.8.8.", "1.8.", "1...1.5.", "1-1-5-8-", "1.1.1.1.", "1..8..1.", "1.5.8.5.",
              "1.881.88", "1...8...5...8...", "1.1.8.1."],
        comp=["1358", "15381538", "1.3.5.3.", "8531", "1353", "13581383", "5.3.1.3.", "15851585",
              "18531853", "1.5.8.5."],
        kits={"chip_kit": 5, "electronic_kit": 4},
        basses={"triangle_lead": 5, "synth_bass": 3, "sub_bass": 2},
        comps={"square_lead": 5, "saw_lead": 3, "electric_piano": 2, "warm_pad": 1, "organ": 1},
        leads={"square_lead": 4, "triangle_lead": 2, "saw_lead": 3, "bell_synth": 2,
               "electric_piano": 1},
        density=(0.25, 0.5), drumless=0.1, leadless=0.2, room=(0.0, 0.03),
        levels={"lead": 4.0, "comp": 4.0, "bass": -2.0},
    ),
    "reggae": Style(
        4, 4, (72, 132), 0.5, {"pop": 4, "jazz": 1}, (2, 4),
        drums=[
            {"K": "........x.......", "M": "........x.......", "H": "x.x.x.x.x.x.x.x."},
            {"K": "........x.......", "S": "........x.......", "H": "x.xxx.xxx.xxx.xx"},
            {"K": "x.......x.......", "M": "........x.......", "H": "..x...x...x...x."},
            {"K": "x...x...x...x...", "M": "........x.......", "H": "x.x.x.x.x.x.x.x."},
            {"K": "........x.......", "S": "........x......o", "H": "x..xx..xx..xx..x"},
            {"K": "........x.....o.", "M": "........x..o....", "H": "..x...x...x...xx"},
            {"K": "x...x...x...x...", "S": "....o...x.......", "H": "..x...x...x..xx."},
            {"K": "........x.......", "M": "...o....x.....o.", "H": "xxx.xxx.xxx.xxx."},
            {"K": "x.......x...o...", "S": "........x.......", "H": "x.xox.xox.xox.xo"},
            {"K": "........x.......", "S": "........x...o...", "H": "..xx..x...xx..x."},
        ],
        bass=["1-..1.35-.....5.", "..1.1-3.5-..3.1.", "1---..5-1---..8.", "1-..5-..3-1-....",
              "1.1-..5-..3-..1.", "....1-5-..8-5-..", "1-1-..1-5-..3-5-", "1---5-3-........",
              "..5-1-..1-..3-5-", "1-..1-..8-5-3-.."],
        comp=["..x...x...x...x.", "..xx..x...xx..x.", "..x...xx..x...xx", "..x-..x-..x-..x-",
              "..x...x...x..xx.", "..xx..xx..xx..xx", "..x.x.x...x.x.x.", "..x...x.x.x...x.",
              "..xx..x...x...xx", "..x-..xx..x-..xx"],
        kits={"acoustic_kit": 5, "electronic_kit": 3, "brush_kit": 1},
        basses={"electric_bass": 5, "sub_bass": 2, "upright_bass": 2, "synth_bass": 1},
        comps={"electric_guitar": 4, "organ": 4, "piano": 2, "electric_piano": 1, "accordion": 1},
        leads={"organ": 3, "trumpet": 2, "electric_guitar": 3, "piano": 2, "flute": 1},
        density=(0.1, 0.25), drumless=0.1, leadless=0.4,
        levels={"bass": 6.0, "lead": -4.0, "comp": 7.0, "drums": -4.0},
    ),
    "rock": Style(
        4, 4, (84, 164), 0.5, {"pop": 4, "jazz": 1}, (2, 4),
        drums=[
            {"K": "x.......x.x.....", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."},
            {"K": "x.x.....x.......", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."},
            {"K": "x.....x.x.......", "S": "....x.......x...", "O": "x...x...x...x..."},
            {"K": "x..x....x..x....", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.o."},
            {"K": "x.......x.......", "S": "....x..o.o..x...", "R": "x.x.x.x.x.x.x.x."},
            {"K": "x...x...x...x...", "S": "....x.......x...", "O": "x.x.x.x.x.x.x.x."},
            {"K": "x......xx.x.....", "S": "....x.......x...", "H": "x.x.x.x.x.x.x.x."},
            {"K": "x.x...x.x.x.....", "S": "....x.......x..o", "R": "x...x.x.x...x.x."},
            {"K": "x.......x..x..x.", "S": "....x.......x...", "O": "x.x.x.x.x.x.x.x."},
            {"K": "x..x..x...x.....", "S": "....x.......x...", "H": "x.xox.x.x.xox.x."},
        ],
        bass=["1-1-1-1-", "1---1-1-", "1-..1-1-", "1---1---", "1-1-5-1-", "1..1..1-", "1-1-8-1-",
              "1---1-5-", "1.1-1.1-", "1-5-1-1-"],
        comp=["x-x-x-x-", "x---x-x-", "x-------", "x.x.x-..", "x-..x-x-", "x..x..x-", "x---x---",
              "x-x-..x-", "x.x.x.x.", "x--x--x-"],
        kits={"acoustic_kit": 6, "electronic_kit": 2, "brush_kit": 1},
        basses={"electric_bass": 6, "synth_bass": 2, "upright_bass": 1},
        comps={"distorted_guitar": 3, "electric_guitar": 4, "organ": 3, "piano": 2, "saw_lead": 1},
        leads={"electric_guitar": 4, "distorted_guitar": 2, "organ": 3, "saw_lead": 1, "piano": 1},
        density=(0.2, 0.4), drumless=0.1, leadless=0.3,
        levels={"drums": 3.0, "comp": 7.0},
    ),
    "swing": Style(
        4, 3, (88, 180), 0.4, {"jazz": 2, "pop": 1}, (2, 4),
        drums=[
            {"R": "x..x.xx..x.x", "H": "...x.....x.."},
            {"R": "x..x.xx..x.x", "K": "o..o..o..o..", "S": "...o.....o.."},
            {"R": "x..x..x..x.x", "H": "...x.....x..", "S": "........o..."},
            {"S": "x..x.xx..x.x", "K": "o..o..o..o.."}, {"R": "x.xx.xx.xx.x", "H": "...x.....x.."},
            {"R": "x..x.xx..x..", "H": "...x.....x..", "K": "x.......o..."},
            {"H": "x.ox.ox.ox.o", "K": "o.....o.....", "S": "...x.....x.."},
            {"R": "x..x.xx.xx.x", "H": "...x.....x..", "S": ".....o......"},
            {"S": "x.xx.xx.xx.x", "K": "x.....x....."}, {"R": "x..x.xx..x.x", "S": "..o..o..o..o"},
        ],
        bass=["1--3--5--a--", "1--5--8--a--", "1--1--5--a--", "1--5--3--a--", "1--3--5--3--",
              "1-----5-----", "1--8--5--a--", "1--5--7--a--", "1--7--5--3--", "1--3--1--a--"],
        comp=["....x.......", "..x..-....x.", "x-.........x", "x....x......", ".....x-..x-.",
              "...x.....x..", "x-...x-.....", "..x.......x-", ".....x.....x", "x--x--x--x--"],
        kits={"brush_kit": 4, "acoustic_kit": 5},
        basses={"upright_bass": 5, "electric_bass": 4, "synth_bass": 1},
        comps={"piano": 4, "electric_guitar": 3, "organ": 2, "accordion": 2, "strings": 1},
        leads={"clarinet": 2, "trumpet": 3, "piano": 3, "violin": 2, "flute": 1,
               "electric_guitar": 1},
        density=(0.3, 0.5), drumless=0.1, leadless=0.2,
        levels={"drums": 5.0, "comp": -1.0},
    ),
    "techno": Style(
        4, 4, (92, 152), 0.75, {"pop": 2, "jazz": 1}, (4, 8),
        drums=[
            {"K": "x...x...x...x...", "O": "..x...x...x...x."},
            {"K": "x...x...x...x...", "H": "x.xxx.xxx.xxx.xx", "S": "....x.......x..."},
            {"K": "x...x...x...x...", "H": "xoxoxoxoxoxoxoxo"},
            {"K": "x...x...x...x...", "O": "..x...x...x...x.", "S": "....x.......x..."},
            {"K": "x...x...x...x..x", "H": "..x...x...x...xx", "M": "...x..x....x..x."},
            {"K": "x...x...x...x...", "P": "xxoxxxoxxxoxxxox", "M": "..x..x..x..x..x."},
            {"K": "x...x...x...x.x.", "O": "..x...x...x...x.", "H": "xx.xxx.xxx.xxx.x"},
            {"K": "x...x...x...x...", "R": "..x...x...x...x.", "T": ".......x..x....."},
            {"K": "x...x...x...x...", "O": "..x...x...x...x.", "P": "oxoxoxoxoxoxoxox"},
            {"K": "x...x..xx...x...", "H": "..x.x.x...x.x.x.", "S": "....x.......x..."},
        ],
        bass=["..1...1...1...1.", ".111.111.111.111", "1.1.1.1.1.1.1.1.", "..11..11..11..11",
              "..1-..1-..1-..8-", "1..1..1.1..1..1.", ".1.1.1.1.1.1.1.1", "..1...8...1...8.",
              "..1..1....1..1..", ".11..11..11..11."],
        comp=["x..x..x.........", "..x...x...x...x.", "x...............", "1538153815381538",
              "...x..x....x..x.", "x-------........", "1.5.8.5.1.5.8.5.", "..x..x..x..x..x.",
              "x..x..x..x..x.x.", "81538153"],
        kits={"electronic_kit": 6, "chip_kit": 2, "acoustic_kit": 1},
        basses={"synth_bass": 5, "sub_bass": 3, "triangle_lead": 2, "electric_bass": 1},
        comps={"saw_lead": 4, "warm_pad": 3, "square_lead": 3, "organ": 1, "electric_piano": 1},
        leads={"saw_lead": 4, "square_lead": 3, "bell_synth": 2, "electric_piano": 1, "organ": 1},
        density=(0.1, 0.3), drumless=0.05, leadless=0.4, room=(0.05, 0.35),
        levels={"drums": 6.0},
    ),
    "waltz": Style(
        3, 4, (84, 184), 0.5, {"pop": 2, "jazz": 1}, (3, 6),
        drums=[
            {"K": "x...........", "H": "....x...x..."}, {"K": "x...........", "S": "....o...o..."},
            {"R": "x...o...o..."}, {"K": "x...........", "R": "....x...x.x."},
            {"K": "x...........", "M": "....x...x...", "P": "x.x.x.x.x.x."},
            {"K": "x.........o.", "H": "....x...x..."}, {"T": "x...........", "P": "....x...x..."},
            {"R": "x...x.x.x...", "K": "x..........."}, {"K": "x...........", "S": "....o.o.o..."},
            {"K": "x...........x.......x...", "R": "x...x...x.x."},
        ],
        bass=["1---........", "1-----------", "1-----------5-----------", "1---....5---",
              "1---........5---........", "1-..........", "1-------a---", "1---5---5---",
              "1-------....3-------....", "1---....a---"],
        comp=["....x-..x-..", "....x...........x.......", "....x---x---", "1-3-5-8-5-3-",
              "1---3---5---", "....x-..x-x-", "....x-x-x-x-", "1-5-3-5-3-5-", "....x...x...",
              "1-3-8-3-5-3-"],
        kits={"acoustic_kit": 4, "brush_kit": 5},
        basses={"upright_bass": 5, "electric_bass": 2, "strings": 2},
        comps={"accordion": 3, "piano": 3, "strings": 3, "organ": 1, "electric_guitar": 1},
        leads={"violin": 3, "accordion": 1, "clarinet": 2, "flute": 2, "piano": 2, "trumpet": 1},
        density=(0.15, 0.35), drumless=0.3, leadless=0.2,
        levels={"drums": -2.0, "lead": 3.0, "comp": 5.0},
    ),
}  # fmt: skip


def share(options, split):
    """Return the entries of a list that belong to a split.

    Of every ten entries, the first six belong to training, the next two to validation and the last
    two to the test.

    Parameters
    ----------
    options : sequence
        Rhythms, progressions or patches.
    split : {"train", "validation", "test"}
        Split of the entries.

    Returns
    -------
    list

    Raises
    ------
    ValueError
        For another split.

    Examples
    --------
    >>> share(range(20), "test")
    [8, 9, 18, 19]
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; use one of {', '.join(SPLITS)}.")
    return [option for n, option in enumerate(options) if SPLITS[_TENTHS[n % 10]] == split]
