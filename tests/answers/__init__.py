"""Right and wrong answers to the exercises, in other words than the checks' own; a file for each assignment."""
