#include <fmt/format.h>
#include <shapefil.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <memory>

#include "base/charset.hpp"
#include "source/files/formats.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kHeaderBytes = 32;

struct Close {
    void operator()(DBFInfo* file) const { DBFClose(file); }
};

// Whether the file is as long as its header says, before the library reads it.
Result<unsigned char> check_header(const std::filesystem::path& file) {
    std::array<unsigned char, kHeaderBytes> head{};
    std::ifstream in(file, std::ios::binary);
    in.read(reinterpret_cast<char*>(head.data()), head.size());
    if (in.gcount() != static_cast<std::streamsize>(head.size()))
        return fail(ErrorKind::malformed, "is no DBF: shorter than a header");
    const auto at = [&](std::size_t byte) { return std::uint64_t{head[byte]}; };
    const std::uint64_t records = at(4) | at(5) << 8 | at(6) << 16 | at(7) << 24;
    const std::uint64_t header = at(8) | at(9) << 8, record = at(10) | at(11) << 8;
    if ((head[0] & 0x07) != 3 && head[0] != 0x30 && head[0] != 0x31 && head[0] != 0x32)
        return fail(ErrorKind::malformed, "is no DBF: its first byte is none of theirs");
    if (header < kHeaderBytes + 1 || record < 2 || records > INT32_MAX)
        return fail(ErrorKind::malformed, "is no DBF: its header makes no sense");
    std::error_code untold;
    const auto bytes = std::filesystem::file_size(file, untold);
    if (untold) return fail(ErrorKind::unavailable, untold.message());
    if (bytes < header + records * record)
        return fail(
            ErrorKind::malformed, fmt::format(
                                      "is cut short: its header says {} rows, {} are there",
                                      records, bytes < header ? 0 : (bytes - header) / record
                                  )
        );
    return head[29];
}

// What the language byte says; nullptr: nothing that we know.
const char* encoding_of(unsigned char language) {
    switch (language) {
        case 0x26:
        case 0x65:
            return "CP866";
        case 0xc9:
            return "WIN1251";
        case 0x01:
            return "CP437";
        case 0x02:
            return "CP850";
        case 0x03:
        case 0x57:
            return "WIN1252";
        default:
            return nullptr;
    }
}

}  // namespace

Result<void> read_dbf(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    const auto language = check_header(file);
    if (!language) return fail(language.error());
    std::string encoding = form.encoding;
    if (encoding.empty()) {
        const char* told = encoding_of(*language);
        if (told == nullptr)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "does not say how its letters are written (language byte {}): files.encoding: "
                    "CP866, or WIN1251",
                    *language
                )
            );
        encoding = told;
    }
    auto convert = CharsetConverter::to_utf8(encoding);
    if (!convert) return fail(convert.error());
    const std::unique_ptr<DBFInfo, Close> table(DBFOpen(file.c_str(), "rb"));
    if (!table) return fail(ErrorKind::malformed, "is no DBF that can be opened");
    const int columns = DBFGetFieldCount(table.get()), count = DBFGetRecordCount(table.get());
    if (columns < 1) return fail(ErrorKind::malformed, "is no DBF: it has no columns");

    std::vector<Field> heading;
    std::vector<char> types;
    for (int column = 0; column < columns; ++column) {
        char name[XBASE_FLDNAME_LEN_READ + 1] = "";
        DBFGetFieldInfo(table.get(), column, name, nullptr, nullptr);
        types.push_back(static_cast<char>(
            std::toupper(static_cast<unsigned char>(DBFGetNativeFieldType(table.get(), column)))
        ));
        auto utf8 = convert->convert(name);
        heading.push_back({utf8 ? *std::move(utf8) : "", Field::Kind::text});
    }
    if (auto done = rows.add(0, std::move(heading)); !done) return done;
    for (int record = 0; record < count; ++record) {
        if (DBFIsRecordDeleted(table.get(), record) != 0) continue;
        std::vector<Field> fields(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) {
            Field& field = fields[static_cast<std::size_t>(column)];
            const char* text = DBFReadStringAttribute(table.get(), record, column);
            if (text == nullptr) return fail(ErrorKind::malformed, "could not be read to its end");
            const char type = types[static_cast<std::size_t>(column)];
            if (type == 'M' || type == 'G' || type == 'P' || type == 'B') {
                // what stands here is a place in another file
                if (*text != '\0') field = {"is a memo, which is not read", Field::Kind::broken};
                continue;
            }
            if (type == 'L') {
                const char letter = *text;
                const bool yes = letter == 'T' || letter == 't' || letter == 'Y' || letter == 'y';
                const bool no = letter == 'F' || letter == 'f' || letter == 'N' || letter == 'n';
                field.text = yes ? "1" : no ? "0" : "";
                continue;
            }
            auto utf8 = convert->convert(text);
            if (utf8)
                field.text = *std::move(utf8);
            else
                field = {"is not written in " + encoding, Field::Kind::broken};
        }
        if (auto done = rows.add(record + 1, std::move(fields)); !done) return done;
    }
    return rows.finish();
}

}  // namespace mis::source::files
