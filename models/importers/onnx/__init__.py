"""ONNX and QONNX: the file, its operators, and the graph that they become."""
