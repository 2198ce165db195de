"""Engines: what turns a prompt into text. vLLM as a child process, any OpenAI endpoint, and a public fake."""
