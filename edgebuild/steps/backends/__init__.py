"""What makes a device's artifact of a model, one kind a module."""
