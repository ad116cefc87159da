"""The exercises of each lesson: what an answer must satisfy, and wrong answers to be caught.

The one place in the package that knows single lessons; a notebook holds the stub and a solution.
"""
