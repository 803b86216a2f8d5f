"""What the workflow asks: the jobs of a study (`plan`), what they need (`resources`), and Slurm (`slurm`)."""
