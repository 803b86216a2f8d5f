"""Figures: one file each."""
