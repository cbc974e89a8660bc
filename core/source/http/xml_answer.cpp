#include <expat.h>
#include <fmt/format.h>

#include <memory>

#include "base/charset.hpp"
#include "base/text.hpp"
#include "source/http/answer.hpp"
#include "source/xml_bounds.hpp"

namespace mis::source::http {
namespace {

constexpr std::size_t kPieceBytes = XmlBounds::kFedBytesMax;

struct ParserFree {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserFree>;

std::string_view local_name(std::string_view name) {
    const auto colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class XmlAnswerReader {
  public:
    XmlAnswerReader(const AnswerPlan& plan, const TakeRow& row) : plan_(plan), row_(row) {
        parser_.reset(XML_ParserCreate(plan.encoding.empty() ? nullptr : plan.encoding.c_str()));
        if (!parser_) throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), &on_start, &on_end);
        XML_SetCharacterDataHandler(parser_.get(), &on_text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), &on_doctype);
        XML_SetUnknownEncodingHandler(parser_.get(), &on_encoding, nullptr);
    }

    Result<Answer> read(const NextBytes& next) {
        for (;;) {
            auto piece = next();
            if (!piece) return fail(piece.error());
            const bool last = piece->empty();
            do {  // a tag without end is kept whole by expat: small pieces let us see it grow
                const auto part = piece->substr(0, kPieceBytes);
                piece->remove_prefix(part.size());
                bounds_.fed(part.size());
                if (bounds_.is_in_long_tag()) refuse(XmlBounds::long_tag());
                const bool parsed =
                    !error_ &&
                    XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), last) ==
                        XML_STATUS_OK;
                if (error_) return fail(*error_);
                if (!parsed) return fail(ErrorKind::malformed, fault());
            } while (!piece->empty());
            if (last) return std::move(answer_);
        }
    }

  private:
    static XmlAnswerReader& self(void* data) { return *static_cast<XmlAnswerReader*>(data); }
    static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
        self(data).start(name, attributes);
    }
    static void on_end(void* data, const XML_Char*) { self(data).end(); }
    static void on_text(void* data, const XML_Char* text, int size) {
        self(data).text({text, static_cast<std::size_t>(size)});
    }
    static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        self(data).refuse("declares a document type, which no answer needs");
    }
    // Sets of one byte for each letter, as Russian systems name them.
    static int on_encoding(void*, const XML_Char* name, XML_Encoding* encoding) {
        auto converter = CharsetConverter::to_utf8(name);
        if (!converter) return XML_STATUS_ERROR;
        for (int byte = 0; byte < 256; ++byte) {
            const char letter = static_cast<char>(byte);
            const auto converted = converter->convert({&letter, 1});
            encoding->map[byte] = converted ? code_point(*converted) : -1;
        }
        return XML_STATUS_OK;
    }
    static int code_point(std::string_view utf8) {  // of one letter; -1: of several
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
        if (utf8.size() == 1) return at(0) < 0x80 ? at(0) : -1;
        if (utf8.size() == 2) return (at(0) & 0x1f) << 6 | (at(1) & 0x3f);
        if (utf8.size() == 3) return (at(0) & 0x0f) << 12 | (at(1) & 0x3f) << 6 | (at(2) & 0x3f);
        return -1;
    }

    std::string fault() const {
        switch (XML_GetErrorCode(parser_.get())) {
            case XML_ERROR_NO_ELEMENTS:
            case XML_ERROR_UNCLOSED_TOKEN:
            case XML_ERROR_PARTIAL_CHAR:
            case XML_ERROR_UNCLOSED_CDATA_SECTION:
                return "the answer ends in the middle: it was cut off";
            case XML_ERROR_UNKNOWN_ENCODING:
                return "the answer names a character set that nobody knows";
            default:
                return fmt::format(
                    "the answer is no XML: it breaks off ({})",
                    XML_ErrorString(XML_GetErrorCode(parser_.get()))
                );
        }
    }
    void refuse(std::string what) {
        if (!error_) error_ = Error{ErrorKind::malformed, "the answer " + std::move(what)};
        XML_StopParser(parser_.get(), XML_FALSE);
    }
    bool count(std::size_t bytes) {
        bounds_.told();
        bytes_ += bytes + kPartBytes;
        if (bytes_ <= kElementBytesMax) return true;
        refuse(fmt::format("has an element of more than {} bytes", kElementBytesMax));
        return false;
    }

    bool may_name(std::string_view name, const XML_Char** attributes) {
        bool may = bounds_.may_name(name);
        for (; may && *attributes != nullptr; attributes += 2)
            may = bounds_.may_name(attributes[0]);
        return may;
    }
    void start(std::string_view full_name, const XML_Char** attributes) {
        if (error_) return;
        if (!may_name(full_name, attributes)) return refuse(XmlBounds::too_many_names());
        const std::string_view name = local_name(full_name);
        if (names_.size() + open_.size() >= static_cast<std::size_t>(kDepthMax))
            return refuse(fmt::format("is nested deeper than {}", kDepthMax));
        bounds_.told();
        if (open_.empty()) {
            names_.emplace_back(name);
            outer_text_.clear();
            note({Node::Kind::object, {}, {}});
            const auto& rows = plan_.rows.list;
            if (names_.size() + 1 == rows.size() &&
                std::equal(names_.begin(), names_.end(), rows.begin()))
                answer_.has_rows = true;  // the element that holds them is there
            if (names_ != rows) return;
            if (rows.size() == 1) answer_.has_rows = true;
            names_.pop_back();
            bytes_ = 0;
            element_ = {};
            begin(element_, attributes);
            open_.push_back(&element_);
            return;
        }
        if (!count(name.size())) return;
        Node& parent = *open_.back();
        parent.kind = Node::Kind::object;
        if (parent.members.size() >= kMembersMax && plan_.rows.inner.empty())
            return refuse(fmt::format("has an element of more than {} parts", kMembersMax));
        parent.members.push_back({std::string(name), Node()});
        Node& made = parent.members.back().value;
        begin(made, attributes);
        open_.push_back(&made);
    }
    void begin(Node& node, const XML_Char** attributes) {
        node.kind = Node::Kind::text;
        for (; *attributes != nullptr; attributes += 2) {
            const std::string_view name = attributes[0], value = attributes[1];
            if (name.starts_with("xmlns")) continue;
            if (local_name(name) == "nil" && (value == "true" || value == "1")) {
                node.kind = Node::Kind::null;
                continue;
            }
            if (!count(name.size() + value.size())) return;
            if (node.kind == Node::Kind::text) node.kind = Node::Kind::object;
            node.members.push_back(
                {"@" + std::string(local_name(name)),
                 Node{Node::Kind::text, std::string(value), {}}}
            );
        }
    }
    void end() {
        if (error_) return;
        bounds_.told();
        if (!open_.empty()) {
            Node& node = *open_.back();
            if (is_blank(node.text)) node.text.clear();
            open_.pop_back();
            if (!open_.empty()) return;
            bytes_ = 0;
            if (auto taken = take_element(plan_, element_, row_); !taken) {
                error_ = taken.error();
                XML_StopParser(parser_.get(), XML_FALSE);
            }
            element_ = {};
            return;
        }
        if (!is_blank(outer_text_)) note({Node::Kind::text, outer_text_, {}});
        outer_text_.clear();
        names_.pop_back();
    }
    void text(std::string_view piece) {
        if (error_) return;
        if (!open_.empty()) {
            if (!count(piece.size())) return;
            if (open_.back()->kind != Node::Kind::null) open_.back()->text += piece;
            if (open_.back()->text.size() > kTextBytesMax)
                refuse(fmt::format("holds a value longer than {} bytes", kTextBytesMax));
            return;
        }
        bounds_.told();
        if (outer_text_.size() < kPieceBytes) outer_text_ += piece;
    }
    void note(Node node) {
        if (plan_.watched.empty()) return;
        const std::string path = fmt::format("{}", fmt::join(names_, "/"));
        for (const auto& watched : plan_.watched)
            if (watched == path) answer_.envelope[path] = std::move(node);
    }

    const AnswerPlan& plan_;
    const TakeRow& row_;
    Parser parser_;
    std::optional<Error> error_;
    Answer answer_;
    std::vector<std::string> names_;  // what is open outside of elements
    std::string outer_text_;          // of the innermost of them
    Node element_;
    std::vector<Node*> open_;  // inside the element, from it inwards
    std::size_t bytes_ = 0;
    XmlBounds bounds_;
};

}  // namespace

Result<Answer> read_xml_answer(const AnswerPlan& plan, const NextBytes& bytes, const TakeRow& row) {
    return XmlAnswerReader(plan, row).read(bytes);
}

}  // namespace mis::source::http
