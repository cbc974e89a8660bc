#include "disclosure/slot_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include "base/csv_line.hpp"
#include "base/file_text.hpp"
#include "base/private_values.hpp"
#include "base/text.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kTextBytesMax = 200;
constexpr int kCellMinutesMax = 480;
constexpr std::string_view kRequired[] = {"source",       "branch",       "doctor",
                                          "their_branch", "their_doctor", "confirmed"};

class TableReader {
  public:
    explicit TableReader(const std::string& file) : file_(file) {}

    Result<SlotTable> read(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        if (const auto fault = encoding_fault(text)) {
            line_ = fault->line;
            return problem(fault->text);
        }
        for (std::string_view line : split(text, '\n')) {
            ++line_;
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (trim(line).empty() || trim(line).starts_with('#')) continue;
            if (auto taken = places_.empty() ? take_columns(line) : take_row(line); !taken)
                return fail(taken.error());
        }
        if (places_.empty())
            return problem(fmt::format("has no line of columns: begin with {}", kSlotTableColumns));
        return std::move(table_);
    }

  private:
    tl::unexpected<Error> problem(std::string_view what) const {
        return fail(ErrorKind::misconfigured, fmt::format("{}:{}: {}", file_, line_, what));
    }

    Result<void> take_columns(std::string_view line) {
        // Excel writes a ; where the comma belongs to numbers
        separator_ = line.find(';') != std::string_view::npos ? ';' : ',';
        const auto fields = csv_fields(line, separator_);
        if (!fields) return problem("has a quote that is not closed");
        std::vector<std::string_view> known = split(kSlotTableColumns, ',');
        for (std::size_t i = 0; i < fields->size(); ++i) {
            const std::string name(trim((*fields)[i]));
            if (std::find(known.begin(), known.end(), name) == known.end())
                return problem(
                    fmt::format("`{}` is no column here: one of {}", name, kSlotTableColumns)
                );
            if (!places_.emplace(name, i).second)
                return problem(fmt::format("the column {} is there twice: keep one", name));
        }
        for (const auto name : kRequired)
            if (!places_.contains(std::string(name)))
                return problem(fmt::format("the column {} is missing: add it", name));
        columns_ = fields->size();
        return {};
    }

    std::string field(std::string_view column) const {
        const auto place = places_.find(std::string(column));
        return place == places_.end() ? std::string() : std::string(trim(fields_[place->second]));
    }

    Result<void> take_row(std::string_view line) {
        auto fields = csv_fields(line, separator_);
        if (!fields) return problem("has a quote that is not closed");
        if (fields->size() != columns_)
            return problem(fmt::format(
                "has {} fields, the first line {} columns: a text with a {} in it goes into double "
                "quotes",
                fields->size(), columns_, separator_
            ));
        fields_ = std::move(*fields);
        for (const auto& text : fields_) {
            if (text.size() > kTextBytesMax) return problem("has a text of more than 200 bytes");
            if (std::any_of(text.begin(), text.end(), [](char c) {
                    return static_cast<unsigned char>(c) < ' ' && c != '\t';
                }))
                return problem("has a control character in it");
        }
        SlotRow row{
            line_,
            field("source"),
            field("branch"),
            field("doctor"),
            field("their_branch"),
            field("their_doctor"),
            field("branch_name"),
            field("doctor_name"),
            field("specialty"),
            0};
        if (row.source.empty() || row.doctor.empty())
            return problem("names no source or no doctor: write both, as `slots table` lists them");
        for (const auto* name : {&row.branch_name, &row.doctor_name, &row.specialty})
            if (has_private_shape(*name))
                return problem("has a phone or an address where a name belongs: take it out");
        if (const std::string minutes = field("cell_minutes"); !minutes.empty()) {
            const auto [end, error] =
                std::from_chars(minutes.data(), minutes.data() + minutes.size(), row.cell_minutes);
            if (error != std::errc() || end != minutes.data() + minutes.size() ||
                row.cell_minutes < 1 || row.cell_minutes > kCellMinutesMax)
                return problem("cell_minutes has to be a whole number from 1 to 480, or empty");
        }
        return settle(std::move(row));
    }

    Result<void> settle(SlotRow row) {
        const std::string confirmed = to_lower(field("confirmed"));
        const bool is_declined = confirmed == "no" || confirmed == "нет";
        if (confirmed.empty() || is_declined) {
            (is_declined ? table_.declined : table_.proposals).push_back(std::move(row));
            return {};
        }
        if (confirmed != "yes" && confirmed != "да")
            return problem("confirmed has to be yes, no, or empty where nobody has said yet");
        if (row.their_doctor.empty() || row.their_branch.empty())
            return problem(
                "is confirmed and does not say what the aggregator calls doctor and branch: fill "
                "in their_doctor and their_branch"
            );
        const auto twice = [&](auto& seen, auto key, std::string_view which) -> Result<void> {
            const auto [other, is_first] = seen.emplace(std::move(key), line_);
            if (is_first) return {};
            return problem(fmt::format(
                "has the same {} as line {}: one line for each doctor in each branch", which,
                other->second
            ));
        };
        if (auto one =
                twice(ours_, std::tuple(row.source, row.branch, row.doctor), "doctor and branch");
            !one)
            return one;
        if (auto one = twice(
                theirs_, std::tuple(row.their_branch, row.their_doctor),
                "their_doctor and their_branch"
            );
            !one)
            return one;
        table_.rows.push_back(std::move(row));
        return {};
    }

    const std::string& file_;
    int line_ = 0;
    char separator_ = ',';
    std::size_t columns_ = 0;
    std::map<std::string, std::size_t> places_;
    std::vector<std::string> fields_;
    std::map<std::tuple<std::string, std::string, std::string>, int> ours_;
    std::map<std::tuple<std::string, std::string>, int> theirs_;
    SlotTable table_;
};

}  // namespace

Result<SlotTable> parse_slot_table(std::string_view text, const std::string& file) {
    return TableReader(file).read(text);
}

}  // namespace mis::disclosure
