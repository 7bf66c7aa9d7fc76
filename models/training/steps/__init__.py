"""The steps of the stage train; torch takes seconds to load, so what they do stands apart."""
