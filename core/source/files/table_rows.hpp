// The rows of a file, whatever its format: RowSink is what a format hands them to, TableRows makes
// rows of the stream of them.
//
// A format hands over fields, with a heading row before them (it may stand below a title) or with
// names of their own. A row that cannot be read as a row goes on with an issue and, where its key
// can be trusted, under that key: one bad line is quarantined, never the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/files/headings.hpp"
#include "source/staged/whole_reader.hpp"

namespace mis::source::files {

inline constexpr std::size_t kFieldBytesMax = 1024 * 1024;
inline constexpr std::size_t kFieldsMax = 2000;
inline constexpr std::size_t kRowBytesMax = 8 * 1024 * 1024;  // of all its fields
inline constexpr std::size_t kHeadingRowsMax = 20;  // a heading is looked for in the first of them

struct Field {
    std::string text;  // UTF-8; blank: nothing there
    enum class Kind { text, binary_number, broken } kind = Kind::text;
    // binary_number: digits of a double, perhaps of a day (spreadsheets); broken: text says why
};

class RowSink {
  public:
    virtual ~RowSink() = default;

    // number: as people count them in the file, from 1; 0: names that the format itself tells.
    virtual Result<void> add(std::int64_t number, std::vector<Field>&& fields) = 0;
    // With names; those of the first rows are looked at together.
    using Named = std::vector<std::pair<std::string, Field>>;
    virtual Result<void> add_named(std::int64_t number, Named&& fields) = 0;
    // A row of which nothing but that it is there can be said.
    virtual Result<void> add_unreadable(std::int64_t number, std::string why) = 0;
    // What is left, and whether there ever was a heading.
    virtual Result<void> finish() = 0;

    virtual void count_days_from_1904() {}
    virtual bool has_heading() const { return false; }
    virtual std::size_t width() const { return 0; }  // of the heading
};

class TableRows final : public RowSink {
  public:
    enum class Width { exact, any };  // any: fields at the end may be left out
    TableRows(
        const StreamDeclaration& stream, const std::map<std::string, std::string>& site_headings,
        Width width, const WholeReader::Put& put
    );

    Result<void> add(std::int64_t number, std::vector<Field>&& fields) override;
    Result<void> add_named(std::int64_t number, Named&& fields) override;
    Result<void> add_unreadable(std::int64_t number, std::string why) override;
    Result<void> finish() override;

    void count_days_from_1904() override { days_from_1904_ = true; }
    bool has_heading() const override { return places_.has_value(); }
    std::size_t width() const override { return heading_.size(); }

  private:
    Result<void> look_for_heading(std::int64_t number, std::vector<Field>&& fields);
    Result<void> settle_names();
    Result<void> emit(std::int64_t number, const std::vector<Field>& fields, std::string fault);
    Result<void> emit_named(std::int64_t number, const Named& fields);
    Result<void> emit_cells(
        std::int64_t number, const std::vector<const Field*>& cells, std::string fault
    );
    void add_cell(std::size_t column, const Field& field);
    bool is_footer(const std::vector<const Field*>& cells) const;
    Result<void> hand_over(std::size_t rows_min);

    const StreamDeclaration& stream_;
    const Headings headings_;
    const Width width_;
    const WholeReader::Put& put_;
    std::size_t key_;
    std::vector<std::string> footers_;  // folded
    RowBatch batch_;
    std::optional<Headings::Places> places_;   // of fields with a heading
    std::vector<std::string> heading_, best_;  // best_: what came nearest to one
    std::size_t best_met_ = 0, rows_before_heading_ = 0;
    std::vector<std::pair<std::int64_t, Named>> waiting_;  // until their names are settled
    std::map<std::string, std::optional<std::size_t>, std::less<>> named_;  // name → column
    bool names_settled_ = false, days_from_1904_ = false;
};

}  // namespace mis::source::files
