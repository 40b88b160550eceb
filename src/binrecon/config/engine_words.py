"""Engines and number formats of a frozen backbone, and number formats of its cached features."""

AUTO = "auto"

TORCH = "torch"
OPENVINO = "openvino"
ENGINE_WORDS = (AUTO, TORCH, OPENVINO)
"""Values of `features.engine`."""

FLOAT32 = "float32"
BFLOAT16 = "bfloat16"
INT8 = "int8"
PRECISION_WORDS = (AUTO, FLOAT32, BFLOAT16, INT8)
"""Values of `features.precision`."""

DTYPE_WORDS = ("float16", "float32")
"""Values of `features.dtype`."""
