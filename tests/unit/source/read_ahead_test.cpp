#include "source/read_ahead.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

namespace mis::source {
namespace {

// A source of one column; what it reads is said below.
class Numbers : public RowReader {
  public:
    const std::vector<std::string>& columns(const std::string&) const override { return columns_; }
    Result<std::string> source_now() override { return std::string("2026-03-02 10:00:00"); }
    Result<std::string> fingerprint() override { return std::string("base"); }
    void cancel() override {}

  private:
    std::vector<std::string> columns_{"ID"};
};

// Hands over `batches` batches of one numbered row, then what `ending` says.
class NumberedRows : public Numbers {
  public:
    int batches = 0;
    std::optional<Error> ending;
    std::size_t handed_over = 0;
    std::thread::id thread;

    Result<ReadReport> read(
        const std::string&, const Slice&, const std::function<Result<void>(RowBatch&&)>& take
    ) override {
        thread = std::this_thread::get_id();
        ReadReport report;
        for (int i = 0; i < batches; ++i) {
            RowBatch batch(1);
            batch.add(std::to_string(i));
            ++report.rows;
            ++handed_over;
            if (auto taken = take(std::move(batch)); !taken) return fail(taken.error());
        }
        if (ending) return fail(*ending);
        return report;
    }
};

std::vector<std::string> rows_of(NumberedRows& reader, Result<ReadReport>& report) {
    std::vector<std::string> rows;
    report = ReadAhead(reader, "s", 0).read({}, [&](RowBatch&& batch) -> Result<void> {
        CHECK(std::this_thread::get_id() != reader.thread);
        rows.emplace_back(batch.cell(0, 0).value());
        return {};
    });
    return rows;
}

}  // namespace

TEST_CASE("reading ahead hands over every batch in order, on the caller's thread") {
    NumberedRows reader;
    for (const int batches : {0, 1, 2, 500}) {
        reader.batches = batches;
        Result<ReadReport> report;
        const auto rows = rows_of(reader, report);
        REQUIRE(report);
        CHECK(report->rows == batches);
        REQUIRE(rows.size() == static_cast<std::size_t>(batches));
        for (int i = 0; i < batches; ++i)
            CHECK(rows[static_cast<std::size_t>(i)] == std::to_string(i));
    }
}

TEST_CASE("a source that fails in the middle: what it gave is handed over, then its error") {
    NumberedRows reader;
    reader.batches = 3;
    reader.ending = Error{ErrorKind::unavailable, "gone"};
    Result<ReadReport> report;
    CHECK(rows_of(reader, report).size() == 3);
    REQUIRE_FALSE(report);
    CHECK(report.error().text == "gone");
}

TEST_CASE("after a refusal nothing more is handed over and the source stops") {
    NumberedRows reader;
    reader.batches = 1000;
    int taken = 0;
    const auto report = ReadAhead(reader, "s", 0).read({}, [&](RowBatch&&) -> Result<void> {
        if (++taken == 3) return fail(ErrorKind::rejected, "no room");
        return {};
    });
    REQUIRE_FALSE(report);
    CHECK(report.error().text == "no room");
    CHECK(taken == 3);
    CHECK(reader.handed_over <= 4 + kBatchesAheadMax);  // in between, and in the source's hands
}

TEST_CASE("an exception of the taker ends the reading and goes on its way") {
    NumberedRows reader;
    reader.batches = 1000;
    CHECK_THROWS_AS(
        static_cast<void>(
            ReadAhead(reader, "s", 0)
                .read({}, [](RowBatch&&) -> Result<void> { throw std::runtime_error("store"); })
        ),
        std::runtime_error
    );
    CHECK(reader.handed_over < 3 + kBatchesAheadMax);
}

namespace {

// Numbers from 1 to `highest`, in pages.
class NumberedPages : public Numbers {
  public:
    int highest = 0, fails_behind = -1;
    std::vector<std::string> asked;  // after_id of every page

    Result<ReadReport> read(
        const std::string&, const Slice& slice, const std::function<Result<void>(RowBatch&&)>& take
    ) override {
        asked.push_back(slice.after_id);
        const int after = slice.after_id.empty() ? 0 : std::stoi(slice.after_id);
        if (after == fails_behind) return fail(ErrorKind::unavailable, "gone");
        ReadReport report;
        for (int key = after + 1; key <= highest && report.rows < slice.limit; ++key) {
            RowBatch batch(1);
            batch.add(std::to_string(key));
            ++report.rows;
            if (auto taken = take(std::move(batch)); !taken) return fail(taken.error());
        }
        return report;
    }
};

std::optional<Slice> next_page(const Slice& page, const SliceEnd& end) {
    if (end.rows < page.limit) return std::nullopt;
    Slice next = page;
    next.after_id = end.last_key;
    return next;
}

Slice page_after(const std::string& key) {
    Slice slice;
    slice.by = Slice::By::key_walk;
    slice.after_id = key;
    slice.limit = 3;
    return slice;
}

std::string keys_of(ReadAhead& ahead, const std::string& after) {
    std::string keys;
    const auto report = ahead.read(page_after(after), [&](RowBatch&& batch) -> Result<void> {
        keys += std::string(batch.cell(0, 0).value()) + " ";
        return {};
    });
    return report ? keys : keys + report.error().text;
}

}  // namespace

TEST_CASE("pages read ahead are those that are asked for, each asked of the source once") {
    NumberedPages reader;
    reader.highest = 8;
    {
        ReadAhead ahead(reader, "s", 0, next_page);
        CHECK(keys_of(ahead, "") == "1 2 3 ");
        CHECK(keys_of(ahead, "3") == "4 5 6 ");
        CHECK(keys_of(ahead, "6") == "7 8 ");
    }
    CHECK(reader.asked == std::vector<std::string>{"", "3", "6"});
}

TEST_CASE("a page that was not foreseen is read as it is asked for") {
    NumberedPages reader;
    reader.highest = 100;
    ReadAhead ahead(reader, "s", 0, next_page);
    CHECK(keys_of(ahead, "") == "1 2 3 ");
    CHECK(keys_of(ahead, "50") == "51 52 53 ");
    CHECK(keys_of(ahead, "53") == "54 55 56 ");
    CHECK(keys_of(ahead, "53") == "54 55 56 ");
}

TEST_CASE("a page read ahead that fails: the pages before it are whole, its error comes in turn") {
    NumberedPages reader;
    reader.highest = 9;
    reader.fails_behind = 6;
    ReadAhead ahead(reader, "s", 0, next_page);
    CHECK(keys_of(ahead, "") == "1 2 3 ");
    CHECK(keys_of(ahead, "3") == "4 5 6 ");
    CHECK(keys_of(ahead, "6") == "gone");
    reader.fails_behind = -1;
    CHECK(keys_of(ahead, "6") == "7 8 9 ");
}

TEST_CASE("reading ahead is bounded, and ends when nobody asks any more") {
    NumberedPages reader;
    reader.highest = 1'000'000;
    {
        ReadAhead ahead(reader, "s", 0, next_page);
        CHECK(keys_of(ahead, "") == "1 2 3 ");
        ahead.stop();
        CHECK(reader.asked.size() <= 3);  // the next, and the one that its few rows end
        CHECK(keys_of(ahead, "3") == "4 5 6 ");
    }
    CHECK(reader.asked.size() <= 6);
}

}  // namespace mis::source
