#include <fmt/format.h>

#include <fstream>

#include "source/files/formats.hpp"
#include "source/http/answer.hpp"

namespace mis::source::files {
namespace {

using http::Node;

constexpr std::size_t kFieldsOfRowMax = kFieldsMax;

class RowFields {
  public:
    explicit RowFields(char between) : between_(between) {}

    // Of an element of XML or an object of JSON: what is nested is named by its path, an attribute
    // by its name alone. false: there are too many.
    bool add(const Node& node, const std::string& path = {}) {
        switch (node.kind) {
            case Node::Kind::null:
                return put(path, {});
            case Node::Kind::boolean:
            case Node::Kind::number:
            case Node::Kind::text:
                return put(path, {node.text, Field::Kind::text});
            case Node::Kind::list:
                return put(path, {"is a list, and no single value", Field::Kind::broken});
            case Node::Kind::object:
                break;
        }
        if (!node.text.empty() && !put(path, {node.text, Field::Kind::text})) return false;
        for (const auto& [name, member] : node.members) {
            const std::string own = name.starts_with('@') ? name.substr(1) : name;
            if (!add(member, path.empty() ? own : path + between_ + own)) return false;
        }
        return true;
    }
    RowSink::Named take() { return std::move(fields_); }

  private:
    bool put(const std::string& path, Field field) {
        if (path.empty()) return true;  // words between the parts of a row
        if (fields_.size() >= kFieldsOfRowMax) return false;
        fields_.emplace_back(path, std::move(field));
        return true;
    }

    const char between_;
    RowSink::Named fields_;
};

// As the errors of files speak: the file is named before them.
Error of_file(const Error& error) {
    constexpr std::string_view kAnswer = "the answer ";
    if (!error.text.starts_with(kAnswer)) return error;
    return {error.kind, error.text.substr(kAnswer.size())};
}

Result<void> read_document(
    const std::filesystem::path& file, const http::AnswerPlan& plan, RowSink& rows
) {
    std::ifstream in(file, std::ios::binary);
    std::string chunk(64 * 1024, '\0');
    bool any = false, is_first = true;
    const auto next = [&]() -> Result<std::string_view> {
        in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        if (in.bad()) return fail(ErrorKind::unavailable, "could not be read to its end");
        std::string_view bytes(chunk.data(), static_cast<std::size_t>(in.gcount()));
        any |= !bytes.empty();
        const bool begins = std::exchange(is_first, false);
        if (begins && plan.format == http::Format::json && bytes.starts_with("\xef\xbb\xbf"))
            bytes.remove_prefix(3);
        return bytes;
    };
    const char between = plan.format == http::Format::xml ? '/' : '.';
    std::int64_t number = 0;
    const auto read =
        http::read_answer(plan, next, [&](const std::vector<const Node*>& row) -> Result<void> {
            ++number;
            RowFields fields(between);
            if (!fields.add(*row.back()))
                return rows.add_unreadable(
                    number, fmt::format("has more than {} values", kFieldsOfRowMax)
                );
            return rows.add_named(number, fields.take());
        });
    if (!read) return fail(any ? of_file(read.error()) : Error{ErrorKind::malformed, "is empty"});
    if (!read->has_rows)
        return fail(
            ErrorKind::malformed,
            fmt::format(
                "has no list of rows at {}: say file.rows of the stream",
                plan.rows.list.empty()
                    ? "its root"
                    : fmt::format("{}", fmt::join(plan.rows.list, std::string(1, between)))
            )
        );
    return number == 0 ? Result<void>{} : rows.finish();
}

Result<http::RowsPlace> place_of(const FileDeclaration& form, http::Format format) {
    auto place = http::parse_rows_place(form.rows, format);
    if (!place)
        return fail(
            ErrorKind::misconfigured,
            form.rows.empty() ? "is XML, and nobody says which element is a row: file.rows of the "
                                "stream, such as Register/Row"
                              : fmt::format("has no place such as {}: mend file.rows", form.rows)
        );
    return *std::move(place);
}

}  // namespace

Result<void> read_xml(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    http::AnswerPlan plan;
    plan.format = http::Format::xml;
    if (!form.encoding.empty()) plan.encoding = form.encoding == "UTF8" ? "UTF-8" : form.encoding;
    auto place = place_of(form, plan.format);
    if (!place) return fail(place.error());
    plan.rows = *std::move(place);
    return read_document(file, plan, rows);
}

Result<void> read_json(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    http::AnswerPlan plan;
    auto place = place_of(form, plan.format);
    if (!place) return fail(place.error());
    plan.rows = *std::move(place);
    return read_document(file, plan, rows);
}

}  // namespace mis::source::files
