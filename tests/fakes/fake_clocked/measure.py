"""As `busy`, but alone."""

from dataclasses import replace

from fake_clocked import busy

KIND = replace(busy.KIND, alone=True)
