"""Speed as ratios: what Guanxi does beside the same work in hand-written SQL, measured in one run."""
