"""Where calibration and evaluation data come from, one kind a module."""
