"""What the standards ask of a package, checked on its bytes; `python -m tests.conformance FOLDER|URL` runs it."""
