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
    harmony : str
        Key of `PROGRESSIONS`.
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
    harmony: str
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
        4, 2, (58, 110), 0.5, "pop", (4, 8),
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
        kits={"electronic_kit": 2, "brush_kit": 1, "acoustic_kit": 1},
        basses={"sub_bass": 5, "upright_bass": 1},
        comps={"warm_pad": 14, "electric_piano": 1, "strings": 1},
        leads={"bell_synth": 4, "vibraphone": 2, "piano": 2, "electric_piano": 2,
               "music_box": 2, "flute": 1},
        density=(0.08, 0.25), drumless=0.7, leadless=0.5, room=(0.4, 0.8),
        levels={"drums": -8.0, "comp": 6.0},
    ),
    "chiptune": Style(
        4, 4, (92, 172), 0.45, "pop", (2, 4),
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
        kits={"chip_kit": 1},
        basses={"triangle_lead": 1},
        comps={"square_lead": 1},
        leads={"square_lead": 12, "triangle_lead": 1},
        density=(0.25, 0.5), drumless=0.04, leadless=0.1, room=(0.0, 0.03),
        levels={"lead": 4.0, "comp": 4.0, "bass": -2.0},
    ),
    "reggae": Style(
        4, 4, (70, 108), 0.5, "pop", (2, 4),
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
        kits={"acoustic_kit": 8, "electronic_kit": 1},
        basses={"electric_bass": 6, "sub_bass": 3},
        comps={"electric_guitar": 8, "organ": 6},
        leads={"organ": 3, "trumpet": 1, "electric_guitar": 3},
        density=(0.1, 0.25), drumless=0.03, leadless=0.7,
        levels={"bass": 7.0, "lead": -3.0, "comp": 4.0, "drums": -4.0},
    ),
    "rock": Style(
        4, 4, (92, 164), 0.5, "pop", (2, 4),
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
        kits={"acoustic_kit": 8, "electronic_kit": 1},
        basses={"electric_bass": 6, "synth_bass": 1},
        comps={"distorted_guitar": 20, "electric_guitar": 1},
        leads={"distorted_guitar": 6, "electric_guitar": 2, "organ": 1},
        density=(0.2, 0.4), drumless=0.03, leadless=0.4,
        levels={"drums": 3.0, "comp": 7.0},
    ),
    "swing": Style(
        4, 3, (88, 180), 0.4, "jazz", (2, 4),
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
        basses={"upright_bass": 12, "electric_bass": 1},
        comps={"piano": 14, "electric_guitar": 1},
        leads={"clarinet": 4, "trumpet": 4, "vibraphone": 2, "piano": 3, "violin": 1},
        density=(0.3, 0.5), drumless=0.02, leadless=0.08,
        levels={"drums": 5.0, "comp": -1.0},
    ),
    "techno": Style(
        4, 4, (104, 150), 0.75, "pop", (4, 8),
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
        kits={"electronic_kit": 14, "chip_kit": 1},
        basses={"synth_bass": 8, "sub_bass": 2},
        comps={"saw_lead": 8, "warm_pad": 3, "square_lead": 1},
        leads={"saw_lead": 7, "square_lead": 1, "bell_synth": 2},
        density=(0.1, 0.3), drumless=0.0, leadless=0.6, room=(0.05, 0.35),
        levels={"drums": 6.0},
    ),
    "waltz": Style(
        3, 4, (96, 190), 0.5, "pop", (3, 6),
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
        kits={"acoustic_kit": 1, "brush_kit": 5},
        basses={"upright_bass": 5, "strings": 2},
        comps={"accordion": 9, "strings": 4, "piano": 1},
        leads={"violin": 6, "accordion": 8, "flute": 1, "clarinet": 1},
        density=(0.15, 0.35), drumless=0.7, leadless=0.02,
        levels={"drums": -7.0, "lead": 6.0, "comp": 4.0},
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
