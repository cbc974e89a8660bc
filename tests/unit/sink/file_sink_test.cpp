#include "sink/file_sink.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"
#include "unit/sink/memory_queue.hpp"

using namespace mis;
using namespace mis::test;

namespace {

std::vector<std::string> ids_in(const std::filesystem::path& folder) {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files.insert(entry.path());
    std::vector<std::string> ids;
    for (const auto& file : files) {
        const std::string content = platform::read_file(file);
        CHECK((content.empty() || content.back() == '\n'));
        for (const auto line : split(content, '\n'))
            if (!line.empty()) ids.push_back(parse_json(line).value().at("id"));
    }
    return ids;
}

void add(MemoryQueue& queue, int from, int to) {
    for (int i = from; i < to; ++i)
        queue.add("e" + std::to_string(i), "patient/" + std::to_string(i % 5));
}

void drain(sink::FileSink& sink, const MemoryQueue& queue) {
    while (queue.pending() > 0) sink.turn();
}

}  // namespace

TEST_CASE("every event is one line, files are private, rotated by size and kept") {
    log::set_level(log::Level::off);
    const TemporaryFolder folder;
    FakeClock clock;
    MemoryQueue queue(clock);
    add(queue, 0, 1000);
    sink::FileOptions options;
    options.folder = folder.path / "events";
    options.file_bytes_max = 8000;
    options.batch_events_max = 50;
    sink::FileSink sink("file", options, queue, clock);
    drain(sink, queue);
    const auto ids = ids_in(options.folder);
    REQUIRE(ids.size() == 1000);
    CHECK(std::set(ids.begin(), ids.end()).size() == 1000);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options.folder)) {
        ++files;
        CHECK(entry.file_size() <= 8000);
        CHECK(
            (entry.status().permissions() & std::filesystem::perms(0777)) ==
            std::filesystem::perms(0600)
        );
    }
    CHECK(files > 4);
    CHECK(sink.status().events_delivered == 1000);
}

TEST_CASE(
    "after a crash the torn line is cut off, and what was written but not recorded is not written "
    "twice"
) {
    log::set_level(log::Level::off);
    const TemporaryFolder folder;
    FakeClock clock;
    sink::FileOptions options;
    options.folder = folder.path;
    options.file_bytes_max = 2000;
    {
        MemoryQueue queue(clock);
        add(queue, 0, 30);
        sink::FileSink sink("file", options, queue, clock);
        drain(sink, queue);
    }
    const std::string newest = [&] {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path))
            names.insert(entry.path());
        return *names.rbegin();
    }();
    std::ofstream(newest, std::ios::app) << R"({"id":"e30","partitionk)";
    MemoryQueue queue(clock);  // the store knows only of the first ten
    add(queue, 10, 60);
    sink::FileSink sink("file", options, queue, clock);
    drain(sink, queue);
    const auto ids = ids_in(folder.path);
    CHECK(ids.size() == 60);
    CHECK(std::set(ids.begin(), ids.end()).size() == 60);
}

TEST_CASE(
    "a disk that takes nothing leaves the file whole and the events in the queue, and is told as "
    "failing"
) {
    log::set_level(log::Level::off);
    FakeClock clock;
    MemoryQueue queue(clock);
    const TemporaryFolder folder;
    std::filesystem::create_symlink("/dev/full", folder.path / "events-000001.jsonl");
    sink::FileOptions options;
    options.folder = folder.path;
    add(queue, 0, 10);
    sink::FileSink sink("file", options, queue, clock);
    const auto due = sink.turn();
    REQUIRE(due);
    CHECK(*due > clock.steady());
    CHECK(sink.status().health == sink::Health::failing);
    CHECK(queue.pending() == 10);
    CHECK_FALSE(queue.anything_claimed());
}

TEST_CASE("two sinks never share a folder, whatever name leads to it") {
    log::set_level(log::Level::off);
    const TemporaryFolder folder;
    FakeClock clock;
    MemoryQueue queue(clock);
    sink::FileOptions options;
    options.folder = folder.path / "events";
    {
        const sink::FileSink first("a", options, queue, clock);
        std::filesystem::create_directory_symlink(options.folder, folder.path / "link");
        for (const char* name : {"events", "events/", "link", "link/../events"}) {
            options.folder = folder.path / name;
            CHECK_THROWS_WITH_AS(
                sink::FileSink("b", options, queue, clock), doctest::Contains("another sink"),
                std::runtime_error
            );
        }
    }
    const sink::FileSink after("b", options, queue, clock);
}

TEST_CASE("a lowered files_max deletes all older files, at start and afterwards, and nothing else"
) {
    log::set_level(log::Level::off);
    const TemporaryFolder folder;
    FakeClock clock;
    MemoryQueue queue(clock);
    sink::FileOptions options;
    options.folder = folder.path / "events";
    options.file_bytes_max = 2000;
    options.batch_events_max = 20;
    add(queue, 0, 400);
    {
        sink::FileSink sink("file", options, queue, clock);
        drain(sink, queue);
    }
    const auto files = [&] {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(options.folder))
            names.insert(entry.path().filename().string());
        return names;
    };
    REQUIRE(files().size() > 5);
    platform::write_file_atomically(options.folder / "events-000001.jsonl.old", "{}\n");
    options.files_max = 2;
    sink::FileSink sink("file", options, queue, clock);
    CHECK(files().size() == 3);
    const std::string newest = *std::prev(files().end());
    add(queue, 400, 500);
    drain(sink, queue);
    CHECK(files().size() == 3);
    CHECK(files().contains("events-000001.jsonl.old"));
    CHECK(*std::prev(files().end()) > newest);
}
