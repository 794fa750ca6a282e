"""A detector that rides on the backbone's pass: a small network on the states of all words."""
