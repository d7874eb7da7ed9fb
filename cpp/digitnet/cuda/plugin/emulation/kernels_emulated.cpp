// The kernels, compiled for the host.
#include "digitnet/cuda/plugin/kernels.cu"  // NOLINT(bugprone-suspicious-include)
