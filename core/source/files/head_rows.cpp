#include "source/files/head_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "source/table_sample.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kHeadingBytesMax = 120;

// Words of which headings are made, in whatever program; folded.
constexpr std::array kHeadingWords{
    "номер",   "№",          "код",         "id",         "дата",      "date",   "фио",
    "фамилия", "имя",        "отчество",    "name",       "телефон",   "phone",  "сумма",
    "sum",     "цена",       "стоимость",   "количество", "кол-во",    "лимит",  "остаток",
    "полис",   "договор",    "услуга",      "врач",       "пациент",   "статус", "скидка",
    "оплата",  "примечание", "комментарий", "начало",     "окончание", "время",  "филиал"};

bool is_common_heading(std::string_view text) {
    const std::string folded = fold(text);
    if (folded.empty() || folded.size() > kHeadingBytesMax) return false;
    if (folded.find_first_of("0123456789") != std::string::npos) return false;
    std::string plain = folded;
    for (char& c : plain)
        if (c == '.' || c == ',' || c == ':' || c == '_' || c == '/' || c == '(' || c == ')')
            c = ' ';
    for (const std::string_view word : split(plain, ' '))
        if (std::find(kHeadingWords.begin(), kHeadingWords.end(), word) != kHeadingWords.end())
            return true;
    return false;
}

}  // namespace

bool HeadRows::is_enough() const { return rows_ >= kSampleRowsMax; }

Result<void> HeadRows::go_on() const {
    if (!is_enough()) return {};
    return fail(ErrorKind::cancelled, "enough was seen");
}

bool HeadRows::is_heading_row(const std::vector<Field>& fields) const {
    const auto known = std::count_if(fields.begin(), fields.end(), [&](const Field& field) {
        return field.kind == Field::Kind::text && !trim(field.text).empty() &&
               (is_heading_(field.text) || is_common_heading(field.text));
    });
    return known >= 2;
}

void HeadRows::take_names(const std::vector<Field>& fields) {
    for (const Field& field : fields) {
        const bool is_name = field.kind == Field::Kind::text && !trim(field.text).empty() &&
                             field.text.size() <= kHeadingBytesMax;
        names_.push_back(is_name ? std::string(trim(field.text)) : std::string());
        columns_.push_back({names_.back(), {}});
    }
}

void HeadRows::count(const std::vector<Field>& fields) {
    const bool any = std::any_of(fields.begin(), fields.end(), [](const Field& field) {
        return !trim(field.text).empty();
    });
    if (!any || is_enough()) return;
    ++rows_;
    if (columns_.size() < fields.size()) columns_.resize(fields.size());
    for (std::size_t at = 0; at < fields.size(); ++at)
        if (fields[at].kind != Field::Kind::broken && !trim(fields[at].text).empty())
            columns_[at].shapes.add(fields[at].text);
}

Result<void> HeadRows::add(std::int64_t number, std::vector<Field>&& fields) {
    if (is_decided_) {
        count(fields);
        return go_on();
    }
    if (number == 0 || is_heading_row(fields)) {
        is_decided_ = true;
        first_.clear();  // a title
        take_names(fields);
        return {};
    }
    first_.push_back(std::move(fields));
    return first_.size() < kHeadingRowsMax ? Result<void>{} : finish();
}

Result<void> HeadRows::add_named(std::int64_t, Named&& fields) {
    is_decided_ = true;
    ++rows_;
    for (const auto& [name, field] : fields) {
        auto known = std::find(names_.begin(), names_.end(), name);
        if (known == names_.end()) {
            if (names_.size() >= kFieldsMax) continue;
            names_.push_back(name);
            columns_.push_back({name, {}});
            known = std::prev(names_.end());
        }
        const auto at = static_cast<std::size_t>(known - names_.begin());
        if (field.kind != Field::Kind::broken && !trim(field.text).empty())
            columns_[at].shapes.add(field.text);
    }
    return go_on();
}

Result<void> HeadRows::add_unreadable(std::int64_t, std::string) {
    ++rows_;
    return go_on();
}

Result<void> HeadRows::finish() {
    if (is_decided_) return {};
    is_decided_ = true;
    for (const auto& fields : std::exchange(first_, {})) count(fields);
    return go_on();
}

TableDescription HeadRows::described(std::string name) const {
    TableDescription table;
    table.name = std::move(name);
    table.rows_looked_at = rows_;
    for (std::size_t at = 0; at < columns_.size(); ++at) {
        const bool named = at < names_.size() && !names_[at].empty();
        table.columns.push_back(
            {named ? escape_invisible(names_[at]) : fmt::format("column {}", at + 1),
             named ? "named so" : "no heading", false, columns_[at].shapes.most(kSampleShapesMax)}
        );
    }
    return table;
}

}  // namespace mis::source::files
