"""Figures: one file each, which says whether it applies to a study and draws it."""

FIGURES = {
    "explorer": "decaybench.figures.explorer",
    "explorer_losses": "decaybench.figures.explorer_losses",
    "overfitting": "decaybench.figures.overfitting",
    "loss_curves": "decaybench.figures.loss_curves",
    "loss_by_weight_decay": "decaybench.figures.loss_by_weight_decay",
    "accuracy_by_weight_decay": "decaybench.figures.accuracy_by_weight_decay",
    "weight_norm": "decaybench.figures.weight_norm",
    "occam": "decaybench.figures.occam",
    "start_terms": "decaybench.figures.start_terms",
    "optimizers": "decaybench.figures.optimizers",
    "published_norms": "decaybench.figures.published_norms",
    "fitted_curve": "decaybench.figures.fitted_curve",
    "weight_histogram": "decaybench.figures.weight_histogram",
    "coefficient_paths": "decaybench.figures.coefficient_paths",
    "spectral_filters": "decaybench.figures.spectral_filters",
    "remedies": "decaybench.figures.remedies",
    "loss_by_rows": "decaybench.figures.loss_by_rows",
}
