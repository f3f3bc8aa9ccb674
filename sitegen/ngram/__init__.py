"""A small language model, written to be read: an interpolated modified Kneser-Ney n-gram model.

Read in this order: `tokens` cuts text into tokens, `model` counts them and turns counts into
probabilities, `sampling` draws the next token and so generates. Nothing here knows of a glossary.
"""

from .model import BEGIN, END, Model
from .sampling import Distribution, Draw, Ranking, generate, mulberry32
from .tokens import Token, is_glued, sentences, tokenize

__all__ = [
    "BEGIN", "END", "Distribution", "Draw", "Model", "Ranking", "Token", "generate", "is_glued", "mulberry32", "sentences", "tokenize",
]  # fmt: skip
