"""Keras files of HGQ2's layers."""
