"""The clinician-facing Gradio app."""
