"""Cells: the grid of trainings (`grid`), how they are cut into jobs (`blocks`), their tables (`tables`)."""
