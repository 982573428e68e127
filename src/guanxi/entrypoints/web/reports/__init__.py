"""Reports on the web: funnel, results, win rate, sources, standing deals, and a board of them."""
