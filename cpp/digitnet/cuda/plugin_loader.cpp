#include "digitnet/cuda/plugin_loader.hpp"

#include <cstdlib>

#include "digitnet/error.hpp"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace digitnet::cuda {
namespace {

#ifdef _WIN32

constexpr const char* kFileName = "digitnet_cuda.dll";

std::string own_folder() {
  HMODULE module = nullptr;
  char path[MAX_PATH] = "";
  GetModuleHandleExA(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      reinterpret_cast<LPCSTR>(&own_folder), &module);
  GetModuleFileNameA(module, path, sizeof path);
  const std::string text = path;
  return text.substr(0, text.find_last_of("\\/") + 1);
}

bool exists(const std::string& path) {
  return GetFileAttributesA(path.c_str()) != INVALID_FILE_ATTRIBUTES;
}

DigitnetCudaEntry entry_of(const std::string& path, std::string& why) {
  const HMODULE library = LoadLibraryA(path.c_str());
  if (library == nullptr) {
    why = sentence("error ", GetLastError());
    return nullptr;
  }
  return reinterpret_cast<DigitnetCudaEntry>(
      reinterpret_cast<void*>(GetProcAddress(library, "digitnet_cuda_plugin")));
}

#else

constexpr const char* kFileName = "libdigitnet_cuda.so";

std::string own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&plugin), &info) == 0 || info.dli_fname == nullptr)
    return "";
  const std::string text = info.dli_fname;
  return text.substr(0, text.find_last_of('/') + 1);
}

// Never closed: the GPU's runtime does not bear it.
DigitnetCudaEntry entry_of(const std::string& path, std::string& why) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = dlerror();
    why = text != nullptr ? text : "unknown";
    return nullptr;
  }
  return reinterpret_cast<DigitnetCudaEntry>(dlsym(library, "digitnet_cuda_plugin"));
}

bool exists(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file != nullptr) std::fclose(file);
  return file != nullptr;
}

#endif

LoadedPlugin load() {
  const char* named = std::getenv("DIGITNET_CUDA_PLUGIN");
  const std::string path = named != nullptr && *named != '\0' ? named : own_folder() + kFileName;
  if (!exists(path))
    return {nullptr, named != nullptr
                         ? sentence("device 'cuda' needs the plug-in that DIGITNET_CUDA_PLUGIN "
                                    "names, but there is no file ",
                                    path)
                         : "device 'cuda' is not part of this build of digitnet: it was built "
                           "without the CUDA plug-in"};
  std::string why = "it has no function digitnet_cuda_plugin";
  const DigitnetCudaEntry entry = entry_of(path, why);
  if (entry == nullptr)
    return {nullptr, sentence("the CUDA plug-in ", path, " could not be opened: ", why)};
  const DigitnetCudaPlugin* table = entry();
  if (table->interface_version != DIGITNET_CUDA_INTERFACE)
    return {nullptr,
            sentence("the CUDA plug-in ", path, " speaks interface ", table->interface_version,
                     ", this digitnet speaks ", DIGITNET_CUDA_INTERFACE)};
  return {table, ""};
}

}  // namespace

const LoadedPlugin& plugin() {
  static const LoadedPlugin instance = load();
  return instance;
}

}  // namespace digitnet::cuda
