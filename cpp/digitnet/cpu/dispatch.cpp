#include "digitnet/cpu/dispatch.hpp"

#include <cstdlib>

#include "digitnet/cpu/cpu_features.hpp"
#include "digitnet/error.hpp"

namespace digitnet::cpu {
namespace {

const KernelTable* find(const std::string& isa, const CpuFeatures& features) {
  if (isa == "generic") return &kGenericKernels;
#ifdef DIGITNET_X86_KERNELS
  if (isa == "avx2" && features.avx2) return &kAvx2Kernels;
  if (isa == "avx512" && features.avx512) return &kAvx512Kernels;
#else
  (void)features;
#endif
  return nullptr;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A variable of the environment takes the place of a share in the table.
void replace_share(const char* variable, double& share) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return;
  char* end = nullptr;
  share = std::strtod(text, &end);
  check(*end == '\0' && share >= 0 && share <= 1, variable, " must be a number from 0 to 1, got '",
        text, "'");
}

KernelTable choose() {
  const char* wanted = std::getenv("DIGITNET_CPU_ISA");
  const bool named = wanted != nullptr && *wanted != '\0';
  KernelTable table = kernels_for(named ? wanted : supported_isas().back());
  replace_share("DIGITNET_SKIP_BELOW", table.skip_below);
  replace_share("DIGITNET_SKIP_HIDDEN_BELOW", table.skip_hidden_below);
  return table;
}

}  // namespace

std::vector<std::string> supported_isas() {
  const CpuFeatures features = detect_cpu_features();
  std::vector<std::string> isas;
  for (const char* isa : {"generic", "avx2", "avx512"})
    if (find(isa, features) != nullptr) isas.emplace_back(isa);
  return isas;
}

const KernelTable& kernels_for(const std::string& isa) {
  check(isa == "generic" || isa == "avx2" || isa == "avx512",
        "DIGITNET_CPU_ISA must be generic, avx2 or avx512, got '", isa, "'");
  const KernelTable* table = find(isa, detect_cpu_features());
  if (table == nullptr)
    throw DeviceError(sentence("DIGITNET_CPU_ISA asks for ", isa,
                               ", but this machine supports only ", joined(supported_isas())));
  return *table;
}

const KernelTable& kernels() {
  static const KernelTable table = choose();
  return table;
}

}  // namespace digitnet::cpu
