"""Where Python source can be changed on purpose, and into what.

cosmic-ray 8.7 has no operator for a deleted call, a returned value or `min` and `max`, and replaces
each arithmetic operator by eleven others, bitwise ones too, most of which end in a TypeError: they
are 60 % of its mutants of scoring and pipelines. mutmut 3.8 rewrites all functions of a file at
once. So the operators are here: `ast` finds a place, and the text of that place is replaced.
"""

import ast
import re
from itertools import pairwise
from typing import NamedTuple

SWAPS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"), ast.Add: ("+", "-"), ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.MatMult: ("@", "*"),
}  # fmt: skip
UNARY = {ast.USub: "-", ast.Not: "not", ast.Invert: "~"}
PAIRS = "min max", "minimum maximum", "argmin argmax", "any all", "floor ceil", "ones zeros"
NAMES = {old: new for pair in map(str.split, PAIRS) for old, new in (pair, pair[::-1])}


class Mutant(NamedTuple):
    """One change of one file: the bytes from start to end become `new`."""

    file: str
    start: int
    end: int
    new: str

    def apply(self, source):
        """Return the source, in bytes, with the change."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def line(self, source):
        """Return the number of the line in which it begins."""
        return source.count(b"\n", 0, self.start) + 1

    def describe(self, source):
        """Return ``file:line  old  ->  new``: whole lines, or what is replaced if they are long."""
        first, last = source.rfind(b"\n", 0, self.start) + 1, (source + b"\n").find(b"\n", self.end)
        if last - first > 100:
            first, last = self.start, self.end
        changed = source[first : self.start] + self.new.encode() + source[self.end : last]
        old, new = (" ".join(text.decode().split()) for text in (source[first:last], changed))
        return f"{self.file}:{self.line(source)}  {old}  ->  {new}"


def places(file, source):
    """Return the places of a source file, in bytes, that can be changed.

    A place is a list of mutants, of which one is drawn; `file` is the file's name in them.
    """
    starts = [0, *(match.end() for match in re.finditer(b"\n", source))]

    def span(node):
        ends = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        return [starts[line - 1] + column for line, column in ends]

    found = [
        [Mutant(file, *change) for change in place]
        for node in _changeable(ast.parse(source))
        for place in _changes(node, source, span)
    ]
    return [place for place in found if place]


def _changeable(node):
    """Yield a node and those below it, but no types, decorators, imports or messages of errors."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.arg() | ast.Raise():
            below = []
        case ast.If(test=ast.Compare(left=ast.Name("__name__"))):
            return  # a test imports the file
        case ast.FunctionDef():
            below = [node.args, *node.body]
        case ast.ClassDef():
            below = node.body
        case ast.AnnAssign():
            below = [node.value] if node.value else []
        case _:
            below = ast.iter_child_nodes(node)
    yield node
    for child in below:
        yield from _changeable(child)


def _changes(node, source, span):
    """Yield the places of one node, each a list of (start, end, new)."""

    def swap(left, right, operator):
        old, new = SWAPS[type(operator)]
        start, end = span(left)[1], span(right)[0]
        found = re.search(re.escape(old).replace(r"\ ", r"\s+").encode(), source[start:end])
        return [(start + found.start(), start + found.end(), new)] if found else []

    def replace(node, *texts):
        return [(*span(node), text) for text in texts]

    match node:
        case ast.Constant(value=bool(value)):
            yield replace(node, str(not value))
        case ast.Constant(value=int(value)):
            yield replace(node, *map(str, sorted({value + 1, value - 1, 2 * value} - {value})))
        case ast.Constant(value=float(value)):
            yield replace(node, repr(2 * value or 1.0), repr(value / 2 or -1.0))
        case ast.Compare():
            sides = pairwise([node.left, *node.comparators])
            yield from (swap(*pair, op) for pair, op in zip(sides, node.ops, strict=True))
        case ast.BoolOp():
            yield from (swap(*pair, node.op) for pair in pairwise(node.values))
        case ast.BinOp(left=ast.JoinedStr() | ast.Constant(value=str())):
            pass
        case ast.BinOp() if type(node.op) in SWAPS:
            yield swap(node.left, node.right, node.op)
        case ast.UnaryOp() if operator := UNARY.get(type(node.op)):
            yield [(span(node)[0], span(node)[0] + len(operator), "")]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in NAMES:
            end = span(node.func)[1]
            yield [(end - len(name), end, NAMES[name])]
        case ast.If() | ast.While() | ast.IfExp():
            start, end = span(node.test)
            yield replace(node.test, f"not ({source[start:end].decode()})")
        case ast.comprehension():
            yield from (replace(test, "True") for test in node.ifs)
        case ast.Return(value=ast.AST()) if ast.unparse(node.value) != "None":
            yield replace(node.value, "None")
        case ast.AugAssign() if type(node.op) in SWAPS:
            yield replace(node, "pass") + swap(node.target, node.value, node.op)
        case ast.Raise() | ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield replace(node, "pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield replace(node, "pass")
        case ast.Break():
            yield replace(node, "continue")
        case ast.Continue():
            yield replace(node, "break")
