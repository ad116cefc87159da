"""Wrong answers to the exercises of lesson 00, the usual mistakes first."""

WRONG = {
    "00.1": (lambda a, b: a * b, lambda a, b: a, lambda a: a),
}
