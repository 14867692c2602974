"""Runs a plan: looks results up, executes what is missing, publishes what is accepted."""
