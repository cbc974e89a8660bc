#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "source/http/answer.hpp"

namespace mis::source::http {
namespace {

// The body as the parser reads it, one byte after the other; counts what one value takes.
class Feed {
  public:
    explicit Feed(const NextBytes& next) : next_(next) {}

    bool at_end() {
        if (!piece_.empty()) return false;
        if (ended_) return true;
        auto piece = next_();
        if (!piece) error_ = piece.error();
        if (!piece || piece->empty()) {
            ended_ = true;
            return true;
        }
        piece_ = *piece;
        return false;
    }
    char here() { return at_end() ? '\0' : piece_.front(); }
    void step() {
        if (at_end()) return;
        piece_.remove_prefix(1);
        if (++since_value_ > kTextBytesMax) {
            too_long_ = true;
            ended_ = true;
            piece_ = {};
        }
    }
    void value_was_read() { since_value_ = 0; }
    const std::optional<Error>& error() const { return error_; }
    bool too_long() const { return too_long_; }

  private:
    const NextBytes& next_;
    std::string_view piece_;
    std::size_t since_value_ = 0;
    bool ended_ = false, too_long_ = false;
    std::optional<Error> error_;
};

struct FeedIterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;
    Feed* feed = nullptr;  // nullptr: the end

    char operator*() const { return feed->here(); }
    FeedIterator& operator++() {
        feed->step();
        return *this;
    }
    FeedIterator operator++(int) {
        FeedIterator before = *this;
        feed->step();
        return before;
    }
    bool ended() const { return feed == nullptr || feed->at_end(); }
    bool operator==(const FeedIterator& other) const { return ended() == other.ended(); }
};

class JsonAnswerReader final : public nlohmann::json_sax<nlohmann::json> {
  public:
    JsonAnswerReader(const AnswerPlan& plan, const TakeRow& row, Feed& feed)
        : plan_(plan), row_(row), feed_(feed) {}

    bool null() override { return scalar(Node::Kind::null, {}); }
    bool boolean(bool value) override {
        return scalar(Node::Kind::boolean, value ? "true" : "false");
    }
    bool number_integer(number_integer_t value) override {
        return scalar(Node::Kind::number, std::to_string(value));
    }
    bool number_unsigned(number_unsigned_t value) override {
        return scalar(Node::Kind::number, std::to_string(value));
    }
    bool number_float(number_float_t, const string_t& token) override {
        return scalar(Node::Kind::number, token);
    }
    bool string(string_t& value) override { return scalar(Node::Kind::text, std::move(value)); }
    bool binary(binary_t&) override { return refuse("is no JSON"); }
    bool key(string_t& name) override {
        feed_.value_was_read();
        if (name.size() > kNameBytesMax)
            return refuse(fmt::format("has a name longer than {} bytes", kNameBytesMax));
        if (!open_.empty()) {
            Node& object = *open_.back();
            if (object.members.size() >= kMembersMax)
                return refuse(fmt::format("has an object of more than {} members", kMembersMax));
            if (object.member(name) != nullptr) return refuse("names a member of an object twice");
            bytes_ += name.size();
        }
        key_ = std::move(name);
        return true;
    }
    bool start_object(std::size_t) override { return open(Node::Kind::object); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Node::Kind::list); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& fault)
        override {
        if (error_) return false;
        if (feed_.error())
            error_ = *feed_.error();
        else if (feed_.too_long())
            refuse(fmt::format("holds a value longer than {} bytes", kTextBytesMax));
        else if (fault.id == 406)
            refuse("holds a number too large to be one");
        else
            refuse(
                feed_.at_end() ? "ends in the middle: it was cut off" : "is no JSON: it breaks off"
            );
        return false;
    }

    std::optional<Error> error_;
    Answer answer_;

  private:
    // What is open outside of elements.
    struct Around {
        std::string name;  // by which it is a member of the one around; empty: the root, an item
        bool is_list;
    };

    bool refuse(std::string what) {
        if (!error_) error_ = Error{ErrorKind::malformed, "the answer " + std::move(what)};
        return false;
    }
    bool count(std::size_t bytes) {
        feed_.value_was_read();
        bytes_ += bytes + kPartBytes;
        if (bytes_ > kElementBytesMax)
            return refuse(fmt::format("has an element of more than {} bytes", kElementBytesMax));
        return true;
    }
    bool is_deep() const {
        return around_.size() + open_.size() >= static_cast<std::size_t>(kDepthMax);
    }

    // The value that begins belongs to the element under construction.
    Node& add_to_open(Node::Kind kind, std::string text) {
        Node& parent = *open_.back();
        Node made;
        made.kind = kind;
        made.text = std::move(text);
        parent.members.push_back(
            {parent.kind == Node::Kind::object ? std::move(key_) : std::string(), std::move(made)}
        );
        return parent.members.back().value;
    }

    bool scalar(Node::Kind kind, std::string text) {
        if (!count(text.size())) return false;
        if (!open_.empty()) {
            add_to_open(kind, std::move(text));
            return true;
        }
        if (rows_at_ == around_.size() && rows_at_ > 0) {  // an item of the list of rows
            element_ = {};
            element_.kind = kind;
            element_.text = std::move(text);
            return take();
        }
        bytes_ = 0;
        note_item();
        note(kind, std::move(text));
        return true;
    }

    bool open(Node::Kind kind) {
        if (is_deep()) return refuse(fmt::format("is nested deeper than {}", kDepthMax));
        if (!count(0)) return false;
        if (!open_.empty()) {
            open_.push_back(&add_to_open(kind, {}));
            return true;
        }
        const bool in_rows = rows_at_ > 0 && rows_at_ == around_.size();
        if (!in_rows) {
            note_item();
            note(kind, {});
        }
        if (in_rows || (kind == Node::Kind::object && plan_.single && is_rows_place())) {
            single_ = !in_rows;
            element_ = {};
            element_.kind = kind;
            open_.push_back(&element_);
            return true;
        }
        const bool rows = kind == Node::Kind::list && is_rows_place();
        enter(kind == Node::Kind::list);
        if (rows) {
            if (answer_.has_rows) return refuse("has two lists where the rows should be");
            answer_.has_rows = true;
            rows_at_ = around_.size();
        }
        return true;
    }

    bool close() {
        feed_.value_was_read();
        if (!open_.empty()) {
            open_.pop_back();
            if (!open_.empty()) return true;
            if (single_) {
                single_ = false;
                if (answer_.has_rows) return refuse("has two lists where the rows should be");
                answer_.has_rows = true;
            }
            return take();
        }
        if (rows_at_ == around_.size()) rows_at_ = 0;
        if (around_.back().is_list) --lists_;
        around_.pop_back();
        key_.clear();
        return true;
    }

    void enter(bool is_list) {
        const bool named = !around_.empty() && !around_.back().is_list;
        around_.push_back({named ? std::move(key_) : std::string(), is_list});
        if (is_list) ++lists_;
        key_.clear();
        bytes_ = 0;
    }

    bool is_rows_place() const { return lists_ == 0 && path_here() == plan_.rows.list; }
    std::vector<std::string> path_here() const {
        std::vector<std::string> path;
        for (std::size_t i = 1; i < around_.size(); ++i) path.push_back(around_[i].name);
        if (!around_.empty()) path.push_back(key_);
        return path;
    }
    void note(Node::Kind kind, std::string text) {
        if (lists_ > 0 || plan_.watched.empty()) return;
        const std::string path = fmt::format("{}", fmt::join(path_here(), "."));
        for (const auto& watched : plan_.watched)
            if (watched == path) {
                Node& node = answer_.envelope[path];
                node.kind = kind;
                node.text = std::move(text);
                return;
            }
    }
    // An item of a list outside of the rows: that list is not empty.
    void note_item() {
        if (plan_.watched.empty() || lists_ != 1 || around_.empty() || !around_.back().is_list)
            return;
        std::string path;
        for (std::size_t i = 1; i < around_.size(); ++i)
            path += (i == 1 ? "" : ".") + around_[i].name;
        if (const auto found = answer_.envelope.find(path); found != answer_.envelope.end())
            found->second.text = "1";
    }
    bool take() {
        bytes_ = 0;
        auto taken = take_element(plan_, element_, row_);
        element_ = {};
        if (taken) return true;
        error_ = taken.error();
        return false;
    }

    const AnswerPlan& plan_;
    const TakeRow& row_;
    Feed& feed_;
    std::vector<Around> around_;
    std::size_t lists_ = 0;    // of those, how many are lists
    std::size_t rows_at_ = 0;  // how many are open inside the list of rows; 0: not in it
    std::string key_;
    Node element_;
    std::vector<Node*> open_;  // inside the element, from it inwards
    bool single_ = false;
    std::size_t bytes_ = 0;
};

}  // namespace

Result<Answer> read_json_answer(
    const AnswerPlan& plan, const NextBytes& bytes, const TakeRow& row
) {
    Feed feed(bytes);
    JsonAnswerReader reader(plan, row, feed);
    nlohmann::json::sax_parse(FeedIterator{&feed}, FeedIterator{}, &reader);
    if (reader.error_) return fail(*reader.error_);
    return std::move(reader.answer_);
}

}  // namespace mis::source::http
