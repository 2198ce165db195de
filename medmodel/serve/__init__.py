"""The API server: `create_app()`."""
