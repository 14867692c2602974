"""Where networks come from, one kind a module."""
