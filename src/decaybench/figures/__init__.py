"""Figures: one file each, which says whether it applies to a study and draws it; here its name and its title.

Figures of all studies together are drawn with the claims, see `of_all`.
"""

FIGURES = {
    "explorer": "One λ at a time",
    "explorer_losses": "Errors over λ",
    "overfitting": "Errors while training goes on",
    "loss_curves": "Loss against epoch",
    "loss_by_weight_decay": "Loss against λ",
    "accuracy_by_weight_decay": "Accuracy against λ",
    "weight_norm": "Length of the weights against λ",
    "occam": "Occam’s razor over λ",
    "start_terms": "What the test loss is made of",
    "optimizers": "Length and loss by optimizer",
    "published_norms": "Our weight norms beside published ones",
    "fitted_curve": "The fitted curve",
    "weight_histogram": "How the weights are spread",
    "coefficient_paths": "Every weight against λ",
    "spectral_filters": "Decay and early stopping as filters",
    "remedies": "Remedies on one axis",
    "loss_by_rows": "Test loss against the number of rows",
    "paired_lines": "Every split, without and with decay",
    "start_picture": "What training never touched",
}
NARROW_TOO = ("paired_lines", "start_picture")  # those that have a layout for phones
FIGURES_OF_ALL = {
    "claims_forest": "The claims in every setting",
    "practice_forest": "What decay does on collected data",
}
MODULES = {name: f"{__name__}.{name}" for name in FIGURES}
