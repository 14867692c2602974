"""What examines a model or an artifact for checks and reports, one kind a module."""
