#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <optional>
#include <utility>

#include "base/charset.hpp"
#include "base/text.hpp"
#include "source/files/formats.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::array kSeparators{';', ',', '\t', '|'};

// One pass of libcsv over bytes.
class CsvParse {
  public:
    using Row = std::function<Result<void>(std::int64_t number, std::vector<std::string>&&)>;
    CsvParse(char separator, Row take) : take_(std::move(take)) {
        csv_init(&parser_, 0);
        csv_set_delim(&parser_, static_cast<unsigned char>(separator));
    }
    CsvParse(const CsvParse&) = delete;
    CsvParse& operator=(const CsvParse&) = delete;
    ~CsvParse() { csv_free(&parser_); }

    Result<void> feed(std::string_view bytes) {
        if (csv_parse(&parser_, bytes.data(), bytes.size(), on_field, on_row, this) != bytes.size())
            fault(csv_strerror(csv_error(&parser_)));
        if (parser_.entry_pos > kFieldBytesMax)
            fault("has a field of more than a megabyte: is a quotation mark missing before it?");
        return result();
    }
    Result<void> end() {
        // only its strict form tells, which refuses a file for any stray quotation mark
        if (parser_.quoted != 0 && parser_.pstate == kFieldBegun)
            fault("ends within quotation marks: it is cut short, or one of them is missing");
        else if (csv_fini(&parser_, on_field, on_row, this) != 0)
            fault(csv_strerror(csv_error(&parser_)));
        return result();
    }
    std::int64_t rows() const { return rows_; }

  private:
    static constexpr int kFieldBegun = 2;  // libcsv's state within a field

    void fault(std::string_view what) {
        if (!failed_)
            failed_ =
                Error{ErrorKind::malformed, fmt::format("row {} of the file {}", rows_ + 1, what)};
    }
    Result<void> result() const {
        if (failed_) return fail(*failed_);
        return {};
    }
    static void on_field(void* bytes, std::size_t length, void* self) {
        auto& parse = *static_cast<CsvParse*>(self);
        if (parse.failed_) return;
        if (parse.fields_.size() >= kFieldsMax)
            return parse.fault(fmt::format("has more than {} fields", kFieldsMax));
        parse.row_bytes_ += length;
        if (parse.row_bytes_ > kRowBytesMax)
            return parse.fault("is longer than 8 MB: is a quotation mark missing before it?");
        parse.fields_.emplace_back(static_cast<const char*>(bytes), bytes == nullptr ? 0 : length);
    }
    static void on_row(int, void* self) {
        auto& parse = *static_cast<CsvParse*>(self);
        if (parse.failed_) return;
        ++parse.rows_;
        parse.row_bytes_ = 0;
        if (auto taken = parse.take_(parse.rows_, std::exchange(parse.fields_, {})); !taken)
            parse.failed_ = taken.error();
    }

    csv_parser parser_{};
    const Row take_;
    std::vector<std::string> fields_;
    std::size_t row_bytes_ = 0;
    std::int64_t rows_ = 0;
    std::optional<Error> failed_;
};

// That by which the first rows have the most fields: nobody writes a title with semicolons.
char likely_separator(std::string_view head) {
    char best = ',';
    std::size_t most = 0;
    for (const char separator : kSeparators) {
        std::size_t fields = 0;
        CsvParse parse(separator, [&](std::int64_t number, std::vector<std::string>&& row) {
            if (number <= static_cast<std::int64_t>(kHeadingRowsMax))
                fields = std::max(fields, row.size());
            return Result<void>{};
        });
        // as far as it goes: the head ends anywhere
        (void)parse.feed(head.substr(0, head.find_last_of('\n') + 1));
        if (fields > most) {
            most = fields;
            best = separator;
        }
    }
    return best;
}

// A quotation mark too few makes a field of what follows, up to the next one: other rows are in it.
bool holds_other_rows(const std::vector<std::string>& fields, char separator, std::size_t width) {
    const auto count = [&](std::string_view line) {
        return static_cast<std::size_t>(std::count(line.begin(), line.end(), separator));
    };
    const std::size_t suspicious = std::max<std::size_t>(1, (width - 1) / 2);
    return std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
        if (field.find('\n') == std::string::npos) return false;
        if (fields.size() != width) return true;
        const auto lines = split(field, '\n');
        return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
            return count(line) >= suspicious;
        });
    });
}

}  // namespace

Result<void> read_csv(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    std::ifstream in(file, std::ios::binary);
    std::string chunk(kChunkBytes, '\0');
    const auto next = [&]() -> std::string_view {
        in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        return std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount()));
    };
    std::string_view bytes = next();
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
        return fail(
            ErrorKind::misconfigured, "is written in UTF-16: have it saved as \"CSV UTF-8\""
        );
    if (bytes.find('\0') != std::string_view::npos)
        return fail(ErrorKind::misconfigured, "is no CSV: it has zero bytes in it");
    std::string encoding = form.encoding.empty() ? "UTF8" : form.encoding;
    if (bytes.starts_with("\xef\xbb\xbf")) {
        bytes.remove_prefix(3);
        encoding = "UTF8";
    }
    auto convert = CharsetConverter::to_utf8(encoding);
    if (!convert) return fail(convert.error());
    if (trim(bytes).empty() && in.eof()) return fail(ErrorKind::malformed, "is empty");
    const char separator = form.separator != 0 ? form.separator : likely_separator(bytes);

    std::size_t fields_of_last = 0;
    CsvParse parse(separator, [&](std::int64_t number, std::vector<std::string>&& texts) {
        fields_of_last = texts.size();
        if (rows.has_heading() && holds_other_rows(texts, separator, rows.width()))
            return rows.add_unreadable(
                number, "has other rows in one of its fields: is a quotation mark missing?"
            );
        std::vector<Field> fields;
        fields.reserve(texts.size());
        for (const std::string& text : texts) {
            auto utf8 = convert->convert(text);
            if (utf8)
                fields.push_back({*std::move(utf8), Field::Kind::text});
            else
                fields.push_back({"is not written in " + encoding, Field::Kind::broken});
        }
        return rows.add(number, std::move(fields));
    });
    char last = '\n';
    for (; !bytes.empty(); bytes = next()) {
        last = bytes.back();
        if (auto done = parse.feed(bytes); !done) return done;
    }
    if (in.bad()) return fail(ErrorKind::unavailable, "could not be read to its end");
    const std::int64_t before = parse.rows();
    if (last != '\n' && last != '\r') {
        // a last row without an end is whole only if it has all its fields
        if (auto done = parse.end(); !done) return done;
        if (parse.rows() > before && rows.has_heading() && fields_of_last < rows.width())
            return fail(
                ErrorKind::malformed,
                fmt::format(
                    "is cut short: its last row has {} fields of {} and no end", fields_of_last,
                    rows.width()
                )
            );
    } else if (auto done = parse.end(); !done) {
        return done;
    }
    return rows.finish();
}

}  // namespace mis::source::files
