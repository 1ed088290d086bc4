"""The tests, and what they share: students' answers and notebooks, a JupyterLab in a browser."""
