"""What objects and fields exist: frozen values, checks, versioned snapshots."""
