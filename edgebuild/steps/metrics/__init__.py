"""Quality figures of a model's answers against the truth, one metric a module."""
