"""One module per library, each run as a process of its own: `python -m bench.runners.NAME`."""

# Every library of the comparison, in the order of the tables.
LIBRARIES = {
    "digitnet": "digitnet",
    "digitnet_tf32": "digitnet, tf32",
    "digitnet_bfloat16": "digitnet, bfloat16",
    "keras_jax": "Keras on JAX",
    "keras_tensorflow": "Keras on TensorFlow",
    "keras_torch": "Keras on PyTorch",
    "pytorch": "PyTorch",
    "pytorch_graphs": "PyTorch, CUDA graphs",
    "jax_jit": "JAX, jitted",
    "scikit_learn": "scikit-learn",
    "onnx_runtime": "ONNX Runtime",
    "numpy_only": "NumPy",
}
