"""A small language model, written to be read: an interpolated modified Kneser-Ney n-gram model.

Read in this order: `tokens` cuts text into tokens, `model` counts them and turns counts into probabilities, `explain`
takes a probability apart, `distribution` ranks all words, `line` lays them side by side, `sampling` draws the next token and so generates;
`longest` is the same without smoothing. `leave_one_out` ranks words as if a sentence had not been read. `packing` writes a text
for the browser, which counts it again. Nothing here knows of a glossary.
"""

from .distribution import Distribution, Ranking
from .explain import Part, explain
from .leave_one_out import LeaveOneOut
from .longest import LongestMatch
from .model import BEGIN, END, Model
from .packing import pack, unpack
from .sampling import Choice, Draw, Offer, Sampler, Source, generate, mulberry32
from .tokens import Token, is_glued, pieces, sentences, tokenize

__all__ = [
    "BEGIN", "END", "Choice", "Distribution", "Draw", "LeaveOneOut", "LongestMatch", "Model", "Offer", "Part", "Ranking", "Sampler", "Source",
    "Token", "explain", "generate", "is_glued", "mulberry32", "pack", "pieces", "sentences", "tokenize", "unpack",
]  # fmt: skip
