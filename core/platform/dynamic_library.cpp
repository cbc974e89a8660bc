#include "platform/dynamic_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

namespace mis::platform {

DynamicLibrary DynamicLibrary::open(const std::vector<std::string>& names) {
    std::string tried;
    for (const auto& name : names) {
        if (void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL))
            return DynamicLibrary(handle, name);
        const char* why = ::dlerror();
        tried += (tried.empty() ? "" : "; ") + name + ": " + (why != nullptr ? why : "not found");
    }
    throw std::runtime_error("opening a shared library: " + tried);
}

DynamicLibrary::DynamicLibrary(DynamicLibrary&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), name_(std::move(other.name_)) {}

DynamicLibrary& DynamicLibrary::operator=(DynamicLibrary&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(name_, other.name_);
    return *this;
}

DynamicLibrary::~DynamicLibrary() {
    if (handle_ != nullptr) ::dlclose(handle_);
}

void* DynamicLibrary::symbol(const char* name) const {
    if (void* found = ::dlsym(handle_, name)) return found;
    throw std::runtime_error("library " + name_ + " has no " + name);
}

}  // namespace mis::platform
