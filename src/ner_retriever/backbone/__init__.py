"""Language models up to the site's block, and what runs them."""

import os

# Wheels of ONNX Runtime report its use to their maker unless they are told not to before they load.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
