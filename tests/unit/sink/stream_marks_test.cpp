#include "sink/stream_marks.hpp"

#include <doctest/doctest.h>

using namespace mis::sink;

TEST_CASE("stream marks: kept as text, forgotten with their stream, thinned towards the past") {
    StreamMarks marks;
    marks.name_stream("EVENTS");
    for (std::uint64_t number = 1; number <= 1'000; ++number)
        marks.add({number * 10, "id" + std::to_string(number), static_cast<std::int64_t>(number)});
    CHECK(marks.all().size() <= 64);
    CHECK(marks.all().front().sequence == 10);
    CHECK(marks.all().back().sequence == 10'000);
    CHECK(marks.all()[marks.all().size() - 2].sequence == 9'990);
    for (std::size_t index = 1; index < marks.all().size(); ++index)
        CHECK(marks.all()[index].sequence > marks.all()[index - 1].sequence);
    marks.add({10'000, "late", 5});
    CHECK(marks.all().back().id == "id1000");

    const StreamMarks read = StreamMarks::from_text(marks.to_text());
    CHECK(read.stream() == "EVENTS");
    REQUIRE(read.all().size() == marks.all().size());
    CHECK(read.all().back().id == "id1000");
    CHECK(read.all().back().low == 1'000);
    for (const char* text : {"", "[]", "{}", "{\"marks\":[{\"sequence\":-1,\"low\":1}]}", "broken"})
        CHECK(StreamMarks::from_text(text).all().empty());

    marks.forget_behind(2);
    CHECK(marks.all().size() == 2);
    marks.name_stream("EVENTS");
    CHECK(marks.all().size() == 2);
    marks.name_stream("OTHER");
    CHECK(marks.all().empty());
}
