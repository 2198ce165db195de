"""The clinician-facing Gradio app."""

import os

# Read when Gradio is first imported: it would otherwise report each start to its makers.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
