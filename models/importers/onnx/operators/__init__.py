"""Operators of ONNX and QONNX: each file has a table OPERATORS of functions by operator."""
