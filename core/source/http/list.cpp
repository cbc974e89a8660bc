#include "source/http/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace mis::source::http {
namespace {

constexpr int kLostMax = 4;  // readings of a list from further up, at one place

// 64-bit marks of what was met: eight bytes each, open addressing.
class Marks {
  public:
    bool add(std::uint64_t mark) {  // false: was there
        if (mark == 0) mark = 1;
        if (2 * (count_ + 1) > slots_.size()) grow();
        std::uint64_t& slot = slots_[place(mark)];
        if (slot == mark) return false;
        slot = mark;
        ++count_;
        return true;
    }
    bool has(std::uint64_t mark) const {
        if (mark == 0) mark = 1;
        return !slots_.empty() && slots_[place(mark)] == mark;
    }
    std::size_t size() const { return count_; }
    void clear() {
        slots_.clear();
        count_ = 0;
    }

  private:
    std::size_t place(std::uint64_t mark) const {
        std::size_t at = mark & (slots_.size() - 1);
        while (slots_[at] != 0 && slots_[at] != mark) at = (at + 1) & (slots_.size() - 1);
        return at;
    }
    void grow() {
        std::vector<std::uint64_t> old(slots_.empty() ? 1024 : slots_.size() * 2, 0);
        old.swap(slots_);
        for (const std::uint64_t mark : old)
            if (mark != 0) slots_[place(mark)] = mark;
    }
    std::vector<std::uint64_t> slots_;
    std::size_t count_ = 0;
};

std::uint64_t mark_of(std::string_view text, std::uint64_t seed = 0) {
    return std::hash<std::string_view>{}(text)*0x9e3779b97f4a7c15u + seed * 0xff51afd7ed558ccdu;
}

std::uint64_t content_mark(const Cells& cells) {
    std::uint64_t mark = cells.size();
    for (const auto& cell : cells) mark = mark_of(cell ? *cell : "\xff", mark + 1);
    return mark;
}

std::optional<std::int64_t> number_in(const Envelope& envelope, const std::string& field) {
    const auto found = envelope.find(field);
    if (found == envelope.end()) return std::nullopt;
    const std::string& text = found->second.text;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

class ListReader {
  public:
    ListReader(Caller& caller, const ListOf& list, const Values& values, const TakeCells& take)
        : caller_(caller), list_(list), request_(*list.request), values_(values), take_(take) {
        question_.text = &request_.text;
        question_.failures = &request_.failures;
        question_.plan.format = request_.format;
        question_.plan.rows = request_.rows;
        question_.validators = list_.validators;
        for (const std::string* field : {&request_.paging.total, &request_.paging.next})
            if (!field->empty()) question_.plan.watched.push_back(*field);
        values_["limit"] = std::to_string(request_.paging.size);
    }

    Result<void> read() {
        switch (request_.paging.by) {
            case Paging::By::none:
                return ask();
            case Paging::By::page:
            case Paging::By::offset:
                return by_position();
            case Paging::By::cursor:
            case Paging::By::link:
                return by_next();
            case Paging::By::keyset:
                return by_key();
        }
        return {};
    }

  private:
    struct Page {
        std::int64_t rows = 0;
        std::int64_t fresh = 0;  // keys that this reading had not met
        bool first_is_known = false;
        std::optional<std::string> last_key;
        Envelope envelope;
    };

    Result<void> ask() {
        Page page;
        return ask(page);
    }
    Result<void> ask(Page& page) {
        if (++requests_ > kRequestsMax) return fail(ErrorKind::malformed, "the list has no end");
        const bool positions = is_by_position();
        Marks here;  // keys of this page
        auto answer = caller_.ask(
            question_, values_,
            [&](const std::vector<const Node*>& row) -> Result<void> {
                if (list_.see != nullptr && !(*list_.see)(row))
                    return fail(ErrorKind::cancelled, "enough was seen");
                Cells cells = cells_of(request_, row, list_.each);
                const auto& key = cells[list_.key];
                page.last_key = key;
                if (positions) {
                    const std::uint64_t content = content_mark(cells);
                    const std::uint64_t mark = key ? mark_of(*key) : content;
                    if (page.rows == 0) page.first_is_known = met_.has(mark);
                    if (met_.add(mark))
                        ++page.fresh;
                    else if (here.has(mark))
                        ++doubles_;
                    here.add(mark);
                    ++page.rows;
                    if (known_keys_.add(mark)) ++fresh_in_reading_;
                    if (!contents_.add(content)) return {};
                } else {
                    ++page.rows;
                }
                return take_(std::move(cells));
            }
        );
        if (!answer) return fail(answer.error());
        page.envelope = std::move(answer->envelope);
        return {};
    }
    bool is_by_position() const {
        return request_.paging.by == Paging::By::page || request_.paging.by == Paging::By::offset;
    }
    bool can_overlap() const {
        return request_.paging.by == Paging::By::offset ||
               (request_.text.names("limit") && request_.paging.size > 1 && !ignores_limit_);
    }
    static Result<void> moves() {
        return fail(
            ErrorKind::unavailable, "the list changes faster than it is read, page after page"
        );
    }
    static Result<void> repeats() {
        return fail(
            ErrorKind::malformed,
            "the service answers the same page again: check `paging:` of the connector"
        );
    }

    // Until a reading brings nothing that those before had not.
    Result<void> by_position() {
        for (int readings = 0; readings < kReadingsMax; ++readings) {
            met_.clear();
            fresh_in_reading_ = doubles_ = 0;
            pages_ = 0;
            if (auto done = one_reading(); !done) return done;
            const auto had = static_cast<std::int64_t>(known_keys_.size()) + doubles_;
            const bool all_there = total_ && had >= *total_;
            if (pages_ <= 1 || (can_overlap() && all_there)) return {};
            if (fresh_in_reading_ == 0) return all_there ? Result<void>() : short_of_total(had);
        }
        return moves();
    }

    Result<void> one_reading() {
        bool overlap = can_overlap();
        size_ = request_.paging.size;
        std::int64_t reached = 0;  // so many rows of the list as it is now are had
        std::int64_t back = 0;     // to begin above that, for it lost rows
        bool went_back = false;
        std::int64_t lost_at = -1;  // where rows were lost last, and how often in a row
        int lost = 0;
        for (std::int64_t number = 0;; ++number) {
            const std::int64_t begin = place(reached, back, number, overlap);
            Page page;
            if (auto asked = ask(page); !asked) return asked;
            ++pages_;
            if (const auto total = number_in(page.envelope, request_.paging.total)) total_ = total;
            if (begin == 0 && page.rows == 0) return short_of_total(0);
            const bool loses = overlap && begin > 0 && !page.first_is_known;
            if (loses) lost = std::exchange(lost_at, reached) == reached ? lost + 1 : 1;
            if (overlap && request_.paging.by == Paging::By::page &&
                (page.rows > limit_ || lost > kLostMax || (back == 0 && begin + limit_ <= reached)
                )) {
                // its pages have a size of their own, so none can be made to overlap
                ignores_limit_ = true;
                overlap = went_back = false;
                lost = 0;
                met_.clear();
                size_ = request_.paging.size;
                reached = back = 0;
                number = -1;
                continue;
            }
            if (lost > kLostMax) return moves();
            if (loses) {
                back = 2 * back + std::max<std::int64_t>(size_, 1);
                went_back = true;
                continue;
            }
            const std::int64_t end = begin + page.rows;
            if (total_ && end >= *total_) return {};
            if (page.fresh == 0 && back == 0) {
                if (page.rows <= (overlap ? reached - begin : 0)) return short_of_total(end);
                if (!went_back) return repeats();  // else they were met further down
            }
            // The service may give fewer than asked for, and then counts its pages by that.
            if (overlap && begin == 0 && page.rows < limit_)
                size_ = std::max<std::int64_t>(page.rows, 2);
            reached = end;
            back = 0;
        }
    }
    Result<void> short_of_total(std::int64_t reached) const {
        if (!total_ || reached >= *total_) return {};
        return fail(
            ErrorKind::malformed,
            fmt::format(
                "the list ends after {} rows and says that there are {}: check `paging:` of the "
                "connector",
                reached, *total_
            )
        );
    }
    // Of pages of which one begins at that row or little above it: so that most of it is new.
    std::int64_t size_that_fits(std::int64_t row) const {
        std::int64_t best = size_;
        for (std::int64_t size = size_; size > 1 && 2 * size >= size_; --size)
            if (size - row % size > best - row % best) best = size;
        return best;
    }
    // Names the next page in values_; where it begins.
    std::int64_t place(std::int64_t reached, std::int64_t back, std::int64_t number, bool overlap) {
        const std::int64_t wanted = std::max<std::int64_t>(0, reached - 1 - back);
        std::int64_t begin = overlap ? wanted : reached;
        limit_ = size_;
        if (request_.paging.by == Paging::By::page && overlap) {
            limit_ = size_that_fits(wanted);
            number = wanted / limit_;
            begin = number * limit_;
        }
        values_["limit"] = std::to_string(limit_);
        values_["offset"] = std::to_string(begin);
        values_["page"] = std::to_string(number + request_.paging.first);
        return begin;
    }

    Result<void> by_next() {
        std::string next;
        for (;;) {
            values_["cursor"] = next;
            Page page;
            if (auto asked = ask(page); !asked) return asked;
            const auto found = page.envelope.find(request_.paging.next);
            std::string following =
                found == page.envelope.end() || found->second.kind == Node::Kind::boolean
                    ? std::string()
                    : found->second.text;
            if (following.empty()) return {};
            if (following == next) return repeats();
            next = std::move(following);
            if (!leads_.add(mark_of(next))) return repeats();
            if (request_.paging.by == Paging::By::link) question_.link = next;
        }
    }

    Result<void> by_key() {
        values_["after"] = std::to_string(0);
        for (std::optional<std::string> last;;) {
            Page page;
            if (auto asked = ask(page); !asked) return asked;
            if (page.rows == 0) return {};
            if (!page.last_key)
                return fail(
                    ErrorKind::malformed, "the last row of a page has no key to go on from"
                );
            if (page.last_key == last) return repeats();
            last = page.last_key;
            values_["after"] = *last;
            if (!leads_.add(mark_of(*last))) return repeats();
        }
    }

    Caller& caller_;
    const ListOf& list_;
    const Request& request_;
    Values values_;
    const TakeCells& take_;
    Question question_;
    int requests_ = 0;
    Marks met_;                    // keys of this reading
    Marks known_keys_, contents_;  // of all readings
    Marks leads_;                  // cursors, links and keys followed
    std::int64_t fresh_in_reading_ = 0, pages_ = 0;
    std::int64_t doubles_ = 0;           // rows of a key that their own page had already
    std::int64_t size_ = 0, limit_ = 0;  // of pages, and of the one asked for
    bool ignores_limit_ = false;         // the service gives pages of a size of its own
    std::optional<std::int64_t> total_;
};

}  // namespace

Result<void> read_list(
    Caller& caller, const ListOf& list, const Values& values, const TakeCells& take
) {
    return ListReader(caller, list, values, take).read();
}

}  // namespace mis::source::http
