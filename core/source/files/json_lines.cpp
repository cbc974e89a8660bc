#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/charset.hpp"
#include "base/text.hpp"
#include "source/files/formats.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kLineBytesMax = 4 * 1024 * 1024;
constexpr int kDepthMax = 32;

// The members of one object: scalars as the text of their token, what is nested as JSON.
class LineReader final : public nlohmann::json_sax<nlohmann::json> {
  public:
    RowSink::Named fields;
    std::string why;  // it cannot be read

    bool null() override { return scalar(""); }
    bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return scalar(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return scalar(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& token) override { return scalar(token); }
    bool string(string_t& value) override { return scalar(value); }
    bool binary(binary_t&) override { return false; }
    bool key(string_t& name) override {
        if (depth_ == 1) {
            if (fields.size() >= kFieldsMax) return refuse("has too many members");
            fields.emplace_back(name, Field{});
        }
        return true;
    }
    bool start_object(std::size_t) override {
        if (++depth_ > kDepthMax) return refuse("is nested too deep");
        if (depth_ > 1) nested();
        return true;
    }
    bool end_object() override { return --depth_ >= 0; }
    bool start_array(std::size_t) override {
        if (depth_++ == 0) return refuse("is no JSON object");
        if (depth_ > kDepthMax) return refuse("is nested too deep");
        nested();
        return true;
    }
    bool end_array() override { return --depth_ >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return refuse("is no JSON object");
    }

  private:
    bool refuse(const char* text) {
        if (why.empty()) why = text;
        return false;
    }
    void nested() { fields.back().second = {"is no single value", Field::Kind::broken}; }
    bool scalar(std::string_view text) {
        if (depth_ == 0) return refuse("is no JSON object");
        if (depth_ == 1) fields.back().second.text = text;
        return true;
    }
    int depth_ = 0;
};

}  // namespace

Result<void> read_json_lines(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    auto convert = CharsetConverter::to_utf8(form.encoding.empty() ? "UTF8" : form.encoding);
    if (!convert) return fail(convert.error());
    std::ifstream in(file, std::ios::binary);
    std::string chunk(64 * 1024, '\0'), line;
    std::int64_t number = 0;
    bool any = false;
    const auto take = [&](bool is_last) -> Result<void> {
        ++number;
        std::string_view text = line;
        if (number == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        if (trim(text).empty()) return {};
        any = true;
        const auto utf8 = convert->convert(text);
        if (!utf8) return rows.add_unreadable(number, "is not written in the declared encoding");
        LineReader reader;
        if (nlohmann::json::sax_parse(*utf8, &reader))
            return rows.add_named(number, std::move(reader.fields));
        if (is_last)
            return fail(
                ErrorKind::malformed,
                fmt::format("is cut short: its last line, {}, has no end", number)
            );
        return rows.add_unreadable(number, reader.why.empty() ? "is no JSON object" : reader.why);
    };
    while (in) {
        in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        std::string_view bytes(chunk.data(), static_cast<std::size_t>(in.gcount()));
        for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
            line += bytes.substr(0, end);
            bytes.remove_prefix(end + 1);
            if (auto done = take(false); !done) return done;
            line.clear();
        }
        line += bytes;
        if (line.size() > kLineBytesMax)
            return fail(
                ErrorKind::malformed, fmt::format("line {} is longer than 4 MB", number + 1)
            );
    }
    if (in.bad()) return fail(ErrorKind::unavailable, "could not be read to its end");
    if (!line.empty())
        if (auto done = take(true); !done) return done;
    if (!any) return fail(ErrorKind::malformed, "is empty");
    return rows.finish();
}

}  // namespace mis::source::files
