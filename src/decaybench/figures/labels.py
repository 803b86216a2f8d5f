"""Every string of the figures that a page may translate; each stands alone in its text node.

Numbers, λ and the names of variants are the study's own and stay as they are.
"""

from __future__ import annotations

import re
from functools import cache

EPOCH = "epoch"
WEIGHT_DECAY = "weight decay λ"
SQUARED_ERROR = "mean squared error"
CROSS_ENTROPY = "cross-entropy in nats"
LOSS = "loss"
ACCURACY = "accuracy"
ROWS = "training rows n"
SHARE = "share"
NORM = "norm of the weights"

X, Y = "x", "y"
TRAIN = "train"
TEST = "test"
GAP = "gap"
CHOSEN = "chosen λ"
TOTAL_NORM = "‖w‖"
ROW_SPACE = "row space"
NULL_SPACE = "null space"
THEORY = "theory"
MEAN_PREDICTOR = "mean of y"
CHANCE = "chance"
NOISE_FLOOR = "noise floor"
EFFECTIVE_DOF = "effective dof"
NATS = "nats"
FIT = "fit"
FLEXIBILITY = "flexibility"
EVIDENCE = "evidence"
RIDGE = "ridge"
HIGHEST = "highest evidence"
HIGHEST_LEFT = "← highest evidence"
HIGHEST_RIGHT = "highest evidence →"
LOWEST = "lowest test loss"
SGD = "SGD"
ADAM = "Adam + L2"
ADAMW = "AdamW"
OURS = "ours"
PUBLISHED = "published"
CONCISE = "concise"
FROM_SCRATCH = "scratch"
VERSION = "version of the code"
SPREAD = "dot: mean, bar: standard deviation over runs"
TRUTH = "truth"
EXACT = "curves: trained model, by its exact law"
START = "start"
BIAS = "slow bias"
SUM = "sum"
TERMS = "start: weights not yet forgotten, slow bias: not yet learned"
LINES_THEORY = "lines: theory, below: shares"
DOT_BAND = "dots: mean, band: 95 % interval"
DOT_ONLY = "dots: mean"
LARGE_DOTS = "large dots: means"
BEST_POSITIVE = "λ > 0 (best)"
N_EQUALS_P = "n = p"
FITTED = "fitted curve"
LOSS_OVER = "loss against λ"
LOSS_EPOCHS = "loss against epoch"
TRAIN_TEST = "solid: test, dashed: train"
LIT = "bold: this λ, faint: the others"
DIFFERENCE = "evidence = fit − flexibility"
WEIGHT = "weight"
SHARE_OF_WEIGHTS = "share of the weights"
TRUE_WEIGHT = "true weight"
BEFORE_TRAINING = "dashed: before the first step"
ONE_SCALE = "left: one scale, right: enlarged"
MEAN = "mean"
SHARE_LEFT = "share left"
STRONGEST = "strongest"
WEAKEST = "weakest"
DECAY = "decay"
EARLY_STOPPING = "early stopping"
DROPOUT = "dropout"
MORE_ROWS = "more rows"
NO_REMEDY = "nothing done"
DOF_OF_FIT = "effective degrees of freedom of the fit"
LET_THROUGH = "share let through"
VARIANCE = "variance of the data along a direction"
SOLID_DECAY = "solid: decay at convergence"
DASHED_STOPPED = "dashed: early stopping, equally many effective dof"
MICROSECONDS = "microseconds a step"
WHERE_DECAY = "where decay happens"
NOWHERE = "none"
OPTIMIZER = "optimizer"
MEMORISED = "memorised"
MEMORISED_NOTE = "memorised: wrong training labels that must have been learnt by heart, at least"
TIMINGS = "dot: one timing, bar: geometric mean with 95 % interval"
RUG = "ticks below: directions of the data"
FIFTHS = "below: length left in each fifth of the directions of the data"
DIRECTIONS = "below: length left in each direction of the data"

BAND = "line: mean, band: 95 % interval"
MEAN_ONLY = "line: mean"
MEDIAN_BAND = "line: median, band: 95 % interval"
MEDIAN_ONLY = "line: median"
RIDGELESS = "dotted: expected loss of the shortest weights that fit"
BEST_BY = "best: on validation rows"
LAW = "dotted: ‖w₀‖·|1−ηλ|ᵀ in the null space"
ALL_DIVERGED = "every run diverged"

HELD, FAILED, REVERSED, OPEN = "held", "no difference", "reversed", "open"
HOLDS, OPPOSITE = "the sentence holds →", "← the opposite"
BEYOND = "effect ÷ the smallest that counts"
BEYOND_AXIS = "arrow: beyond the axis"
RATIO_TO_ZERO = "test error with the chosen λ ÷ test error at λ = 0"
WITHIN_FIVE = "shaded: less than 5 %"
BAR_INTERVAL = "bar: 95 % interval"
COUNT_HELD = "right: settings that held"
COUNT_WON = "right: splits in which decay is better"
GEOMETRIC = "large dots: geometric means, bar: 95 % interval"
WORSE_LINES = "dashed: worse with decay"
OF_INPUTS = "directions of the inputs"
OF_ERROR = "test error"

PANEL = "λ = {weight_decay}"
PANEL_CHOSEN = "λ = {weight_decay} (chosen)"
SEEDS = "seeds: {n}"
SEED_ROWS = "dots: training rows of seed {n}"
EXECUTIONS = "published runs: {n}"
DOTS = "dots: {shown} of {total} seeds"
DIVERGED = "diverged runs: {n} of {total}"
SEED = "seed {n}"
LINES = "lines: {shown} of {total} weights"
LINES_ALL = "lines: all {total} weights"
N_WEIGHTS = "weights: {n}"
ROUNDS = "rounds: {n}"
ABOVE = "timings above the panel: {n}"
WRONG_LABELS = "wrong labels: {n} %"
POINT_ROWS = "n = {n}"
RATE = "δ = {rate}"
OUT_OF = "{n} of {total}"
BETTER_IN = "better in {n} of {total} splits"
TOUCHED = "{n} of {total} directions: corrected by training"
UNTOUCHED = "{n} of {total} directions: never touched"
ERROR_UNTOUCHED = "{part} of {whole}: in the directions never touched"
ERROR_FROM_ZERO = "{loss}: started from zero weights"
VARIANTS = "variants shown: {shown} of {total}"
BELOW = {
    MEAN_PREDICTOR: "mean of y, below the panel: {value}",
    NOISE_FLOOR: "noise floor, below the panel: {value}",
    CHANCE: "chance, below the panel: {value}",
}  # what a level is called in a note

CLAIMS = {
    "overfits-when-data-are-scarce": "Too few examples overfit",
    "training-too-long-hurts": "Training too long hurts",
    "early-stopping-helps": "Early stopping helps",
    "more-data-helps": "More data help",
    "l2-helps": "L2 regularisation helps",
    "dropout-helps": "Dropout helps",
    "smaller-weights-are-simpler": "Smaller weights are simpler",
    "biases-need-not-be-decayed": "The bias need not be decayed",
}  # what a claim is called where its sentence is too long

# Every text above: those with a field in braces are patterns.
_TEXTS = [text for name, text in list(vars().items()) if name.isupper() and isinstance(text, str)]
FIXED = (*(text for text in _TEXTS if "{" not in text), *CLAIMS.values())
TEMPLATES = (*(text for text in _TEXTS if "{" in text), *BELOW.values())
ALL = FIXED + TEMPLATES


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Templates as patterns; a field is one number, or a range of two."""
    field = r"(?P<\1>[0-9][0-9.e+,–-]*)"
    return tuple((text, re.compile(re.sub(r"\\\{(\w+)\\\}", field, re.escape(text)))) for text in TEMPLATES)


def parse(text: str) -> tuple[str, dict[str, str]] | None:
    """The entry of ALL that a text node was made from, and its fields; None when it is the study's own."""
    if text in FIXED:
        return text, {}
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return template, found.groupdict()
    return None
