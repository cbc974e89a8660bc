// The source ids behind public ids: a map written whole and then read, in two pieces of memory
// however many it has. One owner, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mis::domain {

// A row as it is named here: with its source where a group has several (P11). No id holds a control
// character.
inline std::string name_of_row(std::string_view source_id, std::string_view source) {
    std::string name(source_id);
    if (!source.empty()) (name += '\n') += source;
    return name;
}
inline std::pair<std::string_view, std::string_view> row_and_source(std::string_view name) {
    const auto cut = name.find('\n');
    if (cut == std::string_view::npos) return {name, {}};
    return {name.substr(0, cut), name.substr(cut + 1)};
}

class RowNames {
  public:
    // Any order; of one public id the last counts. Nothing is found before settle().
    void add(std::string_view public_id, std::string_view source_id);
    void settle();
    void reserve(std::size_t count);

    bool empty() const { return names_.empty(); }
    std::size_t size() const { return names_.size(); }
    // Valid until the next change; nullopt: none.
    std::optional<std::string_view> find(std::string_view public_id) const;

    class Iterator {  // in the order of public ids
      public:
        Iterator(const RowNames& names, std::size_t at) : names_(&names), at_(at) {}
        std::pair<std::string_view, std::string_view> operator*() const {
            return {names_->id_of(names_->names_[at_]), names_->row_of(names_->names_[at_])};
        }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

      private:
        const RowNames* names_;
        std::size_t at_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, names_.size()}; }

  private:
    struct Name {
        std::uint32_t from, id_bytes, row_bytes;
    };
    std::string text_;  // public id and source id, one after the other
    std::vector<Name> names_;

    std::string_view id_of(const Name& name) const {
        return std::string_view(text_).substr(name.from, name.id_bytes);
    }
    std::string_view row_of(const Name& name) const {
        return std::string_view(text_).substr(name.from + name.id_bytes, name.row_bytes);
    }
};

}  // namespace mis::domain
