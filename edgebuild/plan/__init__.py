"""From manifests to steps to actions. Pure: no files, no clock, no environment."""
