"""The web interface: pages made of Jinja2 templates and htmx; no business knowledge, no SQL."""
