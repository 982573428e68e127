"""Settings pages for administrators, one module for each kind of setting."""
