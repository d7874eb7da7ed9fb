#include <pybind11/stl.h>

#include "digitnet/cpu/dispatch.hpp"
#include "digitnet/cpu/thread_team.hpp"
#include "digitnet/cuda/cuda_engine.hpp"
#include "register.hpp"

namespace digitnet::bindings {

void register_config(pybind11::module_& m) {
  m.def(
      "cpu_isa", [] { return std::string(cpu::kernels().name); },
      "The instruction set in use: generic, avx2 or avx512.");
  m.def("supported_cpu_isas", &cpu::supported_isas,
        "The instruction sets this machine can run, slowest first.");
  m.def("num_threads", &cpu::num_threads, "Threads that training and prediction use.");
  m.def("set_num_threads", &cpu::set_num_threads, pybind11::arg("count"),
        "Sets num_threads; 1 to 1024.");
  m.def(
      "cuda_devices",
      [] {
        std::string why;
        using Facts = std::tuple<std::string, std::tuple<int, int>, int, std::int64_t>;
        std::vector<Facts> result;
        for (const cuda::DeviceInfo& d : cuda::devices(why))
          result.emplace_back(d.name, std::tuple(d.major, d.minor), d.processors, d.memory);
        return result;
      },
      "The GPUs that work: name, compute capability, multiprocessors, bytes of memory of each.");
  m.def("cuda_plugin", &cuda::plugin_built_for,
        "What the CUDA plug-in was built with; empty where there is none.");
  m.def("why_no_cuda", &cuda::why_unavailable,
        "Empty where device='cuda' works, else the sentence that says why it does not.");
}

}  // namespace digitnet::bindings
