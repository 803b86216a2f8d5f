"""What is known exactly, or nearly so, about linear models trained with weight decay."""
