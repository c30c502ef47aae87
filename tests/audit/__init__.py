"""The record of what was published, and what it proves."""
