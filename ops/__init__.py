"""The verbs behind the Makefile."""
