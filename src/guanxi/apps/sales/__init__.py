"""The sales app: leads, opportunities through pipelines, products, the funnel and results."""
