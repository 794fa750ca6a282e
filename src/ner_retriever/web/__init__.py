"""The HTTP API and the pages: requests in, JSON and HTML out, a thin shell like ``cli``."""
