"""edgebuild: a declarative build system for neural networks that ship to devices."""

__version__ = "0.1.0"
