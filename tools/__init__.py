"""What makes the course, and what measures it: each file is a command, `python -m tools.NAME`."""
