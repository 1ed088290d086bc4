"""Checks of assignment 09: log p(x) by quadrature, the importance-weighted bound, the gap as a divergence."""
