"""How the program is: health, readiness, metrics, traces, and what stands in front of every request."""
