"""How a model's weights are reproduced, one kind a module."""
