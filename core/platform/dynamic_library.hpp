// A shared library opened at run time, only when configured (libfbclient, ODBC, libnats): saves
// memory, and the clinic's own client is used.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace mis::platform {

class DynamicLibrary {
  public:
    // Tries the names in order. Throws std::runtime_error with every name tried and the loader's
    // last word.
    static DynamicLibrary open(const std::vector<std::string>& names);
    DynamicLibrary(DynamicLibrary&&) noexcept;
    DynamicLibrary& operator=(DynamicLibrary&&) noexcept;
    ~DynamicLibrary();

    // Throws std::runtime_error naming library and symbol.
    void* symbol(const char* name) const;
    template <typename Function>
    Function* function(const char* name) const {
        return reinterpret_cast<Function*>(symbol(name));
    }
    const std::string& name() const { return name_; }

  private:
    DynamicLibrary(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
    void* handle_ = nullptr;
    std::string name_;
};

}  // namespace mis::platform
