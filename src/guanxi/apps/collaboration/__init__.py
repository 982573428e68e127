"""The collaboration app: what people do with customers and say to each other, and what today asks of them."""
