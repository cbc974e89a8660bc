#include "source/files/table_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "source/exact_text.hpp"
#include "source/source.hpp"
#include "source/staged/declared_cell.hpp"

namespace mis::source::files {
namespace {

constexpr std::int32_t kDaysToSerial1900 = 25'569;  // 1970-01-01, counted from 1899-12-30
constexpr std::int32_t kDaysToSerial1904 = 24'107;
constexpr double kSerialMax = 2'958'466;  // 9999-12-31

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

// A day and the part of it that has passed, to the second.
std::optional<std::string> time_of_serial(double serial, bool from_1904) {
    if (serial < 0 || serial >= kSerialMax) return std::nullopt;
    const double whole = std::floor(serial);
    auto day =
        static_cast<std::int32_t>(whole) - (from_1904 ? kDaysToSerial1904 : kDaysToSerial1900);
    auto seconds = static_cast<std::int64_t>(std::llround((serial - whole) * 86'400));
    if (seconds == 86'400) {
        seconds = 0;
        ++day;
    }
    return fmt::format(
        "{} {:02}:{:02}:{:02}", Date{day}.to_string(), seconds / 3600, seconds / 60 % 60,
        seconds % 60
    );
}

}  // namespace

TableRows::TableRows(
    const StreamDeclaration& stream, const std::map<std::string, std::string>& site_headings,
    Width width, const WholeReader::Put& put
)
    : stream_(stream),
      headings_(stream, site_headings),
      width_(width),
      put_(put),
      key_(static_cast<std::size_t>(
          std::find_if(
              stream.columns.begin(), stream.columns.end(),
              [&](const auto& column) { return column.name == stream.key_column; }
          ) -
          stream.columns.begin()
      )),
      batch_(stream.columns.size()) {
    for (const std::string& footer : stream.file->footers) footers_.push_back(fold(footer));
}

Result<void> TableRows::add(std::int64_t number, std::vector<Field>&& fields) {
    if (!places_) return look_for_heading(number, std::move(fields));
    const auto is_blank = [](const Field& field) {
        return field.kind != Field::Kind::broken && trim(field.text).empty();
    };
    if (std::all_of(fields.begin(), fields.end(), is_blank)) return {};
    while (fields.size() > heading_.size() && is_blank(fields.back())) fields.pop_back();
    std::string fault;
    if (fields.size() > heading_.size() ||
        (width_ == Width::exact && fields.size() < heading_.size()))
        fault = fmt::format(
            "row {} of the file has {} fields, its heading {}", number, fields.size(),
            heading_.size()
        );
    return emit(number, fields, std::move(fault));
}

Result<void> TableRows::look_for_heading(std::int64_t, std::vector<Field>&& fields) {
    std::vector<std::string> names;
    for (Field& field : fields)
        names.push_back(field.kind == Field::Kind::broken ? "" : std::move(field.text));
    while (!names.empty() && trim(names.back()).empty()) names.pop_back();
    if (names.empty()) return {};
    const auto met = headings_.met(names);
    if (met.all) {
        auto places = headings_.places(names);
        if (!places) return fail(places.error());
        places_ = *std::move(places);
        heading_ = std::move(names);
        return {};
    }
    if (met.most && met.columns > best_met_) {
        best_met_ = met.columns;
        best_ = std::move(names);
    }
    if (++rows_before_heading_ < kHeadingRowsMax) return {};
    return finish();
}

Result<void> TableRows::emit(
    std::int64_t number, const std::vector<Field>& fields, std::string fault
) {
    static const Field kNothing;
    std::vector<const Field*> cells(stream_.columns.size(), &kNothing);
    for (std::size_t column = 0; column < cells.size(); ++column) {
        const auto& place = (*places_)[column];
        if (!place || *place >= fields.size()) continue;
        // where fields are too many or too few, only the first is sure to be the one it seems
        if (!fault.empty() && (*place != 0 || column != key_)) continue;
        cells[column] = &fields[*place];
    }
    return emit_cells(number, cells, std::move(fault));
}

bool TableRows::is_footer(const std::vector<const Field*>& cells) const {
    if (footers_.empty() || !trim(cells[key_]->text).empty()) return false;
    for (const Field* cell : cells) {
        const std::string text = fold(cell->text);
        if (text.empty()) continue;
        return std::any_of(footers_.begin(), footers_.end(), [&](const std::string& footer) {
            return text.starts_with(footer);
        });
    }
    return false;
}

Result<void> TableRows::emit_cells(
    std::int64_t number, const std::vector<const Field*>& cells, std::string fault
) {
    const bool blank = std::all_of(cells.begin(), cells.end(), [](const Field* cell) {
        return cell->kind != Field::Kind::broken && trim(cell->text).empty();
    });
    if ((blank && fault.empty()) || is_footer(cells)) return {};
    if (!fault.empty())
        batch_.add_issue(std::move(fault));
    else if (trim(cells[key_]->text).empty())
        batch_.add_issue(
            fmt::format("row {} of the file has no {}", number, stream_.columns[key_].name)
        );
    for (std::size_t column = 0; column < cells.size(); ++column) add_cell(column, *cells[column]);
    return hand_over(kBatchRowsMax / 2);
}

void TableRows::add_cell(std::size_t column, const Field& field) {
    const ColumnDeclaration& declared = stream_.columns[column];
    if (field.kind == Field::Kind::broken) {
        batch_.add_issue(fmt::format("column {}: {}", declared.name, field.text));
        return batch_.add_null();
    }
    if (field.text.size() > kLongValueBytesMax) {
        batch_.add_issue(fmt::format("column {}: longer than a megabyte", declared.name));
        return batch_.add_null();
    }
    const auto number =
        field.kind == Field::Kind::binary_number ? number_of(field.text) : std::nullopt;
    if (!number) return add_declared(batch_, declared, field.text);
    if (declared.type == ColumnType::timestamp || declared.type == ColumnType::date) {
        const auto time = time_of_serial(*number, days_from_1904_);
        return add_declared(batch_, declared, time.value_or("no day"));
    }
    std::string exact;
    const bool is_decimal = declared.type == ColumnType::decimal;
    const auto rounded = append_double(
        exact, *number, is_decimal ? std::optional<int>(declared.decimals) : std::nullopt
    );
    if (rounded == Rounded::yes)
        batch_.add_note(
            fmt::format("column {}: rounded to {} decimals", declared.name, declared.decimals)
        );
    add_declared(batch_, declared, exact);
}

Result<void> TableRows::add_named(std::int64_t number, Named&& fields) {
    if (names_settled_) return emit_named(number, fields);
    waiting_.emplace_back(number, std::move(fields));
    return waiting_.size() < kHeadingRowsMax ? Result<void>{} : settle_names();
}

Result<void> TableRows::settle_names() {
    std::vector<std::string> names;
    for (const auto& [number, fields] : waiting_)
        for (const auto& [name, field] : fields)
            if (names.size() < kFieldsMax &&
                std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
    if (auto places = headings_.places(names); !places) return fail(places.error());
    names_settled_ = true;
    for (const auto& [number, fields] : std::exchange(waiting_, {}))
        if (auto done = emit_named(number, fields); !done) return done;
    return {};
}

Result<void> TableRows::emit_named(std::int64_t number, const Named& fields) {
    static const Field kNothing;
    std::vector<const Field*> cells(stream_.columns.size(), &kNothing);
    std::string fault;
    for (const auto& [name, field] : fields) {
        auto known = named_.find(name);
        if (known == named_.end()) {
            if (named_.size() >= kFieldsMax) named_.clear();
            known = named_.emplace(name, headings_.column_of(name)).first;
        }
        if (!known->second) continue;
        if (cells[*known->second] != &kNothing)
            fault = fmt::format(
                "row {} of the file says {} twice", number, stream_.columns[*known->second].name
            );
        cells[*known->second] = &field;
    }
    return emit_cells(number, cells, std::move(fault));
}

Result<void> TableRows::add_unreadable(std::int64_t number, std::string why) {
    batch_.add_issue(fmt::format("row {} of the file {}", number, why));
    for (std::size_t column = 0; column < stream_.columns.size(); ++column) batch_.add_null();
    return hand_over(kBatchRowsMax / 2);
}

Result<void> TableRows::hand_over(std::size_t rows_min) {
    if (batch_.rows() < rows_min && batch_.bytes() < kBatchBytesMax / 2) return {};
    if (batch_.rows() == 0) return {};
    return put_(std::exchange(batch_, RowBatch(stream_.columns.size())));
}

Result<void> TableRows::finish() {
    if (!waiting_.empty())
        if (auto settled = settle_names(); !settled) return settled;
    if (names_settled_ || places_) return hand_over(1);
    if (!best_.empty()) {
        auto places = headings_.places(best_);
        if (!places) return fail(places.error());
    }
    return fail(
        ErrorKind::misconfigured,
        fmt::format(
            "none of its first {} rows is a heading with the columns of stream {}: name them "
            "under files.columns",
            kHeadingRowsMax, stream_.name
        )
    );
}

}  // namespace mis::source::files
