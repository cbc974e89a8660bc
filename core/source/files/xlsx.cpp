#include <expat.h>
#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "source/files/formats.hpp"
#include "source/xml_bounds.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kSharedBytesMax = 32 * 1024 * 1024;
constexpr std::size_t kSharedCountMax = 1'000'000;
constexpr std::size_t kSheetsMax = 500;
constexpr int kXmlDepthMax = 64;

struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
    void operator()(zip_file_t* part) const { zip_fclose(part); }
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

std::string_view local(const char* name) {
    const std::string_view whole(name);
    const auto colon = whole.find(':');
    return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

// "r:id" by its last part.
std::string_view attribute(const char** attributes, std::string_view name) {
    for (; *attributes != nullptr; attributes += 2)
        if (local(attributes[0]) == name) return attributes[1];
    return {};
}

// What is told of one XML part, as it goes by.
class Elements {
  public:
    virtual ~Elements() = default;
    virtual void begin(std::string_view name, const char** attributes) = 0;
    virtual void text(std::string_view part) = 0;
    virtual Result<void> end(std::string_view name) = 0;

    std::optional<Error> failed;
    XML_Parser parser = nullptr;
    XmlBounds bounds;
    int depth = 0;
    void stop(Error error) {
        if (!failed) failed = std::move(error);
        XML_StopParser(parser, XML_FALSE);
    }
};

Error broken(std::string_view part) {
    return {
        ErrorKind::malformed,
        fmt::format("is no whole XLSX file: {} cannot be read: have it saved again", part)};
}

// Reads the part to its end, checksum included.
Result<void> read_part(zip_t& archive, const std::string& name, Elements& elements) {
    const std::unique_ptr<zip_file_t, Discard> part(zip_fopen(&archive, name.c_str(), 0));
    if (!part) return fail(broken(name));
    const std::unique_ptr<XML_ParserStruct, Discard> parser(XML_ParserCreate(nullptr));
    elements.parser = parser.get();
    XML_SetUserData(parser.get(), &elements);
    XML_SetElementHandler(
        parser.get(),
        [](void* self, const char* element, const char** attributes) {
            auto& all = *static_cast<Elements*>(self);
            all.bounds.told();
            bool may = ++all.depth <= kXmlDepthMax && all.bounds.may_name(element);
            for (const char** one = attributes; may && *one != nullptr; one += 2)
                may = all.bounds.may_name(*one);
            if (!may) return all.stop({ErrorKind::malformed, "is no spreadsheet inside"});
            all.begin(local(element), attributes);
        },
        [](void* self, const char* element) {
            auto& all = *static_cast<Elements*>(self);
            all.bounds.told();
            --all.depth;
            if (auto done = all.end(local(element)); !done) all.stop(done.error());
        }
    );
    XML_SetCharacterDataHandler(parser.get(), [](void* self, const char* bytes, int length) {
        auto& all = *static_cast<Elements*>(self);
        all.bounds.told();
        all.text({bytes, static_cast<std::size_t>(length)});
    });
    XML_SetStartDoctypeDeclHandler(
        parser.get(),
        [](void* self, const char*, const char*, const char*, int) {
            static_cast<Elements*>(self)->stop(
                {ErrorKind::malformed, "has a document type in it, which no spreadsheet writes"}
            );
        }
    );
    while (true) {
        constexpr int kChunkBytes = XmlBounds::kFedBytesMax;
        void* buffer = XML_GetBuffer(parser.get(), kChunkBytes);
        if (buffer == nullptr) return fail(broken(name));
        const zip_int64_t got = zip_fread(part.get(), buffer, kChunkBytes);
        if (got < 0) return fail(broken(name));
        elements.bounds.fed(static_cast<std::size_t>(got));
        if (elements.bounds.is_in_long_tag())
            return fail(ErrorKind::malformed, XmlBounds::long_tag());
        const auto status = XML_ParseBuffer(parser.get(), static_cast<int>(got), got == 0 ? 1 : 0);
        if (elements.failed) return fail(*elements.failed);
        if (status != XML_STATUS_OK) return fail(broken(name));
        if (got == 0) return {};
    }
}

class Workbook final : public Elements {
  public:
    std::vector<std::pair<std::string, std::string>> sheets;  // name, relation
    bool from_1904 = false;
    void begin(std::string_view name, const char** attributes) override {
        if (name == "sheet" && sheets.size() < kSheetsMax)
            sheets.emplace_back(attribute(attributes, "name"), attribute(attributes, "id"));
        if (name == "workbookPr") {
            const auto said = attribute(attributes, "date1904");
            from_1904 = said == "1" || said == "true";
        }
    }
    void text(std::string_view) override {}
    Result<void> end(std::string_view) override { return {}; }
};

class Relations final : public Elements {
  public:
    std::map<std::string, std::string> targets;  // by id
    void begin(std::string_view name, const char** attributes) override {
        if (name != "Relationship" || targets.size() > 2 * kSheetsMax) return;
        std::string target(attribute(attributes, "Target"));
        target = target.starts_with('/') ? target.substr(1) : "xl/" + target;
        targets.emplace(attribute(attributes, "Id"), std::move(target));
    }
    void text(std::string_view) override {}
    Result<void> end(std::string_view) override { return {}; }
};

// Each text once, one behind the other: a million short ones would take thrice as much by
// themselves.
class SharedStrings final : public Elements {
  public:
    std::size_t size() const { return begins_.size(); }
    std::string_view at(std::size_t index) const {
        const std::size_t begin = begins_[index];
        const std::size_t end = index + 1 < begins_.size() ? begins_[index + 1] : bytes_;
        const std::string& block = blocks_[begin / kBlockBytes];
        return std::string_view(block).substr(begin % kBlockBytes, end - begin);
    }

    void begin(std::string_view name, const char**) override {
        if (name == "si") begin_text();
        if (name == "rPh") in_phonetic_ = true;
        if (name == "t") in_text_ = true;
    }
    void text(std::string_view part) override {
        if (!in_text_ || in_phonetic_ || begins_.empty()) return;
        open_ += part;
        if (open_.size() > kFieldBytesMax)
            stop({ErrorKind::malformed, "holds a text longer than a megabyte"});
    }
    Result<void> end(std::string_view name) override {
        if (name == "t") in_text_ = false;
        if (name == "rPh") in_phonetic_ = false;
        if (name == "si") keep_text();
        if (bytes_ > kSharedBytesMax || begins_.size() > kSharedCountMax)
            return fail(
                ErrorKind::malformed,
                "holds more than 32 MB of different texts: have it exported as CSV"
            );
        return {};
    }

  private:
    static constexpr std::size_t kBlockBytes = 4 * kFieldBytesMax;

    void begin_text() {
        begins_.push_back(static_cast<std::uint32_t>(bytes_));
        open_.clear();
    }
    // A text lies within one block.
    void keep_text() {
        if (bytes_ % kBlockBytes + open_.size() > kBlockBytes) {
            bytes_ = (bytes_ / kBlockBytes + 1) * kBlockBytes;
            begins_.back() = static_cast<std::uint32_t>(bytes_);
        }
        if (bytes_ / kBlockBytes == blocks_.size()) {
            blocks_.emplace_back();
            blocks_.back().reserve(kBlockBytes);
        }
        blocks_.back() += open_;
        bytes_ += open_.size();
    }

    bool in_text_ = false, in_phonetic_ = false;
    std::string open_;
    std::vector<std::string> blocks_;
    std::vector<std::uint32_t> begins_;
    std::size_t bytes_ = 0;  // with what is left at the ends of blocks
};

// "AB12" → 27
std::optional<std::size_t> column_of(std::string_view reference) {
    std::size_t column = 0;
    for (const char c : reference) {
        if (c < 'A' || c > 'Z') break;
        column = column * 26 + static_cast<std::size_t>(c - 'A') + 1;
        if (column > 20'000) return std::nullopt;
    }
    if (column == 0) return std::nullopt;
    return column - 1;
}

class Sheet final : public Elements {
  public:
    Sheet(const SharedStrings& shared, RowSink& rows) : shared_(shared), rows_(rows) {}

    void begin(std::string_view name, const char** attributes) override {
        if (name == "row") {
            number_ = whole(attribute(attributes, "r")).value_or(number_ + 1);
            fields_.clear();
            next_ = 0;
        } else if (name == "c") {
            at_ = column_of(attribute(attributes, "r")).value_or(next_);
            next_ = at_ + 1;
            type_ = attribute(attributes, "t");
            value_.clear();
        } else if (name == "rPh") {
            in_phonetic_ = true;
        } else if (name == "v" || name == "t") {
            in_value_ = !in_phonetic_;
        }
    }
    void text(std::string_view part) override {
        if (in_value_ && value_.size() <= kFieldBytesMax) value_ += part;
    }
    Result<void> end(std::string_view name) override {
        if (name == "v" || name == "t") in_value_ = false;
        if (name == "rPh") in_phonetic_ = false;
        if (name == "c" && at_ < kFieldsMax) {
            if (fields_.size() <= at_) fields_.resize(at_ + 1);
            fields_[at_] = field();
            row_bytes_ += fields_[at_].text.size();
            if (row_bytes_ > kRowBytesMax)
                return fail(
                    ErrorKind::malformed, fmt::format("row {} is longer than 8 MB", number_)
                );
        }
        if (name == "row") {
            row_bytes_ = 0;
            return rows_.add(number_, std::exchange(fields_, {}));
        }
        return {};
    }

  private:
    static std::optional<std::int64_t> whole(std::string_view text) {
        std::int64_t number = 0;
        if (text.empty() || text.size() > 9) return std::nullopt;
        for (const char c : text) {
            if (c < '0' || c > '9') return std::nullopt;
            number = number * 10 + (c - '0');
        }
        return number;
    }
    Field field() {
        if (type_ == "s") {
            const auto index = whole(value_);
            if (!index || static_cast<std::size_t>(*index) >= shared_.size())
                return {"names a text that the file lacks", Field::Kind::broken};
            return {std::string(shared_.at(static_cast<std::size_t>(*index))), Field::Kind::text};
        }
        if (type_ == "e") return {"holds an error of the spreadsheet", Field::Kind::broken};
        if (type_ == "b" || type_ == "str" || type_ == "inlineStr" || type_ == "d")
            return {std::move(value_), Field::Kind::text};
        return {std::move(value_), Field::Kind::binary_number};
    }

    const SharedStrings& shared_;
    RowSink& rows_;
    std::int64_t number_ = 0;
    std::size_t at_ = 0, next_ = 0, row_bytes_ = 0;
    std::string type_, value_;
    bool in_value_ = false, in_phonetic_ = false;
    std::vector<Field> fields_;
};

Result<std::string> sheet_part(
    const Workbook& book, const Relations& relations, const std::string& wanted
) {
    std::vector<std::string> names;
    for (const auto& [name, relation] : book.sheets) {
        names.push_back(name);
        if (!wanted.empty() && fold(name) != fold(wanted)) continue;
        const auto target = relations.targets.find(relation);
        if (target == relations.targets.end()) return fail(broken("xl/workbook.xml"));
        return target->second;
    }
    return fail(
        ErrorKind::misconfigured,
        fmt::format("has no sheet {}; it has: {}", wanted, fmt::join(names, ", "))
    );
}

}  // namespace

Result<void> read_xlsx(
    const std::filesystem::path& file, const FileDeclaration& form, RowSink& rows
) {
    int code = 0;
    const std::unique_ptr<zip_t, Discard> archive(zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (!archive)
        return fail(
            ErrorKind::malformed,
            "is no whole XLSX file: cut short, protected by a password, or an old XLS: have it "
            "saved as XLSX"
        );
    Workbook book;
    if (auto done = read_part(*archive, "xl/workbook.xml", book); !done) return done;
    Relations relations;
    if (auto done = read_part(*archive, "xl/_rels/workbook.xml.rels", relations); !done)
        return done;
    const auto part = sheet_part(book, relations, form.sheet);
    if (!part) return fail(part.error());
    SharedStrings shared;
    if (zip_name_locate(archive.get(), "xl/sharedStrings.xml", 0) >= 0)
        if (auto done = read_part(*archive, "xl/sharedStrings.xml", shared); !done) return done;
    if (book.from_1904) rows.count_days_from_1904();
    Sheet sheet(shared, rows);
    if (auto done = read_part(*archive, *part, sheet); !done) return done;
    return rows.finish();
}

}  // namespace mis::source::files
