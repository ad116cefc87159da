"""The list of faults is up to date, and the command tells what a toy project's tests notice."""

import ast
import re

import pytest

from tests.mutants import __main__ as mutants
from tests.mutants import mutate

CODE = '''"""A toy."""

LIMIT = 10


def clipped(value: int = 3) -> int:
    """Return a value of at most LIMIT."""
    return min(value, LIMIT)


def doubled(value):
    """Return twice a value."""
    return value + value


def unused(value):
    return value > 1
'''
TESTS = """
import pytest
import toy

@pytest.fixture(scope="module")
def twice():
    return toy.doubled(2)

def test_a_first_that_prepares(twice):
    assert twice

def test_doubled(twice):
    assert twice == 4

def test_clipped():
    assert toy.clipped(7) == 7
"""


def test_each_listed_fault_stands_once_in_its_file():
    faults = mutants.listed(mutants.ROOT, mutants.LIST)
    assert len(faults) >= 20
    for fault in faults:
        ast.parse(fault.apply((mutants.ROOT / fault.file).read_bytes()))


@pytest.mark.parametrize("old", ["value * value", "value"])
def test_a_fault_that_no_longer_fits_its_file_is_named(tmp_path, old):
    (tmp_path / "toy.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "listed.toml").write_text(
        f'[[fault]]\nfile = "toy.py"\nold = "{old}"\nnew = "1"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=re.escape(f"'{old}' must stand in toy.py once")):
        mutants.listed(tmp_path, tmp_path / "listed.toml")


def every_change(code):
    source = code.encode()
    changed = [m.apply(source) for place in mutate.places("toy.py", source) for m in place]
    return {new.decode() for new in changed}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b", {"a <= b"}),
        ("a not in (b)", {"a in (b)"}),
        ("a and b and c", {"a or b and c", "a and b or c"}),
        ("(a + b) * c", {"(a - b) * c", "(a + b) / c"}),
        ('"é" + a * b', {'"é" + a / b'}),
        ("not a", {" a"}),
        ("a[2]", {"a[1]", "a[3]", "a[4]"}),
        ("a = 0.5", {"a = 1.0", "a = 0.25"}),
        ("a = np.minimum(b, True)", {"a = np.maximum(b, True)", "a = np.minimum(b, False)"}),
        ("f(a)", {"pass"}),
        ("a += b", {"pass", "a -= b"}),
        ("a.b = c", {"pass"}),
        ("if a: f(b)", {"if not (a): f(b)", "if a: pass"}),
        ("while a: break", {"while not (a): break", "while a: continue"}),
        ("[a for a in b if c]", {"[a for a in b if True]"}),
        ("def f(a: 1 = 0) -> 2: return a", {
            "def f(a: 1 = 1) -> 2: return a", "def f(a: 1 = -1) -> 2: return a",
            "def f(a: 1 = 0) -> 2: return None",
        }),
        ('def f():\n  """1 < 2"""\n  raise E(f"{1}", 2)', {'def f():\n  """1 < 2"""\n  pass'}),
        ("@f(1)\ndef g(): return", set()),
        ('if __name__ == "__main__": f(1)', set()),
    ],
)  # fmt: skip
def test_the_changes_of_a_place(code, expected):
    assert every_change(code) == expected


def test_the_first_draws_do_not_depend_on_the_number(tmp_path):
    (tmp_path / "toy.py").write_text(CODE, encoding="utf-8")
    drawn = mutants.draw(tmp_path, ["toy.py"], 9, seed=1)
    assert len(set(drawn)) == 9
    assert mutants.draw(tmp_path, ["toy.py"], 4, seed=1) == drawn[:4]
    assert mutants.draw(tmp_path, ["toy.py"], 9, seed=2) != drawn


def test_what_the_tests_of_a_toy_project_notice(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they load longer than this runs
    (tmp_path / "toy.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "test_toy.py").write_text(TESTS, encoding="utf-8")
    source = CODE.encode()

    def fault(old, new):
        return mutate.Mutant("toy.py", source.index(old), source.index(old) + len(old), new)

    # The first is noticed by a test that only gets what a fixture made in another; no test runs the
    # line of the second, but one runs a line with its name.
    faults = [fault(b"value + value", "0 + value"), fault(b"10", "20"), fault(b"> 1", "> 2")]
    run = [tmp_path, ["."], ["-p", "pytest_cov", "test_toy.py"], dict.fromkeys(faults), 1]
    done = mutants.measure(*run)
    assert [done[fault][0] for fault in faults] == [True, False, False]
    assert done[faults[0]][1].startswith("test_toy.py::test_doubled")
    assert done[faults[1]][1] == "passed: 1 tests"
    assert done[faults[2]][1] == "no test runs this line"
    assert mutants.report({"toy": "toy.py"}, faults[:1], faults[:1], done)
    assert not mutants.report({"toy": "toy.py"}, faults[1:], faults[:1], done)
    assert not mutants.report({"toy": "toy.py"}, faults[:1], faults, done)
    said = capsys.readouterr().out
    assert "\ntoy.py:3  LIMIT = 10  ->  LIMIT = 20  (passed: 1 tests)\n" in said
    assert "\ntoy             1 of    3 noticed\n" in said
    # What is known is not tried again.
    (results,) = tmp_path.rglob("results.json")
    results.write_text(
        results.read_text(encoding="utf-8").replace("passed: 1 tests", "known"), encoding="utf-8"
    )
    assert mutants.measure(*run)[faults[1]][1] == "known"
    assert (tmp_path / "toy.py").read_text(encoding="utf-8") == CODE
