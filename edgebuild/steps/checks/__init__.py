"""What measures a built model, one kind a module."""
