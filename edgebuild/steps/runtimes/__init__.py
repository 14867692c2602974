"""What executes a model or an artifact on a dataset, one kind a module."""
