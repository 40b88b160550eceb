"""The words for what runs a frozen backbone, in which number format, and what its features are kept in."""

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
