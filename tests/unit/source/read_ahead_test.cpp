#include "source/read_ahead.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

namespace mis::source {
namespace {

// Hands over `batches` batches of one numbered row, then what `ending` says.
class NumberedRows : public RowReader {
  public:
    int batches = 0;
    std::optional<Error> ending;
    int handed_over = 0;
    std::thread::id thread;

    const std::vector<std::string>& columns(const std::string&) const override { return columns_; }
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
    Result<std::string> source_now() override { return std::string("2026-03-02 10:00:00"); }
    Result<std::string> fingerprint() override { return std::string("base"); }
    void cancel() override {}

  private:
    std::vector<std::string> columns_{"ID"};
};

std::vector<std::string> rows_of(NumberedRows& reader, Result<ReadReport>& report) {
    std::vector<std::string> rows;
    report = read_ahead(reader, "s", {}, [&](RowBatch&& batch) -> Result<void> {
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
    const auto report = read_ahead(reader, "s", {}, [&](RowBatch&&) -> Result<void> {
        if (++taken == 3) return fail(ErrorKind::rejected, "no room");
        return {};
    });
    REQUIRE_FALSE(report);
    CHECK(report.error().text == "no room");
    CHECK(taken == 3);
    CHECK(reader.handed_over <= 5);  // one batch in between, one in the source's hands
}

TEST_CASE("an exception of the taker ends the reading and goes on its way") {
    NumberedRows reader;
    reader.batches = 1000;
    CHECK_THROWS_AS(
        static_cast<void>(read_ahead(
            reader, "s", {}, [&](RowBatch&&) -> Result<void> { throw std::runtime_error("store"); }
        )),
        std::runtime_error
    );
    CHECK(reader.handed_over < 5);
}

}  // namespace mis::source
